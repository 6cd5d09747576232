// The root-key provider "passphrase": Argon2id makes the key from a passphrase, and a record beside the
// data says how. It knows no prompt and no variable. Keeps: parameters are checked before any work is
// done with them; a wrong passphrase is told from a damaged record. The written definition is
// docs/reference/envelope-format.md.
import { argon2, hash, randomBytes } from "node:crypto";
import { promisify } from "node:util";
import { limits } from "../../core/limits.ts";
import { keyBytes } from "../gcm.ts";
import { badRootKeys, type RootKey, type RootKeys, rootKeyOf, rootKeys } from "./keys.ts";
import { createPrivateFile, readPrivateFile } from "./private-file.ts";

/** How a key follows from a passphrase. */
export interface Derivation {
  readonly memoryKiB: number;
  readonly passes: number;
  readonly lanes: number;
  readonly salt: Buffer;
}

interface RecordLine extends Derivation {
  /** Of the key that comes out; what the passphrase is checked by. */
  readonly id: string;
  readonly active: boolean;
}

const header = "coffer-root-passphrase/1";
const recordLine =
  /^(rk_[0-9a-f]{16}) argon2id m=(\d{1,10}) t=(\d{1,10}) p=(\d{1,10}) ([A-Za-z0-9+/]{22,86}={0,2})( active)? #([0-9a-f]{16})$/;

/** What a new record is made with: 64 MiB, about a quarter of a second. */
const derivationDefault = { memoryKiB: 65_536, passes: 3, lanes: 4 } as const;
const saltBytes = 16;

/** Below the first nobody is protected, above the second a record is an attack on the server. */
const bounds = {
  memoryKiB: [19_456, 1_048_576],
  passes: [1, 32],
  lanes: [1, 16],
  salt: [16, 64],
} as const;
/** Memory times passes: some seconds of work. */
const workMax = 4 * 1_048_576;

const derive = promisify(argon2);

export async function deriveRootKey(passphrase: string, from: Derivation): Promise<RootKey> {
  const message = Buffer.from(passphrase);
  try {
    return rootKeyOf(
      await derive("argon2id", {
        message,
        nonce: from.salt,
        memory: from.memoryKiB,
        passes: from.passes,
        parallelism: from.lanes,
        tagLength: keyBytes,
      }),
      { provider: "passphrase", keyId: null },
    );
  } finally {
    message.fill(0);
  }
}

/** One passphrase a line: the one in use, and after it older ones that some keys may still need. */
export function parsePassphrases(text: string): readonly string[] {
  const lines = text.replace(/\n$/, "").split("\n");
  if (lines.length > limits.passphrasesMax)
    throw badRootKeys(`more than ${limits.passphrasesMax} passphrases`);
  for (const line of lines) {
    if (line === "") throw badRootKeys("the passphrase is empty");
    if (Buffer.byteLength(line) > limits.passphraseBytesMax) throw badRootKeys("the passphrase is too long");
    if (!line.isWellFormed() || line.includes("\r") || line.includes("\u0000")) {
      throw badRootKeys("the passphrase is not well-formed text");
    }
  }
  return lines;
}

/** Null where there is none. */
export function readPassphraseRecord(path: string): Promise<string | null> {
  return textOf(path, limits.rootKeyFileBytesMax);
}

/** Which keys passphrases would open by it. */
export function idsOfRecord(text: string): readonly string[] {
  return parseRecord(text).map(({ id }) => id);
}

/** Each key of the record that one of the passphrases opens; the active one must be among them. */
export async function rootKeysOfRecord(text: string, passphrases: readonly string[]): Promise<RootKeys> {
  const lines = parseRecord(text);
  const opened: RootKey[] = [];
  let active: RootKey | null = null;
  for (const line of lines) {
    const key = await keyOfLine(line, passphrases);
    if (key !== null) opened.push(key);
    if (!line.active) continue;
    if (key === null) throw badRootKeys(`the passphrase does not open the root key ${line.id}`);
    active = key;
  }
  if (active === null) throw badRootKeys('one key must be marked "active"');
  return rootKeys(opened, active);
}

async function keyOfLine(line: RecordLine, passphrases: readonly string[]): Promise<RootKey | null> {
  for (const passphrase of passphrases) {
    const key = await deriveRootKey(passphrase, line);
    if (key.id === line.id) return key;
  }
  return null;
}

/** A record's text for this passphrase; what another one says of older keys stays. */
export async function newRecord(
  passphrase: string,
  older: string | null = null,
): Promise<{ readonly text: string; readonly key: RootKey }> {
  if (passphrase.length < limits.passphraseCharactersMin) {
    throw badRootKeys(`the passphrase must have at least ${limits.passphraseCharactersMin} characters`);
  }
  const from = { ...derivationDefault, salt: randomBytes(saltBytes) };
  const key = await deriveRootKey(passphrase, from);
  const before = older === null ? [] : parseRecord(older);
  const lines = [
    ...before.map((line) => ({ ...line, active: false })),
    { ...from, id: key.id, active: true },
  ];
  return { text: formatRecord(lines), key };
}

function formatRecord(lines: readonly RecordLine[]): string {
  return [
    header,
    "# With the passphrase it makes the root key. It is no secret, and without it the passphrase is of no use.",
    ...lines.map(formatLine),
    "",
  ].join("\n");
}

export function isRecord(text: string): boolean {
  return text.startsWith(header);
}

/** The same text without one of its keys; the active one stays. */
export function recordWithout(text: string, id: string): string {
  const lines = parseRecord(text);
  const line = lines.find((one) => one.id === id);
  if (line === undefined) throw badRootKeys(`the record has no key ${id}`);
  if (line.active) throw badRootKeys(`${id} is the active key and is not dropped`);
  return formatRecord(lines.filter((one) => one !== line));
}

export async function createPassphraseRecord(path: string, passphrase: string): Promise<RootKeys> {
  const { text, key } = await newRecord(passphrase);
  await createPrivateFile(path, text);
  return rootKeys([key], key);
}

export async function readPassphraseFile(path: string): Promise<readonly string[]> {
  const bytesMax = limits.passphrasesMax * (limits.passphraseBytesMax + 1);
  const text = await textOf(path, bytesMax);
  if (text === null) throw badRootKeys(`there is no passphrase file ${path}`);
  return parsePassphrases(text);
}

async function textOf(path: string, bytesMax: number): Promise<string | null> {
  const bytes = await readPrivateFile(path, bytesMax);
  if (bytes === null) return null;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw badRootKeys(`${path} is not text in UTF-8`, { cause: error });
  } finally {
    bytes.fill(0);
  }
}

function formatLine({ id, memoryKiB, passes, lanes, salt, active }: RecordLine): string {
  const said = `${id} argon2id m=${memoryKiB} t=${passes} p=${lanes} ${salt.toString("base64")}${active ? " active" : ""}`;
  return `${said} #${checksum(said)}`;
}

/** Tells a damaged line from a wrong passphrase. It protects nothing: who can write the file can write it too. */
function checksum(said: string): string {
  return hash("sha256", said, "hex").slice(0, 16);
}

function parseRecord(text: string): readonly RecordLine[] {
  const [first, ...rest] = text.split("\n");
  if (first !== header) throw badRootKeys(`the first line of the passphrase record must be "${header}"`);
  const lines: RecordLine[] = [];
  for (const [index, source] of rest.entries()) {
    if (source === "" || source.startsWith("#")) continue;
    const at = `line ${index + 2} of the passphrase record`;
    const line = parseLine(source, at);
    if (lines.some(({ id }) => id === line.id)) throw badRootKeys(`${at} repeats the key ${line.id}`);
    if (line.active && lines.some(({ active }) => active))
      throw badRootKeys(`${at}: only one key may be active`);
    lines.push(line);
    if (lines.length > limits.passphraseRecordsMax) {
      throw badRootKeys(`more than ${limits.passphraseRecordsMax} keys in the passphrase record`);
    }
  }
  if (!lines.some(({ active }) => active)) throw badRootKeys('one key must be marked "active"');
  return lines;
}

function parseLine(source: string, at: string): RecordLine {
  const [, id = "", memory, passes, lanes, base64 = "", mark, told] = recordLine.exec(source) ?? [];
  if (told === undefined) throw badRootKeys(`${at} is not as it was written`);
  if (checksum(source.slice(0, -" #".length - told.length)) !== told) throw badRootKeys(`${at} is damaged`);
  const salt = Buffer.from(base64, "base64");
  const line = { memoryKiB: Number(memory), passes: Number(passes), lanes: Number(lanes), salt };
  if (salt.toString("base64") !== base64) throw badRootKeys(`${at} is not as it was written`);
  demand(at, "m", line.memoryKiB, bounds.memoryKiB);
  demand(at, "t", line.passes, bounds.passes);
  demand(at, "p", line.lanes, bounds.lanes);
  demand(at, "the length of the salt", salt.length, bounds.salt);
  if (line.memoryKiB * line.passes > workMax)
    throw badRootKeys(`${at}: m times t must be at most ${workMax}`);
  return { ...line, id, active: mark !== undefined };
}

function demand(at: string, what: string, value: number, [min, max]: readonly [number, number]): void {
  if (value < min || value > max) throw badRootKeys(`${at}: ${what} must be from ${min} to ${max}`);
}
