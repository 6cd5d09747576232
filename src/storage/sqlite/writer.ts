// The writer's thread: it owns the only connection that writes. What queued while one commit ran
// goes into the next group. It answers operations in the order in which they came, each once, and
// while it has no connection it answers at once that there is none.
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { CofferError, errorRecord } from "../../core/errors.ts";
import { type Bodies, bug, type EngineLog, traceOf, unavailable } from "../engine.ts";
import type { Fault, FaultModule } from "../faults.ts";
import { closeStream, open, reopen, type WriterConnection } from "./chain.ts";
import type { Checkpoints } from "./checkpoints.ts";
import { everyone, type GroupEnd, GroupRunner, type Operation } from "./group.ts";
import {
  type FromWriter,
  type GroupReply,
  monotonicMs,
  type OperationBatch,
  type ToWriter,
  type WriterData,
} from "./messages.ts";

const retryFirstMs = 50;
const retryLastMs = 2_000;

class WriterThread {
  readonly #port: MessagePort;
  readonly #data: WriterData;
  readonly #bodies: Bodies;
  readonly #fault: Fault | null;
  readonly #log: EngineLog;
  #at: WriterConnection;
  #runner: GroupRunner;
  #queue: { operation: Operation; sentMs: number }[] = [];
  #working = false;
  #down = false;
  #closing = false;
  #startsOver = false;
  #left = false;

  constructor(
    port: MessagePort,
    data: WriterData,
    bodies: Bodies,
    fault: Fault | null,
    log: EngineLog,
    at: WriterConnection,
  ) {
    this.#port = port;
    this.#data = data;
    this.#bodies = bodies;
    this.#fault = fault;
    this.#log = log;
    this.#at = at;
    this.#runner = this.#newRunner();
    port.on("message", (message: ToWriter) => {
      this.#take(message);
      if (this.#down) this.#refuseQueued();
      else if (!this.#working) void this.#work();
    });
  }

  #newRunner(): GroupRunner {
    const { connection, stream } = this.#at;
    return new GroupRunner({ connection, stream, bodies: this.#bodies, fault: this.#fault, log: this.#log });
  }

  #take(message: ToWriter): void {
    if (message === "close") {
      this.#closing = true;
      return;
    }
    if (message === "start-over") {
      this.#startsOver = true;
      return;
    }
    const [sentMs, ...rest] = message satisfies OperationBatch;
    for (let at = 0; at < rest.length; at += 2) {
      this.#queue.push({ operation: { name: String(rest[at]), input: rest[at + 1] }, sentMs });
    }
  }

  /** Group after group until nothing is queued. It never waits for the event loop. */
  async #work(): Promise<void> {
    this.#working = true;
    for (;;) {
      this.#drain();
      this.#startOver();
      if (this.#queue.length === 0) break;
      const { writerGroupMax, commitWaitMs } = this.#data.limits;
      const taken = this.#queue.splice(0, writerGroupMax);
      // Who sent it was answered by now; doing it would only hold up those who still wait.
      const stale = taken.findIndex((one) => monotonicMs() - one.sentMs < commitWaitMs);
      const skipped = stale < 0 ? taken.length : stale;
      if (skipped > 0) this.#post(everyone(skipped, errorRecord(unavailable())));
      if (skipped < taken.length) await this.#runGroup(taken.slice(skipped).map((one) => one.operation));
    }
    this.#working = false;
    if (this.#closing && !this.#left) await this.#close();
  }

  #drain(): void {
    while (!this.#left) {
      const received = receiveMessageOnPort(this.#port);
      if (received === undefined) return;
      this.#take(received.message);
    }
  }

  async #runGroup(operations: readonly Operation[]): Promise<void> {
    const end = await this.#unlessItStrays(this.#runner.run(operations), operations.length);
    this.#post(end.reply);
    if (end.kind === "committed") return this.#tidy();
    this.#log.error(
      traceOf(end.cause),
      end.kind === "broken" ? "the engine failed" : "a body could not be undone",
    );
    if (end.kind === "broken") await this.#recover(end.cause);
  }

  /**
   * A body may await its transaction only, so the group is over before the event loop turns. One
   * that awaits something else must not hold the file: its group is given up.
   */
  #unlessItStrays(group: Promise<GroupEnd>, count: number): Promise<GroupEnd> {
    return new Promise((resolve, reject) => {
      const strayed = setImmediate(() => {
        const cause = new Error("a body awaited something beside its transaction");
        resolve({ kind: "broken", reply: everyone(count, errorRecord(unavailable())), cause });
      });
      group.then(resolve, reject).finally(() => clearImmediate(strayed));
    });
  }

  #tidy(): void {
    this.#copyBack((checkpoints) => {
      if (checkpoints.afterGroup()) this.#port.postMessage({ kind: "log-is-long" } satisfies FromWriter);
    });
  }

  #startOver(): void {
    if (!this.#startsOver) return;
    this.#startsOver = false;
    if (!this.#down) this.#copyBack((checkpoints) => checkpoints.startOver());
    this.#port.postMessage({ kind: "started-over" } satisfies FromWriter);
  }

  #copyBack(work: (checkpoints: Checkpoints) => void): void {
    try {
      work(this.#at.checkpoints);
    } catch (error) {
      // The log only grows: a disk that is full or failing shows itself at the next commit.
      this.#log.warn(traceOf(error), "the log could not be copied back");
    }
  }

  /** Opens the file again, with patience. The first try is at once, so a passing failure costs little. */
  async #recover(failure: unknown): Promise<void> {
    const stream = this.#at.stream.id;
    this.#at.connection.close();
    for (let waitMs = retryFirstMs; ; waitMs = Math.min(waitMs * 2, retryLastMs)) {
      try {
        this.#at = await reopen(this.#data, stream, failure);
        this.#runner = this.#newRunner();
        if (this.#down) this.#log.info({}, "the database is back");
        this.#down = false;
        return;
      } catch (error) {
        if (!this.#down) this.#log.error(traceOf(error), "the database could not be opened again");
        this.#down = true;
      }
      this.#drain();
      this.#refuseQueued();
      if (this.#closing) return this.#leave();
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
  }

  #refuseQueued(): void {
    this.#startOver();
    const queued = this.#queue.length;
    this.#queue = [];
    if (queued > 0) this.#post(everyone(queued, errorRecord(unavailable())));
  }

  async #close(): Promise<void> {
    try {
      await closeStream(this.#at);
    } catch (error) {
      this.#log.error(traceOf(error), "the audit stream could not be closed; the next start will do it");
      this.#at.stream.abandon();
      return this.#leave();
    }
    // Somebody may still read: a query that was given up, a backup. Then the next start finds the log.
    this.#copyBack((checkpoints) => checkpoints.settle());
    this.#leave();
  }

  #leave(): void {
    this.#left = true;
    this.#at.connection.close();
    this.#port.postMessage({ kind: "closed", head: this.#at.stream.committed } satisfies FromWriter);
    this.#port.close();
  }

  #post(reply: GroupReply): void {
    try {
      this.#port.postMessage(reply);
    } catch (error) {
      // A result that no message can carry; the commit stands.
      this.#log.error(traceOf(error), "a body answered what cannot be sent");
      const [results, , moved, head] = reply;
      const [, failures] = everyone(results.length, errorRecord(bug()));
      this.#port.postMessage([[], failures, moved, head] satisfies GroupReply);
    }
  }
}

/** For the operator who starts the server: the engine's own words say what is wrong with the file. */
function cannotOpen(file: string, cause: unknown): CofferError {
  const { errstr } = cause as { errstr?: unknown };
  const reason = typeof errstr === "string" ? `: ${errstr}` : "";
  return new CofferError(
    "storage.unavailable",
    `The database ${file} cannot be opened${reason}.`,
    {},
    { cause },
  );
}

async function start(port: MessagePort, data: WriterData): Promise<void> {
  const tell = (level: "info" | "warn" | "error") => (fields: object, message: string) =>
    port.postMessage({ kind: "log", level, fields, message } satisfies FromWriter);
  const log: EngineLog = { info: tell("info"), warn: tell("warn"), error: tell("error") };
  try {
    const bodies: Bodies = await import(data.bodies);
    const faults: FaultModule | null = data.faults === null ? null : await import(data.faults);
    const at = await open(data, bodies, faults?.fault ?? null);
    const head = at.stream.committed;
    new WriterThread(port, data, bodies, faults?.fault ?? null, log, at);
    port.postMessage({ kind: "ready", head } satisfies FromWriter);
  } catch (error) {
    log.error(traceOf(error), "the database could not be opened");
    const refused = error instanceof CofferError ? error : cannotOpen(data.file, error);
    port.postMessage({ kind: "refused", error: errorRecord(refused) } satisfies FromWriter);
    port.close();
  }
}

if (parentPort !== null) await start(parentPort, workerData);
