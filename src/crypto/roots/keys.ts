// Root keys, and how several are written as text: one that wraps, the others only unwrap. It knows
// neither where the text comes from nor what the keys wrap. The written definition is
// docs/reference/envelope-format.md.
import { createHmac, createSecretKey, type KeyObject, randomBytes } from "node:crypto";
import { CofferError } from "../../core/errors.ts";
import type { RootKeeper } from "../../core/keys/root.ts";
import { limits } from "../../core/limits.ts";
import { keyBytes } from "../gcm.ts";

export interface RootKey {
  readonly id: string;
  readonly key: KeyObject;
  readonly keeper: RootKeeper;
}

/** The key itself lies in one of these. */
export type OpenKeeper = "file" | "variable";

export interface RootKeys {
  /** The one that its provider would have wrap. */
  readonly active: RootKey;
  /** Any of them unwraps. */
  readonly all: readonly RootKey[];
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
  return rootKeyOf(randomBytes(keyBytes));
}

/** The bytes are wiped. */
export function rootKeyOf(bytes: Buffer, keeper: RootKeeper = { provider: "file", keyId: null }): RootKey {
  const key = createSecretKey(bytes);
  bytes.fill(0);
  return { id: rootKeyId(key), key, keeper };
}

/** A new file's text: the keys of an older one stay and only unwrap from then on. */
export function formatRootKeyFile({ id, key }: RootKey, older: readonly RootKey[] = []): string {
  return [
    header,
    "# Who has this file can open every value of the installation. Keep a copy away from the data.",
    ...older.map((one) => `${one.id} ${one.key.export().toString("base64")}`),
    `${id} ${key.export().toString("base64")} active`,
    "",
  ].join("\n");
}

/** The same text without one of its keys; the active one stays. */
export function rootKeyFileWithout(text: string, id: string): string {
  const { all, active } = parseKeyFile(text);
  if (active.id === id) throw badRootKeys(`${id} is the active key and is not dropped`);
  if (!all.some((key) => key.id === id)) throw badRootKeys(`the file has no key ${id}`);
  return formatRootKeyFile(
    active,
    all.filter((key) => key.id !== id && key !== active),
  );
}

/** The text of a key file, or one bare key in base64, as COFFER_ROOT_KEY may hold either. */
export function parseRootKeys(text: string, provider: OpenKeeper = "file"): RootKeys {
  if (bareKey.test(text)) {
    const only = decodeKey(text.trimEnd(), provider);
    if (only === null) throw badRootKeys("the key is not 32 bytes in base64");
    return rootKeys([only], only);
  }
  return parseKeyFile(text, provider);
}

function parseKeyFile(text: string, provider: OpenKeeper = "file"): RootKeys {
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
    const key = decodeKey(base64, provider);
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
function decodeKey(base64: string, provider: OpenKeeper): RootKey | null {
  const bytes = Buffer.from(base64, "base64");
  const exact = bytes.length === keyBytes && bytes.toString("base64") === base64;
  return exact ? rootKeyOf(bytes, { provider, keyId: null }) : null;
}

export function rootKeys(all: readonly RootKey[], active: RootKey): RootKeys {
  return { active, all, find: (id) => all.find((key) => key.id === id) ?? null };
}

/** The message names the place and the rule, never a key. */
export function badRootKeys(rule: string, options: ErrorOptions = {}): CofferError {
  return new CofferError("server.sealed", `The root key cannot be used: ${rule}.`, {}, options);
}
