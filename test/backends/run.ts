// `npm run crash:backends -- --rounds N [--seed S] [--engine sqlite|postgres] [--payload sealed|native]
// [--remote kv2|openbao|aws|moto]`: exit code 1 on any finding, with the seed that makes the same choices
// again. With `--table` it is the whole crash-point table in the place of random rounds.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { seeded } from "../crash/random.ts";
import { type PostgresInstance, startPostgres } from "../support/postgres.ts";
import { remoteNames, startRemote } from "./remotes.ts";
import { Rig } from "./rig.ts";
import { round } from "./rounds.ts";

const { values: flags } = parseArgs({
  options: {
    rounds: { type: "string", default: "25" },
    engine: { type: "string", default: "sqlite" },
    seed: { type: "string", default: String(Date.now()) },
    payload: { type: "string", default: "sealed" },
    remote: { type: "string", default: "kv2" },
    table: { type: "boolean", default: false },
  },
});
const { seed, payload, engine } = flags;
if (!/^[1-9]\d{0,5}$/.test(flags.rounds)) usage("--rounds must be a whole number");
if (engine !== "sqlite" && engine !== "postgres") usage("--engine must be sqlite or postgres");
if (payload !== "sealed" && payload !== "native") usage("--payload must be sealed or native");
const remoteName = remoteNames.find((name) => name === flags.remote);
if (remoteName === undefined) usage(`--remote must be one of ${remoteNames.join(", ")}`);
if (flags.table) process.exit(table(remoteName));
const rounds = Number(flags.rounds);
const reportEvery = 10;

const startedMs = performance.now();
const remote = await startRemote(remoteName);
const postgres: PostgresInstance | null = engine === "postgres" ? await startPostgres() : null;
const rig = await Rig.open({ remote, payload, database: (await postgres?.database()) ?? null });
const found: string[] = [];
let ended = 0;
for (let number = 1; number <= rounds && found.length === 0; number += 1) {
  const { told, findings, reached } = await round(rig, number, seeded(`${seed}#${number}`));
  if (reached) ended += 1;
  found.push(...findings.map((finding) => `round ${number}, ${told.join(", ")}: ${finding}`));
  if (number % reportEvery === 0)
    console.log(`${number}/${rounds} rounds, ${ended} ended at their point, ${seconds()}`);
}
if (rounds >= reportEvery && ended === 0)
  found.push("no server ended where it was to end: the points do not work");
for (const finding of found) console.log(`FOUND ${finding}`);
if (found.length === 0) await rig.close();
else {
  await rig.kill();
  console.log(`the data is kept in ${rig.place.out}`);
}
await remote.stop();
await postgres?.stop();
const chosen = `--engine ${engine} --payload ${payload} --remote ${remoteName}`;
const again = `npm run crash:backends -- --rounds ${rounds} ${chosen} --seed ${seed}`;
const verdict = found.length === 0 ? "nothing lost, nothing left behind" : `${found.length} findings`;
console.log(`crash:backends: ${rounds} rounds, ${seconds()}: ${verdict} (${again})`);
process.exit(found.length === 0 ? 0 : 1);

function table(name: string): number {
  const vitest = fileURLToPath(new URL("../../node_modules/vitest/vitest.mjs", import.meta.url));
  const env = { ...process.env, COFFER_TEST_REMOTE: name };
  const args = [vitest, "run", "--project", "backends"];
  return spawnSync(process.execPath, args, { stdio: "inherit", env }).status ?? 1;
}

function seconds(): string {
  return `${((performance.now() - startedMs) / 1000).toFixed(1)} s`;
}

function usage(message: string): never {
  console.error(message);
  process.exit(2);
}
