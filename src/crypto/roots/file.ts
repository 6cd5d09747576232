// Root keys as text and as a file: several keys, one of which wraps. It knows nothing of what the
// keys wrap. A key file is made whole or not at all, never replaced, and read only when it is its
// owner's alone. The written definition is docs/reference/envelope-format.md.
import { createHmac, createSecretKey, type KeyObject, randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, link, open, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { CofferError } from "../../core/errors.ts";
import { limits } from "../../core/limits.ts";
import { keyBytes } from "../gcm.ts";

export interface RootKey {
  readonly id: string;
  readonly key: KeyObject;
}

export interface RootKeys {
  /** The one that wraps. */
  readonly active: RootKey;
  /** Any key of the file unwraps. */
  find(id: string): RootKey | null;
}

const header = "coffer-root-keys/1";
const keyLine = /^(rk_[0-9a-f]{16}) ([A-Za-z0-9+/]{43}=)( active)?$/;
const bareKey = /^[A-Za-z0-9+/]{43}=\n?$/;

/** The id follows from the key, so that a mistyped key is found before anything is unwrapped. */
export function rootKeyId(key: KeyObject): string {
  const mac = createHmac("sha256", key).update("coffer/root-key-id/1").digest("hex");
  return `rk_${mac.slice(0, 16)}`;
}

export function newRootKey(): RootKey {
  const bytes = randomBytes(keyBytes);
  const key = rootKeyOf(bytes);
  bytes.fill(0);
  return key;
}

function rootKeyOf(bytes: Uint8Array): RootKey {
  const key = createSecretKey(bytes);
  return { id: rootKeyId(key), key };
}

/** What `coffer key new` prints and what stands in a new file. */
export function formatRootKeyFile({ id, key }: RootKey): string {
  return [
    header,
    "# Who has this file can open every value of the installation. Keep a copy away from the data.",
    `${id} ${key.export().toString("base64")} active`,
    "",
  ].join("\n");
}

/** The text of a key file, or one bare key in base64, as COFFER_ROOT_KEY may hold either. */
export function parseRootKeys(text: string): RootKeys {
  if (bareKey.test(text)) {
    const only = decodeKey(text.trimEnd());
    if (only === null) throw badRootKeys("the key is not 32 bytes in base64");
    return rootKeys([only], only);
  }
  return parseKeyFile(text);
}

function parseKeyFile(text: string): RootKeys {
  if (text.length > limits.rootKeyFileBytesMax) throw badRootKeys("it is too long to be a key file");
  const [first, ...lines] = text.split("\n");
  if (first !== header) throw badRootKeys(`the first line must be "${header}"`);
  const keys: RootKey[] = [];
  let active: RootKey | null = null;
  for (const [index, line] of lines.entries()) {
    if (line === "" || line.startsWith("#")) continue;
    const at = `line ${index + 2}`;
    const [, id, base64, mark] = keyLine.exec(line) ?? [];
    if (id === undefined || base64 === undefined) {
      throw badRootKeys(`${at} must be an id, a key in base64 and perhaps "active"`);
    }
    const key = decodeKey(base64);
    if (key === null) throw badRootKeys(`${at}: the key is not 32 bytes in base64`);
    if (key.id !== id) throw badRootKeys(`${at}: the key does not belong to the id ${id}; is it mistyped?`);
    if (keys.some((other) => other.id === id)) throw badRootKeys(`${at} repeats the key ${id}`);
    if (mark !== undefined && active !== null) throw badRootKeys(`${at}: only one key may be active`);
    if (mark !== undefined) active = key;
    keys.push(key);
    if (keys.length > limits.rootKeysMax) throw badRootKeys(`more than ${limits.rootKeysMax} keys`);
  }
  if (active === null) throw badRootKeys('one key must be marked "active"');
  return rootKeys(keys, active);
}

/** Null unless the text is the one way to write these bytes: spare bits in base64 must be zero. */
function decodeKey(base64: string): RootKey | null {
  const bytes = Buffer.from(base64, "base64");
  const exact = bytes.length === keyBytes && bytes.toString("base64") === base64;
  const key = exact ? rootKeyOf(bytes) : null;
  bytes.fill(0);
  return key;
}

function rootKeys(keys: readonly RootKey[], active: RootKey): RootKeys {
  return { active, find: (id) => keys.find((key) => key.id === id) ?? null };
}

/** The message names the place and the rule, never a key. */
function badRootKeys(rule: string, options: ErrorOptions = {}): CofferError {
  return new CofferError("server.sealed", `The root key cannot be used: ${rule}.`, {}, options);
}

/** Null when there is no such file. Anything else that is not a good key file is refused. */
export async function readRootKeyFile(path: string): Promise<RootKeys | null> {
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
    return parseRootKeys(await readBounded(file, path));
  } finally {
    await file.close();
  }
}

async function refuseUnsafe(file: FileHandle, path: string): Promise<void> {
  const { mode, uid, size } = await file.stat();
  if ((mode & constants.S_IFMT) !== constants.S_IFREG) throw badRootKeys(`${path} is not a file`);
  if (uid !== process.geteuid?.()) throw badRootKeys(`${path} belongs to another user`);
  if ((mode & 0o077) !== 0) {
    throw badRootKeys(`${path} is open to its group or to others; "chmod 600" closes it`);
  }
  if (size > limits.rootKeyFileBytesMax) throw badRootKeys(`${path} is too long to be a key file`);
}

async function readBounded(file: FileHandle, path: string): Promise<string> {
  const bytes = Buffer.alloc(limits.rootKeyFileBytesMax + 1);
  let length = 0;
  while (length < bytes.length) {
    const { bytesRead } = await file.read(bytes, length, bytes.length - length, length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  const text = bytes.toString("latin1", 0, length);
  bytes.fill(0);
  if (length > limits.rootKeyFileBytesMax) throw badRootKeys(`${path} is too long to be a key file`);
  return text;
}

/**
 * Makes a key and its file. The text is written and synced under another name and then linked to
 * `path`, which fails where anything stands: a crash leaves a whole key file or none.
 */
export async function createRootKeyFile(path: string): Promise<RootKeys> {
  const key = newRootKey();
  const draft = `${path}.${randomBytes(6).toString("hex")}.new`;
  try {
    await writeSynced(draft, formatRootKeyFile(key));
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
  return rootKeys([key], key);
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
