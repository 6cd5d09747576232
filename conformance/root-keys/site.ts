// A server whose root key is kept elsewhere, and the command line beside it, as an operator uses both.
import { deepStrictEqual, match, strictEqual } from "node:assert";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { type Coffer, request, startCoffer } from "../support/coffer.ts";
import { cleanEnvironment, type Ended, run } from "../support/processes.ts";
import { privateFile } from "./files.ts";

const launcher = join(import.meta.dirname, "..", "..", "bin", "coffer");
const secrets = "/v1/organizations/default/stores/default/secrets";

export interface Site {
  readonly coffer: Coffer;
  /** Of the server from its next start on, and of the command line from now on. */
  env: Record<string, string>;
  path(name: string): string;
  cli(...args: readonly string[]): Promise<Ended>;
}

export async function openSite(given: Readonly<Record<string, string>>): Promise<Site> {
  const env = { ...given };
  const coffer = await startCoffer({ env });
  return {
    coffer,
    env,
    path: (name) => join(coffer.data, name),
    cli: (...args) => {
      const own = { COFFER_URL: coffer.url, COFFER_TOKEN: coffer.bootstrap.token };
      return run(process.execPath, [launcher, ...args], { env: cleanEnvironment({ ...env, ...own }) });
    },
  };
}

export function reconfigure({ env }: Site, given: Readonly<Record<string, string>>): void {
  for (const name of Object.keys(env)) delete env[name];
  Object.assign(env, given);
}

export async function keepSecret({ coffer }: Site): Promise<void> {
  await coffer.ask("POST", secrets, { name: "S", value: "kept" });
}

export async function expectKept({ coffer }: Site): Promise<void> {
  strictEqual((await coffer.ask("GET", `${secrets}/S/value`)).value, "kept");
}

export async function restart({ coffer }: Site): Promise<void> {
  await coffer.stop();
  await coffer.start();
}

/** Answers what `/readyz` says. */
export async function readiness({ coffer }: Site) {
  return request(coffer.url, { method: "GET", path: "/readyz", token: null });
}

export async function expectSealed(site: Site): Promise<void> {
  const { status, body } = await readiness(site);
  deepStrictEqual([status, body.status], [503, "sealed"]);
  match(body.expects, /^rk_[0-9a-f]{16}$/);
  const { token } = site.coffer.bootstrap;
  const answer = await request(site.coffer.url, { method: "GET", path: `${secrets}/S/value`, token });
  deepStrictEqual([answer.status, answer.body.error.code], [503, "server.sealed"]);
}

const openMsMax = 60_000;

export async function untilReady(site: Site): Promise<void> {
  const until = performance.now() + openMsMax;
  while ((await readiness(site).catch(() => null))?.status !== 200) {
    if (performance.now() > until) throw new Error("it did not open by itself");
    await setTimeout(200);
  }
}

/** A command that must succeed; answers what it printed. */
export async function done(site: Site, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await site.cli(...args);
  strictEqual(code, 0, `coffer ${args.join(" ")}: ${stderr}`);
  return stdout;
}

/** To whatever key is marked active now; the one before it is given up for good. Answers its id. */
export async function rotateRoot(site: Site): Promise<string> {
  await done(site, "key", "rotate", "--root");
  const { rootKeys } = JSON.parse(await done(site, "key", "status", "--root", "--json"));
  const older = rootKeys.find(({ state }: { state: string }) => state === "leaving")?.id;
  await done(site, "key", "retire", older);
  await done(site, "key", "destroy", older);
  return older;
}

export async function addToRecord(site: Site): Promise<void> {
  const after = existsSync(site.path("root.record")) ? ["--after", site.path("root.record")] : [];
  privateFile(site.path("root.record"), await done(site, "key", "new", "--provider", ...after));
}

export async function dropFromRecord(site: Site, id: string): Promise<void> {
  privateFile(
    site.path("root.record"),
    await done(site, "key", "drop", id, "--from", site.path("root.record")),
  );
}

export const recordOf = (site: Site) => readFileSync(site.path("root.record"), "utf8");
