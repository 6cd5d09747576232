// Free space that is kept for what must go on. Below it whatever makes the database grow at a
// caller's wish is refused, so that there is room left to reveal, to record it, and to delete.
// Space is measured by a job, never by a request.
import { statfs } from "node:fs/promises";
import { CofferError } from "../core/errors.ts";
import type { Command, Database } from "../core/ports.ts";
import type { EngineLog } from "../storage/engine.ts";

/** Above the reserve by a quarter it is over; else it would come and go with every checkpoint. */
const enoughAgain = 1.25;

export interface Reserve {
  readonly low: boolean;
  /** As measured last; null: not yet, or not this process's to see. */
  readonly freeBytes: number | null;
  readonly reserveBytes: number | null;
  measure(): Promise<void>;
}

export function diskReserve(folder: string, bytes: number, log: EngineLog): Reserve {
  let low = false;
  let measured: number | null = null;
  return {
    reserveBytes: bytes,
    get low() {
      return low;
    },
    get freeBytes() {
      return measured;
    },
    async measure() {
      const { bavail, bsize } = await statfs(folder);
      const freeBytes = bavail * bsize;
      measured = freeBytes;
      if (bytes === 0) return;
      const before = low;
      low = freeBytes < (low ? bytes * enoughAgain : bytes);
      if (low === before) return;
      const fields = { freeBytes, reserveBytes: bytes };
      if (low)
        log.error(fields, "free space is below the reserve: what would add to the database is refused");
      else log.info(fields, "there is enough free space again");
    },
  };
}

/** Where the space is another server's to watch. */
export const noReserve: Reserve = { low: false, freeBytes: null, reserveBytes: null, async measure() {} };

export function storageFull(): CofferError {
  return new CofferError(
    "storage.full",
    "The server is short of disk space: it reads and deletes, and takes nothing new.",
  );
}

/** The same database; what grows it is refused before it is sent, while space is low. */
export function reserving(database: Database, reserve: Pick<Reserve, "low">): Database {
  return {
    ...database,
    execute<I, O>(command: Command<I, O>, input: I): Promise<O> {
      if (reserve.low && command.grows === true) return Promise.reject(storageFull());
      return database.execute(command, input);
    },
  };
}
