// Keeps the WAL bounded. It works between groups, after their answers went out. Where readers have kept
// the log from starting over until it is far longer than it should be, it asks for a moment without them:
// the writer itself never waits for a query, for everybody else would wait with it.
import type { SqliteConnection } from "./connection.ts";

/** 4 MiB of 4 KiB pages: large enough that a page written often is copied back once. */
const copyBackFrames = 1_024;
/** 64 MiB: readers have kept the log from starting over. */
const startOverFrames = 16_384;
/** Those who look up single rows read on, and are done at once. */
const startOverWaitMs = 20;
/** At the end of a connection nobody is left who would wait. */
const settleWaitMs = 500;
/** Looking costs a few microseconds; a group adds a few frames. */
const groupsBetweenLooks = 8;

export class Checkpoints {
  readonly #connection: SqliteConnection;
  readonly #busyMs: number;
  #groups = 0;
  #nextFrames = startOverFrames;

  constructor(connection: SqliteConnection, busyMs: number) {
    this.#connection = connection;
    this.#busyMs = busyMs;
  }

  /** True: nobody should read for a moment, and then `startOver` be called. */
  afterGroup(): boolean {
    this.#groups += 1;
    if (this.#groups % groupsBetweenLooks !== 0) return false;
    const { log, copied } = this.#checkpoint("NOOP");
    if (log - copied < copyBackFrames) return false;
    const after = this.#checkpoint("PASSIVE");
    if (after.log < this.#nextFrames) return false;
    this.#nextFrames = after.log + startOverFrames / 4;
    return true;
  }

  startOver(): void {
    const { log: left } = this.#truncate(startOverWaitMs);
    this.#nextFrames = Math.max(startOverFrames, left + startOverFrames / 4);
  }

  /**
   * Brings all that is in the log into the file, synced. After a sync of the log failed this is the
   * only way to know that what a reader sees is on disk. Throws when it cannot.
   */
  settle(): void {
    const { log, copied } = this.#truncate(settleWaitMs);
    if (copied < log) throw new Error("the log could not be copied back");
  }

  #truncate(waitMs: number): { log: number; copied: number } {
    this.#connection.pragma(`busy_timeout = ${waitMs}`);
    try {
      return this.#checkpoint("TRUNCATE");
    } finally {
      this.#connection.pragma(`busy_timeout = ${this.#busyMs}`);
    }
  }

  #checkpoint(mode: "NOOP" | "PASSIVE" | "TRUNCATE"): { log: number; copied: number } {
    const row = this.#connection.pragma(`wal_checkpoint(${mode})`);
    return { log: Number(row?.log ?? 0), copied: Number(row?.checkpointed ?? 0) };
  }
}
