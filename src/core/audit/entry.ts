// An audit entry, its canonical form and the chain. The written definition is
// docs/reference/audit-format.md; src/verify reads the same form with its own code.
import { hash } from "node:crypto";
import type { AuditAction } from "../actions.ts";
import type { Caller, CallerKind } from "../caller.ts";
import type { Json } from "../stores/store.ts";

export type Outcome = "allowed" | "refused" | "failed";

export interface AuditTarget {
  readonly kind: string;
  readonly id: string | null;
  /** Null in client custody and where naming the target would say more than the caller knew. */
  readonly name: string | null;
  readonly storeId: string | null;
}

/** What an operation says of itself. The stream adds its own id, sequence and hash. */
export interface AuditEntry {
  readonly at: number;
  readonly organizationId: string | null;
  readonly caller: Pick<Caller, "kind" | "id" | "name" | "tokenId">;
  readonly dialect: string;
  readonly action: AuditAction;
  readonly target: AuditTarget;
  readonly outcome: Outcome;
  readonly because: string | null;
  readonly details: Readonly<Record<string, Json>> | null;
  readonly address: string | null;
  readonly requestId: string | null;
}

/** An entry as it lies in the table: details are text, so that the hash covers exactly that text. */
export interface StoredEntry {
  readonly stream: string;
  readonly seq: number;
  readonly at: number;
  readonly organizationId: string | null;
  readonly callerKind: CallerKind;
  readonly callerId: string;
  readonly callerName: string;
  readonly tokenId: string | null;
  readonly dialect: string;
  readonly action: AuditAction;
  readonly targetKind: string;
  readonly targetId: string | null;
  readonly targetName: string | null;
  readonly targetStoreId: string | null;
  readonly outcome: Outcome;
  readonly because: string | null;
  readonly details: string | null;
  readonly address: string | null;
  readonly requestId: string | null;
  readonly hash: Uint8Array;
}

/** Where a stream stands: the next entry follows this. */
export interface StreamHead {
  readonly stream: string;
  readonly seq: number;
  readonly hash: Uint8Array;
}

export const chainFormat = "coffer/audit-entry/1";

/** The hash before a stream's first entry. */
export const chainStart: Uint8Array = new Uint8Array(32);

/** Canonical text: a JSON array of all fields in a fixed order, as JSON.stringify writes it. */
export function canonicalEntry(entry: Omit<StoredEntry, "hash">): string {
  return JSON.stringify([
    chainFormat,
    entry.stream,
    entry.seq,
    entry.at,
    entry.organizationId,
    entry.callerKind,
    entry.callerId,
    entry.callerName,
    entry.tokenId,
    entry.dialect,
    entry.action,
    entry.targetKind,
    entry.targetId,
    entry.targetName,
    entry.targetStoreId,
    entry.outcome,
    entry.because,
    entry.details,
    entry.address,
    entry.requestId,
  ]);
}

/** hash = SHA-256(hash before || canonical text in UTF-8). */
export function chainHash(before: Uint8Array, canonical: string): Uint8Array {
  const text = Buffer.byteLength(canonical);
  const bytes = Buffer.allocUnsafe(before.length + text);
  bytes.set(before, 0);
  bytes.write(canonical, before.length);
  return hash("sha256", bytes, "buffer");
}

/** The entry that follows `head`, and with it the new head. */
export function chain(head: StreamHead, entry: AuditEntry): StoredEntry {
  // One object, completed by its hash: this runs for every reveal.
  const stored = {
    stream: head.stream,
    seq: head.seq + 1,
    at: entry.at,
    organizationId: entry.organizationId,
    callerKind: entry.caller.kind,
    callerId: entry.caller.id,
    callerName: entry.caller.name,
    tokenId: entry.caller.tokenId,
    dialect: entry.dialect,
    action: entry.action,
    targetKind: entry.target.kind,
    targetId: entry.target.id,
    targetName: entry.target.name,
    targetStoreId: entry.target.storeId,
    outcome: entry.outcome,
    because: entry.because,
    details: entry.details === null ? null : JSON.stringify(entry.details),
    address: entry.address,
    requestId: entry.requestId,
    hash: chainStart,
  };
  stored.hash = chainHash(head.hash, canonicalEntry(stored));
  return stored;
}

/** A head as it is signed: who holds the key vouches that the stream went at least this far. */
export interface SignedHead {
  readonly stream: string;
  readonly seq: number;
  readonly hash: string;
  readonly at: number;
  readonly key: string;
  readonly signature: string;
}

export const headFormat = "coffer/audit-head/1";

export function canonicalHead(installationId: string, head: Omit<SignedHead, "key" | "signature">): string {
  return JSON.stringify([headFormat, installationId, head.stream, head.seq, head.hash, head.at]);
}
