// The very first start, cut short at random moments and at each of its commits: the next start must
// come up with a token that works, whatever was left behind.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Place, startServer } from "./child.ts";
import type { Random } from "./random.ts";
import { wireTo } from "./wire.ts";

const commitPoints = [
  "installation.create.before-commit:1",
  "installation.create.after-commit:1",
  "group.begin:1",
];

/** One empty folder, one to three starts that end early, and one that must not. */
export async function firstStart(random: Random, database: string | null): Promise<string[]> {
  const out = mkdtempSync(join(tmpdir(), "coffer-first-"));
  const place = { out, data: join(out, "data"), database };
  const told: string[] = [];
  try {
    for (let tries = random.between(1, 3); tries > 0; tries -= 1) {
      const killAt = random.percent(40) ? random.pick(commitPoints) : null;
      const afterMs = random.between(20, 700);
      const server = startServer(place, { killAt });
      const wait = new Promise((resolve) => setTimeout(resolve, killAt === null ? afterMs : 5_000));
      // An installation that was committed passes these points no more; then it gets ready.
      await Promise.race([server.ended, wait, server.ready.catch(() => server.ended)]);
      await server.kill();
      told.push(killAt ?? `after ${afterMs} ms`);
    }
    return (await comesUp(place)).map((finding) => `first start, killed ${told.join(", ")}: ${finding}`);
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

/** What is wrong with the server that starts on what was left. */
export async function comesUp(place: Place): Promise<string[]> {
  const server = startServer(place);
  try {
    const wire = wireTo(await server.ready, tokenIn(place.data), 1);
    const { status: who } = (await wire.send("GET", "/v1/whoami")) ?? { status: 0 };
    const secrets = "/v1/organizations/default/stores/default/secrets";
    const { status: made } = (await wire.send("POST", secrets, { name: "A", value: "1" })) ?? { status: 0 };
    const { body: read } = (await wire.send("GET", `${secrets}/A/value`)) ?? { body: null };
    wire.close();
    if (who !== 200) return [`the token of bootstrap.json was answered ${who}`];
    return made === 201 && read?.value === "1" ? [] : [`a first secret was answered ${made}`];
  } catch (error) {
    return [`the next start failed: ${String(error)}`];
  } finally {
    await server.stop();
  }
}

function tokenIn(data: string): string {
  return JSON.parse(readFileSync(join(data, "bootstrap.json"), "utf8")).token;
}
