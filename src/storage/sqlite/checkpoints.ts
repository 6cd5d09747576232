// Keeps the WAL bounded. It works between groups, after their answers went out, and waits for
// readers only when the log has grown far beyond what it should be.
import type { SqliteConnection } from "./connection.ts";

/** 4 MiB of 4 KiB pages: large enough that a page written often is copied back once. */
const copyBackFrames = 1_024;
/** 64 MiB: a reader has kept the log from starting over; now the writer waits for it a little. */
const startOverFrames = 16_384;
const startOverWaitMs = 500;
/** Looking costs a few microseconds; a group adds a few frames. */
const groupsBetweenLooks = 8;

export class Checkpoints {
  readonly #connection: SqliteConnection;
  readonly #busyMs: number;
  #groups = 0;
  #nextWait = startOverFrames;

  constructor(connection: SqliteConnection, busyMs: number) {
    this.#connection = connection;
    this.#busyMs = busyMs;
  }

  afterGroup(): void {
    this.#groups += 1;
    if (this.#groups % groupsBetweenLooks !== 0) return;
    const { log, copied } = this.#checkpoint("NOOP");
    if (log - copied < copyBackFrames) return;
    const after = this.#checkpoint("PASSIVE");
    if (after.log < this.#nextWait) return;
    const { log: left } = this.#startOver();
    this.#nextWait = Math.max(startOverFrames, left + startOverFrames / 4);
  }

  /**
   * Brings all that is in the log into the file, synced. After a sync of the log failed this is the
   * only way to know that what a reader sees is on disk. Throws when it cannot.
   */
  settle(): void {
    const { log, copied } = this.#startOver();
    if (copied < log) throw new Error("the log could not be copied back");
  }

  #startOver(): { log: number; copied: number } {
    this.#connection.pragma(`busy_timeout = ${startOverWaitMs}`);
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
