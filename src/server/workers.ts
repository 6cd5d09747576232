// `coffer serve --workers N`: a process that listens and N that serve, on one PostgreSQL database. The first
// is waited for alone, because a first start makes the installation; one that dies is replaced, and what the
// others do goes on meanwhile. This process holds no keys and opens no database.
import cluster, { type Worker } from "node:cluster";
import type { Logger } from "pino";
import type { Config } from "./config.ts";

/** A worker that dies at once is not started in a tight circle. */
const againMsMin = 200;
const againMsMax = 10_000;
/** One that ran this long died of something else than its start. */
const steadyMs = 60_000;

/** What a worker says when it listens: the few lines for a person. */
interface Ready {
  readonly ready: string;
}

export interface Crew {
  readonly config: Pick<Config, "workers" | "metricsListen">;
  /** The port is known by now: all listen on the same. */
  readonly listen: { readonly host: string; readonly port: number };
  readonly log: Logger;
  readonly announce: (text: string) => void;
}

/** Runs until a signal ends it; answers the exit code. */
export async function serveByWorkers(crew: Crew): Promise<number> {
  const { config, listen, log } = crew;
  const ended = new Promise<string>((received) => {
    for (const name of ["SIGTERM", "SIGINT"] as const) process.once(name, received);
  });
  const host = listen.host.includes(":") ? `[${listen.host}]` : listen.host;
  cluster.setupPrimary({ args: [...process.argv.slice(2), "--listen", `${host}:${listen.port}`] });
  const places = Array.from({ length: config.workers }, (_, number) => new Place(number, crew));
  const [first, ...others] = places;
  if (first === undefined) return 0;
  const started = await Promise.race([first.start(), ended.then(() => null)]);
  // It has said why.
  if (typeof started === "number") return started;
  if (started !== null) {
    crew.announce(started);
    await Promise.race([Promise.all(others.map((place) => place.start())), ended]);
    log.info({ workers: config.workers, pid: process.pid }, "all workers listen");
  }
  const signal = await ended;
  log.info({ signal }, "draining all workers");
  const stopping = Promise.all(places.map((place) => place.stop()));
  for (const name of ["SIGTERM", "SIGINT"] as const) {
    process.once(name, () => {
      for (const place of places) place.signal();
    });
  }
  await stopping;
  log.info("ended");
  return 0;
}

/** One of the N: whoever serves in it now. */
class Place {
  readonly #number: number;
  readonly #crew: Crew;
  #worker: Worker | null = null;
  #timer: NodeJS.Timeout | null = null;
  #againMs = againMsMin;
  #stopping = false;

  constructor(number: number, crew: Crew) {
    this.#number = number;
    this.#crew = crew;
  }

  /** The first lines of the worker, or the exit code of one that ended before it had any. */
  start(): Promise<string | number> {
    const worker = cluster.fork(this.#environment());
    this.#worker = worker;
    const sinceMs = performance.now();
    return new Promise((resolve) => {
      let ready = false;
      worker.on("message", (message: Ready) => {
        ready = true;
        resolve(message.ready);
      });
      worker.once("exit", (code, signal) => {
        this.#worker = null;
        resolve(code ?? 1);
        if (this.#stopping) return;
        const ranMs = performance.now() - sinceMs;
        this.#crew.log.error({ worker: worker.process.pid, code, signal }, "a worker ended");
        // The very first may fail for a reason that only the operator can mend.
        if (ready || this.#number > 0) this.#again(ranMs);
      });
    });
  }

  #again(ranMs: number): void {
    this.#againMs = ranMs > steadyMs ? againMsMin : Math.min(this.#againMs * 2, againMsMax);
    this.#timer = setTimeout(() => void this.start(), this.#againMs * (0.5 + Math.random() / 2));
  }

  /** Counters are each worker's own, so each shows them on a port of its own. */
  #environment(): Record<string, string> {
    const { metricsListen: at } = this.#crew.config;
    if (at === null || at.port === 0) return {};
    const host = at.host.includes(":") ? `[${at.host}]` : at.host;
    return { COFFER_METRICS_LISTEN: `${host}:${at.port + this.#number}` };
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    const worker = this.#worker;
    if (worker === null) return;
    const gone = new Promise((resolve) => worker.once("exit", resolve));
    this.signal();
    await gone;
  }

  /** Of a second one a worker ends at once. */
  signal(): void {
    this.#worker?.process.kill("SIGTERM");
  }
}

/** In a worker: what the listening process is told instead of a person, and the end of the channel to it. */
export function tellPrimary(): { announce: (text: string) => void; leave: () => void } {
  // Ctrl-C reaches every process of the terminal; the one that listens passes it on as the other signal.
  process.on("SIGINT", () => undefined);
  return {
    announce(text) {
      const ready: Ready = { ready: text };
      process.send?.(ready);
    },
    leave: () => cluster.worker?.disconnect(),
  };
}
