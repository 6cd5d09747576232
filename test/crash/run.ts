// `npm run crash -- --rounds N [--engine sqlite|postgres] [--failover] [--seed S] [--writers N]`: exit code 1
// on any finding, with the seed that makes the same choices again. With --failover the server that is killed
// is PostgreSQL's primary, and its standby takes its place.
import { parseArgs } from "node:util";
import { type PostgresInstance, startPostgres } from "../support/postgres.ts";
import { verified } from "./checker.ts";
import { failover } from "./failover.ts";
import { firstStart } from "./firststart.ts";
import { seeded } from "./random.ts";
import { crash, install, remove, roundRandom, writersDefault } from "./rounds.ts";

const { values: flags } = parseArgs({
  options: {
    rounds: { type: "string", default: "25" },
    engine: { type: "string", default: "sqlite" },
    failover: { type: "boolean", default: false },
    seed: { type: "string", default: String(Date.now()) },
    writers: { type: "string", default: String(writersDefault) },
  },
});
const { engine, seed } = flags;
const rounds = wholeNumber("rounds", flags.rounds);
const writers = wholeNumber("writers", flags.writers);
if (engine !== "sqlite" && engine !== "postgres") usage("--engine must be sqlite or postgres");

const findingsShown = 40;
const reportEvery = 25;
const startedMs = performance.now();

const postgres: PostgresInstance | null =
  engine === "postgres" && !flags.failover ? await startPostgres() : null;
const findings = flags.failover ? await failovers() : [...(await firstStarts()), ...(await allRounds())];
await postgres?.stop();

for (const finding of findings.slice(0, findingsShown)) console.log(`FOUND ${finding}`);
const kind = flags.failover ? "--failover" : `--engine ${engine}`;
const again = `npm run crash -- --rounds ${rounds} ${kind} --writers ${writers} --seed ${seed}`;
const verdict = findings.length === 0 ? "nothing lost, nothing half done" : `${findings.length} findings`;
const where = flags.failover ? "two PostgreSQL servers" : engine;
console.log(`crash: ${rounds} rounds on ${where}, ${writers} writers, ${seconds()}: ${verdict} (${again})`);
process.exitCode = findings.length === 0 ? 0 : 1;

async function failovers(): Promise<readonly string[]> {
  return failover({
    rounds,
    writers,
    seed,
    tell({ round, promotionMs, backMs, counts }) {
      const { acknowledged, unknown, refused } = counts;
      console.log(
        `${round}/${rounds} rounds, ${seconds()}: promoted in ${Math.round(promotionMs)} ms, nodes back after ` +
          `${backMs.map((ms) => `${Math.round(ms)} ms`).join(" and ")}; ${acknowledged} acknowledged, ` +
          `${unknown} unknown, ${refused} refused for the moment`,
      );
    },
  });
}

async function firstStarts(): Promise<string[]> {
  const found: string[] = [];
  const count = 2 + Math.floor(rounds / 25);
  for (let number = 1; number <= count; number += 1) {
    const random = seeded(`${seed}/first/${number}`);
    found.push(...(await firstStart(random, (await postgres?.database()) ?? null)));
  }
  return found;
}

async function allRounds(): Promise<string[]> {
  const it = await install((await postgres?.database()) ?? null, writers);
  const found: string[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    found.push(...(await crash(it, round, roundRandom(seed, round))));
    if (round % reportEvery === 0 || round === rounds || found.length > 0) {
      const { acknowledged, unknown, refused } = it.history.counts;
      console.log(
        `${round}/${rounds} rounds, ${seconds()}: ${acknowledged} acknowledged, ${unknown} unknown, ` +
          `${refused} refused for the moment, ${it.points.reached} ended at a fault point, ${found.length} findings`,
      );
    }
    // What comes after a finding would only follow from it.
    if (found.length > 0) break;
  }
  const { wanted, reached } = it.points;
  if (wanted >= 5 && reached === 0) found.push("no fault point was ever reached: they do not work");
  if (found.length === 0) found.push(...(await verified(it.place)));
  if (found.length === 0) remove(it);
  else console.log(`the data is kept in ${it.place.out}`);
  return found;
}

function seconds(): string {
  return `${((performance.now() - startedMs) / 1000).toFixed(1)} s`;
}

function wholeNumber(name: string, text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) usage(`--${name} must be a whole number`);
  return Number(text);
}

function usage(message: string): never {
  console.error(message);
  process.exit(2);
}
