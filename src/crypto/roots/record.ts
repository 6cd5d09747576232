// The record of root keys that a provider keeps: each wrapped by a key that never leaves it. It knows no
// vendor. Keeps: what comes back from a provider is the root key that the line names, or an error. The
// written definition is docs/reference/envelope-format.md.
import { hash } from "node:crypto";
import { CofferError } from "../../core/errors.ts";
import { limits } from "../../core/limits.ts";
import { keyBytes } from "../gcm.ts";
import { badRootKeys, newRootKey, type RootKey, rootKeyOf } from "./keys.ts";
import { readPrivateFile } from "./private-file.ts";
import {
  isUnavailable,
  type ProviderKind,
  providerError,
  providerKinds,
  type RootProvider,
  type Wrapped,
} from "./provider.ts";

export interface RecordLine extends Wrapped {
  /** Of the root key. */
  readonly id: string;
  readonly provider: ProviderKind;
  readonly active: boolean;
}

const header = "coffer-root-record/1";
const recordLine =
  /^(rk_[0-9a-f]{16}) ([a-z0-9-]{1,32}) ([a-z0-9-]{1,32}) ([!-~]{1,512}) ([A-Za-z0-9+/]{4,1368}={0,2})( active)? #([0-9a-f]{16})$/;

/** Null where there is none. */
export async function readRootRecord(path: string): Promise<string | null> {
  const bytes = await readPrivateFile(path, limits.rootKeyFileBytesMax);
  return bytes === null ? null : bytes.toString("latin1");
}

export function isRootRecord(text: string): boolean {
  return text.startsWith(header);
}

export function parseRootRecord(text: string): readonly RecordLine[] {
  if (text.length > limits.rootKeyFileBytesMax)
    throw badRootKeys("it is too long to be a record of root keys");
  const [first, ...rest] = text.split("\n");
  if (first !== header) throw badRootKeys(`the first line of the record must be "${header}"`);
  const lines: RecordLine[] = [];
  for (const [index, source] of rest.entries()) {
    if (source === "" || source.startsWith("#")) continue;
    const at = `line ${index + 2} of the record`;
    const line = parseLine(source, at);
    if (lines.some(({ id }) => id === line.id)) throw badRootKeys(`${at} repeats the key ${line.id}`);
    if (line.active && lines.some(({ active }) => active)) {
      throw badRootKeys(`${at}: only one key may be active`);
    }
    lines.push(line);
    if (lines.length > limits.rootRecordsMax) {
      throw badRootKeys(`more than ${limits.rootRecordsMax} keys in the record`);
    }
  }
  if (!lines.some(({ active }) => active)) throw badRootKeys('one key must be marked "active"');
  return lines;
}

function parseLine(source: string, at: string): RecordLine {
  const [, id = "", kind, algorithm = "", keyId = "", base64 = "", mark, told] =
    recordLine.exec(source) ?? [];
  if (told === undefined) throw badRootKeys(`${at} is not as it was written`);
  if (checksum(source.slice(0, -" #".length - told.length)) !== told) throw badRootKeys(`${at} is damaged`);
  const provider = providerKinds.find((one) => one === kind);
  if (provider === undefined) throw badRootKeys(`${at} names a provider that this release does not know`);
  const blob = Buffer.from(base64, "base64");
  if (blob.toString("base64") !== base64) throw badRootKeys(`${at} is not as it was written`);
  return { id, provider, algorithm, keyId, blob, active: mark !== undefined };
}

function formatRecord(lines: readonly RecordLine[]): string {
  const text = [
    header,
    "# Root keys, each wrapped by a key that its provider keeps. No secret, but without it no value can be read.",
    ...lines.map(formatLine),
    "",
  ].join("\n");
  // Whatever a provider names its key: what is written can be read.
  parseRootRecord(text);
  return text;
}

function formatLine({ id, provider, algorithm, keyId, blob, active }: RecordLine): string {
  const said = `${id} ${provider} ${algorithm} ${keyId} ${blob.toString("base64")}${active ? " active" : ""}`;
  return `${said} #${checksum(said)}`;
}

/** Tells damage from a provider's refusal. It protects nothing: who can write the file can write it too. */
function checksum(said: string): string {
  return hash("sha256", said, "hex").slice(0, 16);
}

/** A root key that nobody has seen, as the provider wraps it, and the lines of an older record. */
export async function newRootRecord(
  provider: RootProvider,
  older: string | null = null,
): Promise<{ readonly text: string; readonly key: RootKey }> {
  const before = older === null ? [] : parseRootRecord(older);
  const { line, key } = await wrapped(provider, newRootKey(), true);
  return { text: formatRecord([...before.map((one) => ({ ...one, active: false })), line]), key };
}

/** The same root keys, wrapped anew: after the provider's own key got another version. */
export async function rewrappedRecord(provider: RootProvider, text: string): Promise<string> {
  const lines = parseRootRecord(text);
  if (!lines.some((line) => line.provider === provider.kind)) {
    throw badRootKeys(`the record has no key of ${provider.kind}`);
  }
  const rewrapped: RecordLine[] = [];
  for (const line of lines) {
    if (line.provider !== provider.kind) rewrapped.push(line);
    else {
      const key = await openRootKey(provider, line);
      rewrapped.push((await wrapped(provider, key, line.active)).line);
    }
  }
  return formatRecord(rewrapped);
}

/** Asked back at once: a record that does not open must not be found out at the next start. */
async function wrapped(
  provider: RootProvider,
  key: RootKey,
  active: boolean,
): Promise<{ readonly line: RecordLine; readonly key: RootKey }> {
  const bytes = key.key.export();
  try {
    const made = await provider.wrap(bytes, { provider: provider.kind, rootKeyId: key.id });
    const line = { id: key.id, provider: provider.kind, active, ...made };
    return { line, key: await openRootKey(provider, line) };
  } finally {
    bytes.fill(0);
  }
}

export async function openRootKey(provider: RootProvider, line: RecordLine): Promise<RootKey> {
  const bytes = await provider.unwrap(line, { provider: line.provider, rootKeyId: line.id });
  const exact = bytes.length === keyBytes;
  const key = exact ? rootKeyOf(bytes, { provider: line.provider, keyId: line.keyId }) : null;
  bytes.fill(0);
  if (key === null || key.id !== line.id) throw providerError(provider.describe(), "damaged");
  return key;
}

/** By the first of these providers that opens it. Which error is thrown else: one that may be over soon. */
export async function openLine(providers: readonly RootProvider[], line: RecordLine): Promise<RootKey> {
  const errors: CofferError[] = [];
  for (const provider of providers) {
    if (provider.kind !== line.provider) continue;
    try {
      return await openRootKey(provider, line);
    } catch (error) {
      if (!(error instanceof CofferError)) throw error;
      errors.push(error);
    }
  }
  const none = badRootKeys(`the root key ${line.id} is kept by ${line.provider}, which is not configured`);
  throw errors.find(isUnavailable) ?? errors[0] ?? none;
}

/** The same text without one of its keys; the active one stays. */
export function rootRecordWithout(text: string, id: string): string {
  const lines = parseRootRecord(text);
  const line = lines.find((one) => one.id === id);
  if (line === undefined) throw badRootKeys(`the record has no key ${id}`);
  if (line.active) throw badRootKeys(`${id} is the active key and is not dropped`);
  return formatRecord(lines.filter((one) => one !== line));
}
