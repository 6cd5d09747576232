// The canonical forms of the audit trail, read with code of the verifier's own. It knows nothing
// of the server: docs/reference/audit-format.md is the only thing both sides share. A change of
// one byte here turns every trail ever written into a broken one.
import { createPublicKey, hash, type KeyObject, verify as verifySignature } from "node:crypto";

/** A column as it was read. What no column may hold is read as a text that matches no hash. */
export type Field = string | number | null;

/** The columns of an entry in the order in which the canonical text has them. */
export const entryColumns = [
  "stream",
  "seq",
  "at",
  "organization_id",
  "caller_kind",
  "caller_id",
  "caller_name",
  "token_id",
  "dialect",
  "action",
  "target_kind",
  "target_id",
  "target_name",
  "target_store_id",
  "outcome",
  "because",
  "details",
  "address",
  "request_id",
] as const;
export type EntryColumn = (typeof entryColumns)[number];

export interface Entry extends Readonly<Record<Exclude<EntryColumn, "stream" | "seq">, Field>> {
  readonly stream: string;
  /** Null where the column holds no whole number from 1. */
  readonly seq: number | null;
  /** 64 lower-case hex digits; empty where the column holds no hash. */
  readonly hash: string;
}

export interface SignedHead {
  readonly stream: string;
  readonly seq: number;
  readonly hash: string;
  readonly at: number;
  readonly key: string;
  readonly signature: string;
}

/** The record that stays of removed entries. */
export interface SignedSegment {
  readonly number: number;
  readonly previous: string;
  readonly stream: string;
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly count: number;
  readonly before: string;
  readonly hash: string;
  readonly at: number;
  readonly file: string;
  readonly key: string;
  readonly signature: string;
}

/** The hash before a stream's first entry: 32 zero bytes. */
export const chainStart = "0".repeat(64);

const furtherColumns = entryColumns.filter((column) => column !== "stream" && column !== "seq");
const entryFormat = "coffer/audit-entry/1";
const headFormat = "coffer/audit-head/1";
const segmentFormat = "coffer/audit-segment/1";
const digestFormat = "coffer/secret-digest/1";

/** The text an entry's hash covers. `seq` may differ from the entry's own, to try another place. */
export function canonicalText(entry: Entry, seq: number | null = entry.seq): string {
  const fields: Field[] = [entryFormat, entry.stream, seq];
  for (const column of furtherColumns) fields.push(entry[column]);
  return JSON.stringify(fields);
}

/** SHA-256(hash before || canonical text), in hex. */
export function chainHash(before: string, canonical: string): string {
  const bytes = Buffer.alloc(32 + Buffer.byteLength(canonical));
  bytes.write(before, 0, "hex");
  bytes.write(canonical, 32, "utf8");
  return hash("sha256", bytes, "hex");
}

export function isHash(text: unknown): text is string {
  return typeof text === "string" && /^[0-9a-f]{64}$/.test(text);
}

export function isSequence(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 1;
}

export interface SigningKey {
  readonly fingerprint: string;
  readonly key: KeyObject;
}

/** A public key as the database keeps it: SPKI in base64. Null if it is no Ed25519 key. */
export function signingKey(publicKey: string): SigningKey | null {
  const der = Buffer.from(publicKey, "base64");
  try {
    const key = createPublicKey({ key: der, format: "der", type: "spki" });
    if (key.asymmetricKeyType !== "ed25519") return null;
    // Of the key as it was understood, so that no other bytes can claim its name.
    const spki = key.export({ format: "der", type: "spki" });
    return { key, fingerprint: `ak_${hash("sha256", spki, "hex").slice(0, 32)}` };
  } catch {
    return null;
  }
}

export function isSignedBy(key: KeyObject, installation: string, head: SignedHead): boolean {
  const text = JSON.stringify([headFormat, installation, head.stream, head.seq, head.hash, head.at]);
  return isSigned(key, text, head.signature);
}

export function isSigned(key: KeyObject, text: string, signature: string): boolean {
  if (!/^[A-Za-z0-9_-]{86}$/.test(signature)) return false;
  return verifySignature(null, Buffer.from(text), key, Buffer.from(signature, "base64url"));
}

/** The text a record's signature covers; its SHA-256 is the record's hash. */
export function canonicalSegment(installation: string, segment: SignedSegment): string {
  const { number, previous, stream, firstSeq, lastSeq, count, before, hash, at, file } = segment;
  const fields = [number, previous, stream, firstSeq, lastSeq, count, before, hash, at, file];
  return JSON.stringify([segmentFormat, installation, ...fields]);
}

export function segmentHash(canonical: string): string {
  return hash("sha256", canonical, "hex");
}

/** A head as it stands in a table, an export or a log line; null if it has another shape. */
export function signedHead(value: unknown): SignedHead | null {
  if (typeof value !== "object" || value === null) return null;
  const { stream, seq, hash, at, key, signature } = value as Record<string, unknown>;
  if (typeof stream !== "string" || !isSequence(seq) || !isHash(hash)) return null;
  if (typeof at !== "number" || typeof key !== "string" || typeof signature !== "string") return null;
  return { stream, seq, hash, at, key, signature };
}

/** What an audit digest covers of a secret's row. */
export interface SecretRow {
  readonly id: string;
  readonly name: Field;
  readonly policy: Field;
  /** JSON text of a list of names, or null. */
  readonly consumers: Field;
  readonly version: Field;
  readonly state: Field;
  readonly sealed: Uint8Array | null;
}

/** Null where the row cannot be what an operation wrote. */
export function secretDigest(row: SecretRow): string | null {
  let consumers: unknown = null;
  if (row.consumers !== null) {
    try {
      consumers = JSON.parse(String(row.consumers));
    } catch {
      return null;
    }
  }
  const sealed = row.sealed === null ? null : hash("sha256", row.sealed, "hex");
  const { id, name, policy, version, state } = row;
  return hash(
    "sha256",
    JSON.stringify([digestFormat, id, name, policy, consumers, version, state, sealed]),
    "hex",
  );
}
