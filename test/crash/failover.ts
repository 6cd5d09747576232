// Round after round on two PostgreSQL servers and two nodes of Coffer that are never restarted: under load
// the primary is killed and the standby promoted; what clients know, the tables and the trail are compared,
// and the lost server comes back as the standby of the other. It decides when to kill, and knows nothing of
// what is compared.
import { type Replicated, startReplicated } from "../support/replicated.ts";
import { Checker, logged, verified } from "./checker.ts";
import { type Place, startServer } from "./child.ts";
import type { History } from "./history.ts";
import type { Random } from "./random.ts";
import { type Installation, install, loadOver, remove, roundRandom } from "./rounds.ts";
import { type Wire, wireTo } from "./wire.ts";

/** From when the other server takes writes. */
const backMsMax = 5_000;
/** Clients that are told to come again wait a moment, as they should. */
const againMs = 40;
const loadMs = [300, 1_500] as const;
/** Between the loss of the primary and the promotion: nobody decides that at once. */
const decidingMs = [0, 1_500] as const;

export interface Told {
  readonly round: number;
  readonly promotionMs: number;
  /** Of each node: how long after the promotion a write and a reveal were answered well. */
  readonly backMs: readonly number[];
  readonly counts: History["counts"];
}

/** What was found wrong; nothing, after the rounds that were asked for. */
export async function failover(parts: {
  readonly rounds: number;
  readonly writers: number;
  readonly seed: string;
  readonly tell: (told: Told) => void;
}): Promise<readonly string[]> {
  const servers = await startReplicated();
  const database = await servers.database();
  const it = await install(database, parts.writers);
  const place: Place = {
    ...it.place,
    get database() {
      return servers.atPrimary(database);
    },
  };
  const checker = new Checker(place);
  const env = { COFFER_LOG_LEVEL: process.env.COFFER_LOG_LEVEL ?? "error" };
  const nodes = [startServer(it.place, { env }), startServer(it.place, { env })];
  const found: string[] = [];
  const late: string[] = [];
  try {
    const urls = await Promise.all(nodes.map(({ ready }) => ready));
    for (let round = 1; round <= parts.rounds && found.length === 0; round += 1) {
      if (round > 1) await servers.rebuild();
      await Promise.all(urls.map(protectedAgain));
      const told = await oneRound({ it, urls, round, random: roundRandom(parts.seed, round), servers });
      parts.tell(told);
      for (const ms of told.backMs.filter((it) => it > backMsMax)) {
        late.push(`round ${round}: a node was back after ${Math.round(ms)} ms`);
      }
      found.push(
        ...(await checker.check(it.history, { beside: true })).map((one) => `round ${round}: ${one}`),
        ...(await verified(place)).map((one) => `round ${round}: ${one}`),
        ...logged(it.place).map((line) => `round ${round}: a node logged ${line}`),
      );
    }
  } finally {
    await Promise.all(nodes.map((node) => node.stop()));
  }
  if (found.length === 0) found.push(...(await verified(place)));
  if (found.length === 0) remove(it);
  await servers.stop();
  return [...found, ...late];
}

/** Resolves when a node has seen that a standby confirms: before, it remembers nothing over a failover. */
async function protectedAgain(url: string): Promise<void> {
  for (;;) {
    const { warnings } = (await (await fetch(`${url}/readyz`)).json()) as { warnings?: readonly string[] };
    if (warnings === undefined) return;
    await pause(100);
  }
}

async function oneRound(parts: {
  readonly it: Installation;
  readonly urls: readonly string[];
  readonly round: number;
  readonly random: Random;
  readonly servers: Replicated;
}): Promise<Told> {
  const { it, urls, round, random, servers } = parts;
  let stopped = false;
  const [first, ...others] = urls.map((url) => watched(wireTo(url, it.token, it.history.owned.length + 1)));
  if (first === undefined) throw new Error("there is no node");
  const wires = [first, ...others] as const;
  const working = loadOver(it, { wires, round, random, stopped: () => stopped });
  await pause(random.between(...loadMs));
  servers.killPrimary();
  await pause(random.between(...decidingMs));
  const { toldMs, doneMs } = await servers.promote();
  const backMs = await Promise.all(wires.map(({ back }) => back(doneMs)));
  await pause(random.between(...loadMs));
  stopped = true;
  await working;
  for (const wire of wires) wire.close();
  if (wires.some(({ lost }) => lost)) it.history.wrong.push("a node broke a connection off");
  return { round, promotionMs: doneMs - toldMs, backMs, counts: { ...it.history.counts } };
}

interface Watched extends Wire {
  /** Resolves once a write and a reveal that were asked for later were answered well. */
  back(sinceMs: number): Promise<number>;
}

function watched(wire: Wire): Watched {
  const last = { read: { sentMs: 0, doneMs: 0 }, written: { sentMs: 0, doneMs: 0 } };
  return {
    get lost() {
      return wire.lost;
    },
    close: wire.close,
    async send(method, path, body) {
      const sentMs = performance.now();
      const answer = await wire.send(method, path, body);
      const kind = /\/values?(\?|$)/.test(path) && method !== "PUT" ? "read" : "written";
      if (answer?.status === 503) await pause(againMs);
      else if (answer !== null && answer.status < 300) last[kind] = { sentMs, doneMs: performance.now() };
      return answer;
    },
    async back(sinceMs) {
      for (;;) {
        const { read, written } = last;
        if (Math.min(read.sentMs, written.sentMs) > sinceMs) {
          return Math.max(read.doneMs, written.doneMs) - sinceMs;
        }
        if (performance.now() - sinceMs > 6 * backMsMax) return Number.POSITIVE_INFINITY;
        await pause(5);
      }
    },
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
