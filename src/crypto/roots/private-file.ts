// Files that only their owner may read: root keys, passphrases and what belongs to them. Such a file is
// made whole or not at all, never replaced, and read only when it is its owner's alone.
import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, link, open, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { badRootKeys } from "./keys.ts";

/** Null when there is no such file. Anything that others could read or have put there is refused. */
export async function readPrivateFile(path: string, bytesMax: number): Promise<Buffer | null> {
  // NONBLOCK: a pipe put in place of the file must not hold the start.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  let file: FileHandle;
  try {
    file = await open(path, flags);
  } catch (error) {
    const code = systemCode(error);
    if (code === "ENOENT") return null;
    const rule = code === "ELOOP" ? `${path} is a symbolic link` : `${path} cannot be opened (${code})`;
    throw badRootKeys(rule, { cause: error });
  }
  try {
    await refuseUnsafe(file, path);
    return await readBounded(file, path, bytesMax);
  } finally {
    await file.close();
  }
}

async function refuseUnsafe(file: FileHandle, path: string): Promise<void> {
  const { mode, uid } = await file.stat();
  if ((mode & constants.S_IFMT) !== constants.S_IFREG) throw badRootKeys(`${path} is not a file`);
  if (uid !== process.geteuid?.()) throw badRootKeys(`${path} belongs to another user`);
  if ((mode & 0o077) !== 0) {
    throw badRootKeys(`${path} is open to its group or to others; "chmod 600" closes it`);
  }
}

async function readBounded(file: FileHandle, path: string, bytesMax: number): Promise<Buffer> {
  const bytes = Buffer.alloc(bytesMax + 1);
  let length = 0;
  while (length < bytes.length) {
    const { bytesRead } = await file.read(bytes, length, bytes.length - length, length);
    if (bytesRead === 0) return bytes.subarray(0, length);
    length += bytesRead;
  }
  bytes.fill(0);
  throw badRootKeys(`${path} is too long to be such a file`);
}

/**
 * The text is written and synced under another name and then linked to `path`, which fails where
 * anything stands: a crash leaves a whole file or none.
 */
export async function createPrivateFile(path: string, text: string): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString("hex")}.new`;
  try {
    await writeSynced(draft, text);
    await link(draft, path);
    await sync(dirname(path));
  } catch (error) {
    const code = systemCode(error);
    const rule =
      code === "EEXIST" ? `${path} exists and is never replaced` : `${path} cannot be made (${code})`;
    throw badRootKeys(rule, { cause: error });
  } finally {
    await rm(draft, { force: true });
  }
}

async function writeSynced(path: string, text: string): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function sync(folder: string): Promise<void> {
  const directory = await open(folder, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

function systemCode(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown";
}
