// `coffer backup`: one snapshot of the database into one file, beside a running server. It reads what lies
// there, sealed as it lies, and needs no key; it writes nothing into the database.
import { randomBytes } from "node:crypto";
import { existsSync, statSync } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { systemClock } from "../core/clock.ts";
import { uuidv7 } from "../core/ids.ts";
import type { Totals } from "../storage/backup/format.ts";
import { sqliteSnapshot } from "../storage/backup/sqlite.ts";
import { type Snapshot, writeBackup } from "../storage/backup/write.ts";
import { type Config, loadPlace, type ServeFlags } from "./config.ts";
import { placeShown } from "./config-shown.ts";
import { sync, UnfitPlace } from "./files.ts";

export interface BackupMade extends Totals {
  readonly id: string;
  readonly takenAt: string;
  readonly installation: string;
  /** The data folder, or the address of the database without its password. */
  readonly source: string;
  /** Null: it went to stdout. */
  readonly file: string | null;
  readonly bytes: number;
}

export interface BackupParts {
  /** Where `-` leads. */
  readonly stdout: NodeJS.WritableStream;
  readonly onRows: (rows: number) => void;
}

/** `to` is a file that is not there yet, a folder that is, or `-`. */
export async function backup(flags: ServeFlags, to: string, parts: BackupParts): Promise<BackupMade> {
  const config = loadPlace(flags);
  const takenAt = systemClock.now();
  const id = uuidv7(systemClock).next();
  const file = to === "-" ? null : placeFor(to, takenAt);
  const snapshot = await snapshotOf(config);
  try {
    let bytes = 0;
    const written = async (write: (chunk: Buffer) => Promise<void>) =>
      writeBackup(
        snapshot,
        { id, takenAt },
        (chunk) => {
          bytes += chunk.length;
          return write(chunk);
        },
        parts.onRows,
      );
    const totals =
      file === null ? await written((chunk) => handOn(parts.stdout, chunk)) : await asFile(file, written);
    const told = { installation: snapshot.installation, source: placeShown(config) };
    return { id, takenAt: new Date(takenAt).toISOString(), ...told, file, bytes, ...totals };
  } finally {
    await snapshot.close();
  }
}

async function snapshotOf(config: Config): Promise<Snapshot> {
  if (config.database === null) return sqliteSnapshot(join(config.data, "coffer.db"));
  const { postgresSnapshot } = await import("../storage/backup/postgres.ts");
  return postgresSnapshot(config.database);
}

function placeFor(to: string, takenAt: number): string {
  const stamp = new Date(takenAt).toISOString().replaceAll(/[-:]|\.\d+/g, "");
  const folder = existsSync(to) && statSync(to).isDirectory();
  const file = folder ? join(to, `coffer-${stamp}.backup`) : to;
  if (existsSync(file)) throw new UnfitPlace(`${file} is there already; a backup overwrites nothing`);
  return file;
}

/** What stands under the name is whole and on disk. */
async function asFile<T>(
  file: string,
  work: (write: (chunk: Buffer) => Promise<void>) => Promise<T>,
): Promise<T> {
  const folder = dirname(resolve(file));
  // Not by the process's number: in a container that is the same each time, and a killed one left its draft.
  const draft = join(folder, `.${basename(file)}.${randomBytes(6).toString("hex")}.tmp`);
  const handle = await open(draft, "wx", 0o600);
  try {
    try {
      const result = await work(async (chunk) => void (await handle.writeFile(chunk)));
      await handle.sync();
      if (existsSync(file))
        throw new UnfitPlace(`${file} has appeared meanwhile; a backup overwrites nothing`);
      await rename(draft, file);
      await sync(folder);
      return result;
    } finally {
      await handle.close();
    }
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

function handOn(stream: NodeJS.WritableStream, chunk: Buffer): Promise<void> {
  return new Promise((done, fail) => {
    stream.write(chunk, (error) => (error ? fail(error) : done()));
  });
}
