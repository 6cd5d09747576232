// The data folder belongs to one server. The lock is the operating system's, held on a small
// database file, so it goes with the process however that ends. Folders whose file system cannot
// vouch for locks, shared memory and syncs are refused.
import { closeSync, existsSync, mkdirSync, openSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { CofferError } from "../../core/errors.ts";

export interface FolderLock {
  readonly folder: string;
  release(): void;
}

/**
 * `f_type` of statfs(2). On these another machine may hold the bytes: SQLite's WAL needs memory
 * shared between all who open the file, and a sync that reaches a disk. FUSE is among them because
 * sshfs, GlusterFS and mounted buckets look the same to the kernel as a local disk does.
 */
export const networkFileSystems: ReadonlyMap<number, string> = new Map([
  [0x6969, "NFS"],
  [0x517b, "SMB"],
  [0xff534d42, "CIFS"],
  [0xfe534d42, "SMB2"],
  [0x5346414f, "AFS"],
  [0x6b414653, "AFS"],
  [0x01021997, "9P"],
  [0x73757245, "Coda"],
  [0x00c36400, "Ceph"],
  [0x0bd00bd0, "Lustre"],
  [0x47504653, "GPFS"],
  [0x7461636f, "OCFS2"],
  [0x01161970, "GFS2"],
  [0x65735546, "FUSE"],
]);

export const lockFile = "coffer.lock";

/** Takes the folder for this process; it is made when missing. Throws when another server has it. */
export function lockFolder(folder: string): FolderLock {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  refuseNetworkFileSystem(folder, statfsSync(folder).type);
  const file = join(folder, lockFile);
  createPrivate(file);
  const db = new DatabaseSync(file, { timeout: 0 });
  try {
    db.exec("BEGIN EXCLUSIVE");
  } catch (cause) {
    db.close();
    const message = `Another server is running on the data folder ${folder}.`;
    throw new CofferError("storage.unavailable", message, {}, { cause });
  }
  return { folder, release: () => db.isOpen && db.close() };
}

/** What a restore fills before it becomes the database. */
export const restoringFile = "coffer.db.restoring";

/** A folder in which a restore ended half way is not taken for a new one. Lets go of the lock then. */
export function refuseHalfRestored(lock: FolderLock): void {
  const file = join(lock.folder, restoringFile);
  if (!existsSync(file)) return;
  lock.release();
  const message = `A restore into ${lock.folder} did not come to its end: run it again, or remove ${file}.`;
  throw new CofferError("storage.unavailable", message);
}

export function refuseNetworkFileSystem(folder: string, type: number): void {
  const kind = networkFileSystems.get(type >>> 0);
  if (kind === undefined) return;
  throw new CofferError(
    "storage.unavailable",
    `The data folder ${folder} lies on ${kind}, where an embedded database cannot be kept safely. ` +
      "Use a folder on a local disk, or PostgreSQL.",
  );
}

/** An empty file that only its owner reads. Never on a file that this process has open in SQLite. */
export function createPrivate(file: string): void {
  try {
    closeSync(openSync(file, "wx", 0o600));
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  }
}
