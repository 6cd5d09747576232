// The way to the writer's thread: operations leave once per turn of the event loop, answers come
// back a group at a time. It knows what is waiting, never what is written.
import type { Worker } from "node:worker_threads";
import type { StreamHead } from "../../core/audit/entry.ts";
import { CofferError, errorFromRecord } from "../../core/errors.ts";
import { bug, busy, type EngineLog, traceOf, unavailable } from "../engine.ts";
import { entryUrl, startThread } from "../threads.ts";
import { type Waiter, WaitingLine } from "../waiting.ts";
import { type FromWriter, type GroupReply, monotonicMs, type ToWriter, type WriterData } from "./messages.ts";

const entry = entryUrl(new URL("./writer.ts", import.meta.url), import.meta.url);
const restartFirstMs = 100;
const restartLastMs = 5_000;

interface Outgoing extends Waiter {
  readonly name: string;
  readonly input: unknown;
}

export class WriterQueue {
  readonly #data: WriterData;
  readonly #log: EngineLog;
  readonly #line: WaitingLine;
  readonly #onMoved: (organizationId: string) => void;
  readonly #onGroup: (operations: number) => void;
  readonly #onLongLog: () => void;
  #outgoing: Outgoing[] = [];
  #worker: Worker | null = null;
  #head: StreamHead | null = null;
  #restartMs = restartFirstMs;
  #closing: { done: () => void } | null = null;
  #startedOver: (() => void) | null = null;

  constructor(
    data: WriterData,
    log: EngineLog,
    told: {
      readonly onMoved: (organizationId: string) => void;
      readonly onGroup: (operations: number) => void;
      /** Nobody should scan for a moment, in which `startOver` is to be called. */
      readonly onLongLog: () => void;
    },
  ) {
    this.#data = data;
    this.#onGroup = told.onGroup;
    this.#onLongLog = told.onLongLog;
    this.#log = log;
    this.#onMoved = told.onMoved;
    this.#line = new WaitingLine(data.limits.commitWaitMs);
  }

  /** Resolves when the database is migrated and its audit stream open. */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      const data: WriterData = { ...this.#data, stream: this.#head?.stream ?? null };
      const worker = startThread(entry, "coffer writer", data);
      worker.on("message", (message: FromWriter) => {
        if (!("kind" in message)) return this.#answer(message);
        if (message.kind === "log") return this.#log[message.level](message.fields, message.message);
        if (message.kind === "refused") return reject(errorFromRecord(message.error));
        if (message.kind === "log-is-long") return this.#onLongLog();
        if (message.kind === "started-over") return this.#startedOver?.();
        this.#head = message.head ?? this.#head;
        if (message.kind === "closed") return this.#closing?.done();
        if (this.#closing !== null) return void worker.terminate();
        this.#worker = worker;
        this.#restartMs = restartFirstMs;
        resolve();
      });
      worker.on("error", (error) => {
        this.#log.error(traceOf(error), "the writer's thread failed");
        reject(unavailable(error));
      });
      worker.on("exit", () => {
        reject(unavailable());
        if (this.#worker === worker) this.#lost();
      });
    });
  }

  get head(): StreamHead | null {
    return this.#head;
  }

  submit(name: string, input: unknown, shared: boolean): Promise<unknown> {
    if (this.#closing !== null || this.#worker === null) return Promise.reject(unavailable());
    if (this.#line.length + this.#outgoing.length >= this.#data.limits.writerQueueMax) {
      return Promise.reject(busy());
    }
    return new Promise((resolve, reject) => {
      this.#outgoing.push({ name, input, shared, resolve, reject });
      // What arrives in one turn of the event loop leaves in one message. Who shares has gathered already.
      if (shared) this.#send();
      else if (this.#outgoing.length === 1) setImmediate(() => this.#send());
    });
  }

  /** Resolves when the log has started over or could not; at the latest when its writer is gone. */
  startOver(): Promise<void> {
    return new Promise((resolve) => {
      this.#startedOver = resolve;
      if (this.#worker === null) resolve();
      else this.#worker.postMessage("start-over" satisfies ToWriter);
    });
  }

  async close(): Promise<void> {
    if (this.#closing !== null) return;
    this.#send();
    const worker = this.#worker;
    await new Promise<void>((done) => {
      this.#closing = { done };
      if (worker === null) done();
      else worker.postMessage("close" satisfies ToWriter);
    });
    this.#worker = null;
    await worker?.terminate();
    this.#line.dismiss();
  }

  #send(): void {
    const outgoing = this.#outgoing;
    this.#outgoing = [];
    if (outgoing.length === 0) return;
    if (this.#post(outgoing)) return;
    // One of them holds what no message can carry; the others go their way.
    for (const one of outgoing) if (!this.#post([one])) one.reject(bug());
  }

  #post(operations: readonly Outgoing[]): boolean {
    if (this.#worker === null) {
      for (const one of operations) one.reject(unavailable());
      return true;
    }
    const flat: unknown[] = [];
    for (const { name, input } of operations) flat.push(name, input);
    try {
      this.#worker.postMessage([monotonicMs(), ...flat] satisfies ToWriter);
    } catch (error) {
      if (operations.length === 1) this.#log.error(traceOf(error), "an operation cannot be sent");
      return false;
    }
    for (const one of operations) this.#line.join(one);
    return true;
  }

  #answer([results, failures, moved, head]: GroupReply): void {
    if (head !== null) this.#head = head;
    let failed = 0;
    const count = Math.max(results.length, failures.length);
    this.#onGroup(count);
    for (let index = 0; index < count; index += 1) {
      const failure = failures[failed];
      if (failure !== undefined && failure[0] === index) {
        failed += 1;
        this.#line.next({ error: errorFromRecord(failure[1]) });
      } else this.#line.next({ result: results[index] });
    }
    for (const organizationId of moved) this.#onMoved(organizationId);
  }

  /** The thread died, by a lack of memory perhaps. Another takes its place and its audit stream. */
  #lost(): void {
    this.#worker = null;
    this.#startedOver?.();
    this.#line.dismiss();
    if (this.#closing !== null) {
      this.#closing.done();
      return;
    }
    this.#log.error({}, "the writer's thread ended; it is started again");
    const waitMs = this.#restartMs;
    this.#restartMs = Math.min(waitMs * 2, restartLastMs);
    setTimeout(() => {
      if (this.#closing !== null) return;
      this.start().catch((error: unknown) => {
        this.#log.error(error instanceof CofferError ? { code: error.code } : traceOf(error), "no writer");
        if (this.#worker === null) this.#lost();
      });
    }, waitMs);
  }
}
