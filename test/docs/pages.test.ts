// Every page of docs/, and the README, walked: what it says to type is typed, what it shows is held
// against what comes. What cannot run here is named, with the reason, and read by bash at least.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { startPostgres } from "../support/postgres.ts";
import { have, type RequirementName } from "../support/requirements.ts";
import { fits, type Page, parsePage, type Unrun } from "./page.ts";
import { pagePaths, repository } from "./pages.ts";
import { type Ended, walk } from "./walk.ts";

/** Why a block is not run here: a closed list, so that none is left out by a whim. */
const reasons: Readonly<Record<string, string>> = {
  systemd: "it wants a service manager: systemd.test.ts boots one where it can",
  container: "no container engine runs where tests do",
  "another machine": "it is typed on a second machine",
  root: "it changes the machine itself",
  kubernetes: "it wants a cluster",
  terminal: "it asks a person on a terminal",
  interrupts: "it ends the shell, or waits until it is broken off",
  client: "another service's own client, which conformance/ runs",
  cloud: "it wants an account at a cloud provider",
  hardware: "it wants a device",
  "a person": "it is done by hand, elsewhere",
  long: "it takes minutes",
  checkout: "it builds or tests this very checkout",
};

/** Many processes, on a machine that may be busy. */
const timeout = 180_000;

const pages = pagePaths().map((path): [string, Page] => [
  path,
  parsePage(readFileSync(join(repository, path), "utf8")),
]);

describe("what a page says to type works, and shows what the page shows", { timeout }, () => {
  for (const [path, page] of pages.filter(([, { steps }]) => steps.length > 0)) {
    const wantsPostgres = page.needs.includes("postgresql");
    test.skipIf(!wantedBy(page).every(have))(path, async () => {
      const ends = await walk(page.steps, wantsPostgres ? await database() : null);
      expect(ends.flatMap((ended) => differenceOf(path, ended))).toEqual([]);
      expect(ends.length).toBe(page.steps.length);
    });
  }
});

describe("what is not run", () => {
  const unrun = pages.flatMap(([path, page]) =>
    page.unrun.map((block): [string, Unrun] => [`${path}:${block.line}, ${block.reason}`, block]),
  );

  test.each(unrun)("%s", (_, { text, reason }) => {
    expect(Object.keys(reasons)).toContain(reason);
    const read = spawnSync("bash", ["-n"], { input: text, encoding: "utf8" });
    expect({ status: read.status, stderr: read.stderr }).toEqual({ status: 0, stderr: "" });
  });
});

/** What the page says and what came, where they differ. */
function differenceOf(path: string, { step, said, exitCode }: Ended): object[] {
  const { shown } = step;
  // A failure is what the page tells of only where the page shows what it says.
  const right = shown === null || shown === "" ? exitCode === 0 : exitCode !== null;
  if (right && (shown === null || fits(shown, said))) return [];
  return [{ at: `${path}:${step.line}`, typed: step.text, shown, said, exitCode }];
}

/** Programs beside `coffer` and the shell's own. */
const programs = ["curl", "jq", "kubectl", "openssl"] as const;

function wantedBy({ steps, needs }: Page): RequirementName[] {
  const typed = steps.map(({ text }) => text).join("\n");
  const named = programs.filter((name) => new RegExp(`\\b${name}\\b`).test(typed));
  return needs.includes("postgresql") ? ["postgresql", ...named] : named;
}

async function database(): Promise<string> {
  const instance = await startPostgres();
  onTestFinished(() => instance.stop());
  return instance.database();
}
