// `npm run bench`: the speed and size that Coffer promises, as ratios measured in one run on one
// machine. It prepares a disk, a server and its secrets, and leaves what is measured to the rows.
// Keeps: a figure below its bound, or one that could not be taken, never ends in exit code 0.
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type PostgresInstance, startPostgres } from "../test/support/postgres.ts";
import { openCoffer } from "./coffer.ts";
import { fill } from "./http/fill.ts";
import { describeMachine, type Machine, refuseMemory } from "./machine.ts";
import { type Options, parseOptions, UsageError } from "./options.ts";
import { save } from "./results.ts";
import { type Outcome, outcomeOf, type Plan, type Run, type Setting, verdictOf } from "./row.ts";
import { rows } from "./rows.ts";
import { stocksIn } from "./stocks.ts";
import { rounded, table } from "./table.ts";

const whole: Plan = {
  runs: 5,
  secrets: 100_000,
  many: { secrets: 1_000_000, policies: 10_000, machines: 1_000 },
  warmSeconds: 2,
  seconds: 5,
  connections: 32,
};
const little: Plan = {
  runs: 1,
  secrets: 3_200,
  many: { secrets: 20_000, policies: 500, machines: 20 },
  warmSeconds: 1,
  seconds: 1,
  connections: 32,
};

const talk = (text: string) => void process.stderr.write(`${text}\n`);

// Children and data go in the handlers of `exit`, which a signal alone would not call.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));

try {
  const names = rows.map((row) => row.name);
  process.exitCode = await bench(parseOptions(process.argv.slice(2), names));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  talk(`bench: ${error.message}`);
  process.exitCode = 2;
}

async function bench(options: Options): Promise<number> {
  const plan = options.quick ? little : whole;
  const folder = workFolder(options);
  const machine = describeMachine(folder);
  const { cpu, cores, memoryGB, node, fileSystem, syncsPerSecond } = machine;
  talk(`${cpu}, ${cores} cores, ${memoryGB} GB, Node ${node}, kernel ${machine.kernel}`);
  talk(`${folder} on ${fileSystem}: ${rounded(syncsPerSecond)} fdatasync/s`);
  const postgres = options.engine === "postgres" ? await postgresOn(folder) : null;
  const outcomes: Outcome[] = [];
  try {
    await measureAll(options, plan, folder, postgres, outcomes);
  } catch (error) {
    if (outcomes.length > 0) conclude(options, outcomes, machine); // they took their time, and stand
    throw error;
  } finally {
    await postgres?.stop();
    if (options.keep) talk(`The data stays in ${folder}`);
  }
  return conclude(options, outcomes, machine);
}

async function measureAll(
  options: Options,
  plan: Plan,
  folder: string,
  postgres: PostgresInstance | null,
  outcomes: Outcome[],
): Promise<void> {
  const database = postgres === null ? null : await postgres.database();
  const profile = options.profile === null ? null : resolve(options.profile);
  const coffer = await openCoffer({ data: join(folder, "data"), database, profile });
  const stocks = stocksIn(folder, {
    database: async () => (await postgres?.database()) ?? null,
    rest: async (filled) => void (postgres !== null && (await atRest(postgres, filled))),
    talk,
  });
  try {
    talk(`Writing ${plan.secrets.toLocaleString("en-US")} secrets through the API ...`);
    talk(`  ${rounded(await fill(coffer, plan.secrets, plan.connections))} a second`);
    const setting: Setting = { plan, coffer, stocks, folder };
    const chosen = rows.filter((row) => options.rows.includes(row.name));
    for (const row of chosen) {
      const runs: Run[] = [];
      const runsMax = Math.min(plan.runs, row.runsMax ?? plan.runs);
      for (let run = 0; run < runsMax; run += 1) {
        const done = await row.measure(setting, run);
        if (!Number.isFinite(done.measured)) throw new Error(`${row.name} could not be measured here`);
        talk(`${row.name} ${run + 1}/${runsMax}: ${rounded(done.measured)} ${row.unit}`);
        runs.push(done);
      }
      outcomes.push(outcomeOf(row, runs));
    }
  } finally {
    await coffer.stop();
    await stocks.stop();
  }
}

function conclude(options: Options, outcomes: readonly Outcome[], machine: Machine): number {
  console.log(`\n${table(outcomes, !options.quick)}\n`);
  if (options.quick) {
    console.log("A smoke run: it shows that every row works, and judges none.");
    return 0;
  }
  if (options.save) {
    const command = ["npm run bench --", ...process.argv.slice(2)].join(" ");
    console.log(`Kept in ${save(outcomes, { machine, engine: options.engine, command })}`);
  }
  const below = outcomes.filter((outcome) => verdictOf(outcome) === "below");
  if (below.length > 0) console.log(`Below must: ${below.map(({ row }) => row.name).join(", ")}`);
  return below.length > 0 ? 1 : 0;
}

/** A new folder on a disk, gone again when this process ends. */
function workFolder(options: Options): string {
  // /tmp is in memory on many machines; /var/tmp is meant to outlive a restart.
  const parent = options.data ?? (existsSync("/var/tmp") ? "/var/tmp" : tmpdir());
  mkdirSync(parent, { recursive: true });
  refuseMemory(parent);
  const folder = mkdtempSync(join(resolve(parent), "coffer-bench-"));
  if (!options.keep)
    process.once("exit", () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

/** As a night leaves it: what the engine would do some time after so many rows is done before anything is timed. */
async function atRest(postgres: PostgresInstance, database: string): Promise<void> {
  await postgres.admin("VACUUM ANALYZE", new URL(database).pathname.slice(1));
  await postgres.admin("CHECKPOINT");
}

/** On the disk that was looked at. */
async function postgresOn(folder: string): Promise<PostgresInstance> {
  process.env.TMPDIR = join(folder, "..");
  return startPostgres();
}
