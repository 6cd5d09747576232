// `coffer restore`: a backup into an empty place. The next start there starts anew; see start-anew.ts.
// Killed at any point it leaves nothing that a server would take for a database.
import { createReadStream, existsSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { systemClock } from "../core/clock.ts";
import { readBackup } from "../storage/backup/read.ts";
import { type Restored, restoreInto, type Target } from "../storage/backup/restore.ts";
import { sqliteTarget } from "../storage/backup/sqlite.ts";
import type { Fault } from "../storage/faults.ts";
import { migrations } from "../storage/migrations/index.ts";
import { createPrivate, lockFolder, restoringFile } from "../storage/sqlite/folder.ts";
import { type Config, loadPlace, type ServeFlags } from "./config.ts";
import { placeShown } from "./config-shown.ts";
import { demandReadable, sync, UnfitPlace } from "./files.ts";

export interface RestoreParts {
  readonly stdin: AsyncIterable<Buffer | string>;
  readonly onRows: (rows: number) => void;
  /** For tests. */
  readonly fault?: Fault;
}

export interface RestoredPlace extends Restored {
  /** Null: a PostgreSQL database. */
  readonly data: string | null;
  /** The data folder, or the address of the database without its password. */
  readonly target: string;
}

/** `from` is a file, or `-` for stdin. */
export async function restore(flags: ServeFlags, from: string, parts: RestoreParts): Promise<RestoredPlace> {
  const config = loadPlace(flags);
  if (from !== "-") await demandReadable(from);
  const source = from === "-" ? parts.stdin : createReadStream(from, { highWaterMark: chunkBytes });
  const fill = async (target: Target) => {
    const backup = await readBackup(bytesOf(source));
    const restored = await restoreInto(
      target,
      backup,
      { known: migrations, at: systemClock.now() },
      parts.onRows,
    );
    parts.fault?.("restore.after-rows");
    return restored;
  };
  const target = placeShown(config);
  if (config.database !== null) return { data: null, target, ...(await intoPostgres(config.database, fill)) };
  return { data: config.data, target, ...(await intoFolder(config, fill, parts.fault)) };
}

const chunkBytes = 1024 * 1024;

async function* bytesOf(source: AsyncIterable<Buffer | string>): AsyncGenerator<Buffer> {
  for await (const chunk of source) yield typeof chunk === "string" ? Buffer.from(chunk) : chunk;
}

async function intoFolder(
  config: Config,
  fill: (target: Target) => Promise<Restored>,
  fault?: Fault,
): Promise<Restored> {
  const file = join(config.data, "coffer.db");
  const draft = join(config.data, restoringFile);
  const lock = lockFolder(config.data);
  try {
    for (const there of [file, `${file}-wal`, `${file}-journal`]) {
      if (existsSync(there))
        throw new UnfitPlace(`${there} is there already; a restore goes into an empty folder`);
    }
    const restored = await fillFile(draft, fill);
    fault?.("restore.before-rename");
    await rename(draft, file);
    await sync(config.data);
    fault?.("restore.after-rename");
    return restored;
  } finally {
    lock.release();
  }
}

/** Leaves nothing of a file that did not come to its end. */
export async function fillFile(file: string, fill: (target: Target) => Promise<Restored>): Promise<Restored> {
  await rm(file, { force: true });
  try {
    createPrivate(file);
    const target = sqliteTarget(file);
    try {
      const restored = await fill(target);
      target.close();
      await sync(file);
      return restored;
    } finally {
      target.close();
    }
  } catch (error) {
    await rm(file, { force: true });
    throw error;
  }
}

async function intoPostgres(url: string, fill: (target: Target) => Promise<Restored>): Promise<Restored> {
  const { postgresTarget } = await import("../storage/backup/postgres.ts");
  const target = await postgresTarget(url);
  try {
    return await fill(target);
  } finally {
    await target.close();
  }
}
