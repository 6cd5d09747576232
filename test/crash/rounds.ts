// Round after round on one data folder: a server under load is killed, what it left is compared, and
// the next one starts on it. It decides when to kill, and knows nothing of what is compared.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Checker, logged, verified } from "./checker.ts";
import { type Place, type Server, startServer } from "./child.ts";
import { History } from "./history.ts";
import { type Random, seeded } from "./random.ts";
import { rotateNowAndThen } from "./rotator.ts";
import { killBackend } from "./tables.ts";
import { type Wire, wireTo } from "./wire.ts";
import { write } from "./writer.ts";

export const writersDefault = 32;
const commons = 4;
/** So many writers want the same name at the start of a round. */
const rivals = 4;
/** A cold pool takes a while to get going. */
const loadMsMax = (database: string | null) => (database === null ? 700 : 2_400);
/** Verifying the whole trail takes longer with each round; past this many rounds it comes now and then. */
const verifiedEachTime = 10;
const verifyEvery = 25;

/** What passes often, and what passes a few times in a round. */
const often = ["secret.create", "secret.update", "reveal.record"];
const seldom = [
  "secret.duplicate",
  "secret.remove",
  "version.restore",
  "trash.restore",
  "trash.purge",
  "audit.save-head",
  "keys.rotate",
  "keys.retire",
  "keys.reseal",
  "keys.destroy",
];

/** What ended a server. */
interface Ending {
  readonly told: string;
  readonly killAt: string | null;
  readonly afterMs: number | null;
}

export interface Installation {
  readonly place: Place;
  readonly token: string;
  readonly organization: string;
  readonly stores: readonly string[];
  readonly history: History;
  readonly checker: Checker;
  /** Rounds that were to end at a fault point, and those that did. */
  readonly points: { wanted: number; reached: number };
}

/** An installation with stores and common secrets; no server runs when this resolves. */
export async function install(
  database: string | null,
  writers = writersDefault,
  folder: string | null = null,
): Promise<Installation> {
  const out = mkdtempSync(join(tmpdir(), "coffer-crash-"));
  const data = folder ?? join(out, "data");
  const place = { out, data, database };
  const server = startServer(place);
  const url = await server.ready;
  const { token, store, organization: home } = JSON.parse(readFileSync(join(data, "bootstrap.json"), "utf8"));
  const wire = wireTo(url, token, 1);
  const made = async (path: string, body: object) => {
    const answer = await wire.send("POST", `/v1/organizations/default/${path}`, body);
    if (answer?.status !== 201) throw new Error(`${path} was answered ${answer?.status}`);
    return String(answer.body.id);
  };
  const history = new History(writers);
  const stores = [
    String(store.id),
    await made("stores", { name: "Alpha" }),
    await made("stores", { name: "Beta" }),
  ];
  history.commons = await Promise.all(
    Array.from({ length: commons }, async (_, number) => {
      const name = `common-${number}`;
      const id = await made("stores/default/secrets", { name, value: "first" });
      return { name, id, acknowledged: new Map([[1, "first"]]), unknown: new Set<string>() };
    }),
  );
  wire.close();
  await server.stop();
  const organization = String(home.id);
  const points = { wanted: 0, reached: 0 };
  return { place, token, organization, stores, history, checker: new Checker(place), points };
}

export function remove({ place }: Installation): void {
  rmSync(place.out, { recursive: true, force: true });
}

/** All writers at work on one server until `stopped`. */
export async function load(
  it: Installation,
  { url, ...rest }: { url: string; round: number; random: Random; stopped: () => boolean },
): Promise<void> {
  const wire = wireTo(url, it.token, it.history.owned.length + 1);
  await loadOver(it, { ...rest, wires: [wire] });
  wire.close();
}

/** The same, in turn over several wires. */
export async function loadOver(
  { organization, stores, history }: Installation,
  parts: { wires: readonly [Wire, ...Wire[]]; round: number; random: Random; stopped: () => boolean },
): Promise<void> {
  const { wires, round, random, stopped } = parts;
  const [first] = wires;
  await Promise.all([
    rotateNowAndThen({ wire: first, history, random: random.branch("rotation"), stopped }),
    ...history.owned.map((_, number) =>
      write({
        number,
        round,
        wire: wires[number % wires.length] ?? first,
        history,
        organization,
        stores,
        stopped,
        random: random.branch(number),
        raceName: `race-${round}-${Math.floor(number / rivals)}`,
      }),
    ),
  ]);
}

/** One round: load, the end, the comparison. */
export async function crash(it: Installation, round: number, random: Random): Promise<string[]> {
  const ending = endingOf(random, it.place);
  await interruptedStart(it.place, random);
  const server = startServer(it.place, { killAt: ending.killAt });
  let ended = false;
  void server.ended.then(() => {
    ended = true;
  });
  let url: string | null = null;
  try {
    url = await server.ready;
  } catch (error) {
    // A fault point may lie in the start itself; any other end of a start is a finding.
    if (ending.killAt === null) return [`the start after a crash failed: ${String(error)}`];
  }
  if (url !== null) {
    const working = load(it, { url, round, random, stopped: () => ended });
    await untilEnd(server, ending, it.place, random);
    if (ending.killAt !== null) {
      it.points.wanted += 1;
      if (ended) it.points.reached += 1;
    }
    await server.kill();
    await working;
  }
  await server.kill();
  const findings = await it.checker.check(it.history);
  if (round <= verifiedEachTime || round % verifyEvery === 0) findings.push(...(await verified(it.place)));
  findings.push(...logged(it.place).map((line) => `the server logged ${line}`));
  return findings.map((finding) => `round ${round}, ${ending.told}: ${finding}`);
}

function endingOf(random: Random, { database }: Place): Ending {
  if (random.percent(50)) {
    const afterMs = random.between(10, loadMsMax(database) / 2);
    return { told: `killed after ${afterMs} ms`, killAt: null, afterMs };
  }
  const moment = random.pick(["before", "after"]);
  const killAt = random.percent(20)
    ? `group.begin:${random.between(1, 60)}`
    : random.percent(60)
      ? `${random.pick(often)}.${moment}-commit:${random.between(1, 60)}`
      : `${random.pick(seldom)}.${moment}-commit:${random.between(1, 3)}`;
  return { told: `killed at ${killAt}`, killAt, afterMs: null };
}

/** Sometimes the start itself is cut short, so that recovery is what gets interrupted. */
async function interruptedStart(place: Place, random: Random): Promise<void> {
  if (!random.percent(8)) return;
  const server = startServer(place);
  await new Promise((resolve) => setTimeout(resolve, random.between(50, 500)));
  await server.kill();
}

/** Resolves when the time has come, or when the server has ended itself at its fault point. */
async function untilEnd(server: Server, ending: Ending, place: Place, random: Random): Promise<void> {
  const wait = (ms: number) =>
    Promise.race([server.ended, new Promise((resolve) => setTimeout(resolve, ms))]);
  if (place.database !== null && random.percent(20)) {
    await wait(random.between(10, 600));
    await killBackend(place.database);
  }
  await wait(ending.afterMs ?? loadMsMax(place.database));
}

export function roundRandom(seed: string, round: number): Random {
  return seeded(`${seed}#${round}`);
}
