// The readers: threads for whatever may scan, started when needed and ended when idle, each with one
// body at a time, a bounded queue before them and a bounded time for each body.
import type { Worker } from "node:worker_threads";
import { errorFromRecord } from "../../core/errors.ts";
import { busy, type EngineLimits, type EngineLog, traceOf, unavailable } from "../engine.ts";
import { entryUrl, startThread } from "../threads.ts";
import type { FromReader, ReaderData, ToReader } from "./messages.ts";

const entry = entryUrl(new URL("./reader.ts", import.meta.url), import.meta.url);

/**
 * Threads given up whose statement is still running. Node cannot interrupt a statement of SQLite that
 * has no pauses (pauses.ts): a thread ends when its statement does, and until then it takes up a core.
 */
const givenUpMax = 2;

interface Job {
  readonly message: ToReader;
  /** Bounds first the wait for a reader, then the work itself. */
  timeout: NodeJS.Timeout;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

interface Reader {
  readonly worker: Worker;
  job: Job | null;
  idle: NodeJS.Timeout | null;
}

/** A thread holds some 20 MB; starting one takes about a tenth of a second. */
const idleMsDefault = 30_000;

export class Readers {
  readonly #data: ReaderData;
  readonly #limits: EngineLimits;
  readonly #log: EngineLog;
  readonly #most: number;
  readonly #idleMs: number;
  readonly #readers = new Set<Reader>();
  #queue: Job[] = [];
  #givenUp = 0;
  #closed = false;
  /** What waits until nobody reads; while it is there nobody begins. */
  #quiet: (() => void) | null = null;

  constructor(
    data: ReaderData,
    limits: EngineLimits,
    most: number,
    log: EngineLog,
    idleMs: number = idleMsDefault,
  ) {
    this.#data = data;
    this.#limits = limits;
    this.#most = most;
    this.#log = log;
    this.#idleMs = idleMs;
  }

  /** How many threads there are. */
  get running(): number {
    return this.#readers.size;
  }

  read(name: string, input: unknown): Promise<unknown> {
    if (this.#closed) return Promise.reject(unavailable());
    if (this.#queue.length >= this.#limits.scanQueueMax) return Promise.reject(busy());
    return new Promise((resolve, reject) => {
      const timeout = setTimeout(() => {
        this.#queue = this.#queue.filter((one) => one !== job);
        reject(busy());
      }, this.#limits.commitWaitMs);
      const job: Job = { message: [name, input], timeout, resolve, reject };
      this.#queue.push(job);
      this.#next();
    });
  }

  /** Has `work` done while nobody reads: those who do are waited for, those who come wait. One at a time. */
  async without(work: () => Promise<void>): Promise<void> {
    if (this.#quiet !== null) return;
    await new Promise<void>((resolve) => {
      this.#quiet = resolve;
      this.#tellIfQuiet();
    });
    try {
      await work();
    } finally {
      this.#quiet = null;
      for (let waiting = this.#queue.length; waiting > 0; waiting -= 1) this.#next();
    }
  }

  #tellIfQuiet(): void {
    if (![...this.#readers].some(({ job }) => job !== null)) this.#quiet?.();
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const job of this.#queue.splice(0)) {
      clearTimeout(job.timeout);
      job.reject(unavailable());
    }
    await Promise.all([...this.#readers].map((reader) => this.#giveUp(reader)));
  }

  #next(): void {
    if (this.#queue.length === 0 || this.#closed || this.#quiet !== null) return;
    const reader = [...this.#readers].find((one) => one.job === null) ?? this.#spawn();
    const job = reader === null ? undefined : this.#queue.shift();
    if (reader === null || job === undefined) return;
    reader.job = job;
    if (reader.idle !== null) clearTimeout(reader.idle);
    reader.idle = null;
    clearTimeout(job.timeout);
    job.timeout = setTimeout(() => {
      this.#log.warn({ query: job.message[0] }, "a query took too long and was given up");
      void this.#giveUp(reader);
    }, this.#limits.scanSecondsMax * 1000);
    try {
      reader.worker.postMessage(job.message);
    } catch (error) {
      this.#finish(reader, (it) => it.reject(unavailable(error)));
    }
  }

  #spawn(): Reader | null {
    if (this.#readers.size >= this.#most || this.#givenUp >= givenUpMax) return null;
    const worker = startThread(entry, "coffer reader", this.#data);
    const reader: Reader = { worker, job: null, idle: null };
    this.#readers.add(reader);
    worker.on("message", (message: FromReader) => {
      if ("kind" in message) return this.#log[message.level](message.fields, message.message);
      const [kind, body] = message;
      if (kind === "answer") this.#finish(reader, (job) => job.resolve(body));
      else this.#finish(reader, (job) => job.reject(errorFromRecord(body)));
    });
    worker.on("error", (error) => this.#log.error(traceOf(error), "a reader's thread failed"));
    worker.on("exit", () => {
      this.#readers.delete(reader);
      this.#finish(reader, (job) => job.reject(unavailable()));
    });
    return reader;
  }

  #finish(reader: Reader, answer: (job: Job) => void): void {
    const { job } = reader;
    reader.job = null;
    if (job !== null) {
      clearTimeout(job.timeout);
      answer(job);
    }
    this.#tellIfQuiet();
    this.#next();
    if (reader.job !== null || !this.#readers.has(reader)) return;
    reader.idle = setTimeout(() => void this.#giveUp(reader), this.#idleMs).unref();
  }

  async #giveUp(reader: Reader): Promise<void> {
    this.#readers.delete(reader);
    if (reader.idle !== null) clearTimeout(reader.idle);
    this.#givenUp += 1;
    const ended = reader.worker.terminate();
    this.#finish(reader, (job) => job.reject(unavailable()));
    await ended;
    this.#givenUp -= 1;
    this.#next();
  }
}
