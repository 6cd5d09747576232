// Audit entries as rows. What one credential did in one commit differs in little, so such a run lies in
// one row: the last entry in columns, the ones before it as a list of what differs. A reveal then costs
// a fraction of a row. Who reads gets entries, and never sees which of them shared one.
import type { StoredEntry } from "../../core/audit/entry.ts";
import { type Queryable, sql } from "../sql.ts";

export interface EntryRow {
  readonly stream: string;
  readonly seq: number;
  readonly at: number;
  readonly organization_id: string | null;
  readonly caller_kind: StoredEntry["callerKind"];
  readonly caller_id: string;
  readonly caller_name: string;
  readonly token_id: string | null;
  readonly dialect: string;
  readonly action: StoredEntry["action"];
  readonly target_kind: string;
  readonly target_id: string | null;
  readonly target_name: string | null;
  readonly target_store_id: string | null;
  readonly outcome: StoredEntry["outcome"];
  readonly because: string | null;
  readonly details: string | null;
  readonly address: string | null;
  readonly request_id: string | null;
  readonly earlier: string | null;
  readonly hash: Uint8Array;
}

export const entryColumns = `stream, seq, at, organization_id, caller_kind, caller_id, caller_name,
  token_id, dialect, action, target_kind, target_id, target_name, target_store_id, outcome, because, details,
  address, request_id, earlier, hash`;

export const statements = {
  insert: sql`
    INSERT INTO audit_entries (${entryColumns})
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)`,
};

/** More in one row, and reading one of them would mean reading much beside it. */
const runMax = 128;

/** What the entries of a run have of their own, besides their sequence. */
type Own = readonly [
  targetId: string | null,
  targetName: string | null,
  targetStoreId: string | null,
  because: string | null,
  details: string | null,
  requestId: string | null,
  hash: string,
];

/** Puts chained entries into their table, in the order of the chain. */
export async function insertEntries(db: Queryable, entries: readonly StoredEntry[]): Promise<void> {
  for (let from = 0; from < entries.length; ) {
    const to = runEnd(entries, from);
    const last = entries[to];
    if (last === undefined) return;
    await insertRun(db, entries.slice(from, to), last);
    from = to + 1;
  }
}

export async function insertEntry(db: Queryable, entry: StoredEntry): Promise<void> {
  await insertRun(db, [], entry);
}

/** Where the run ends that begins there. */
function runEnd(entries: readonly StoredEntry[], from: number): number {
  const first = entries[from];
  let to = from;
  while (first !== undefined && to - from + 1 < runMax) {
    const next = entries[to + 1];
    if (next === undefined || !isAlike(first, next)) break;
    to += 1;
  }
  return to;
}

function isAlike(one: StoredEntry, other: StoredEntry): boolean {
  return (
    one.at === other.at &&
    one.tokenId === other.tokenId &&
    one.callerId === other.callerId &&
    one.callerKind === other.callerKind &&
    one.callerName === other.callerName &&
    one.organizationId === other.organizationId &&
    one.dialect === other.dialect &&
    one.action === other.action &&
    one.targetKind === other.targetKind &&
    one.outcome === other.outcome &&
    one.address === other.address
  );
}

async function insertRun(db: Queryable, before: readonly StoredEntry[], last: StoredEntry): Promise<void> {
  await db.run(statements.insert, [
    last.stream,
    last.seq,
    last.at,
    last.organizationId,
    last.callerKind,
    last.callerId,
    last.callerName,
    last.tokenId,
    last.dialect,
    last.action,
    last.targetKind,
    last.targetId,
    last.targetName,
    last.targetStoreId,
    last.outcome,
    last.because,
    last.details,
    last.address,
    last.requestId,
    before.length === 0 ? null : JSON.stringify(before.map(ownOf)),
    last.hash,
  ]);
}

function ownOf(it: StoredEntry): Own {
  const hash = Buffer.from(it.hash).toString("hex");
  return [it.targetId, it.targetName, it.targetStoreId, it.because, it.details, it.requestId, hash];
}

/** The entries of a row in the order of the chain. */
export function entriesOf(row: EntryRow): readonly StoredEntry[] {
  const last = lastOf(row);
  if (row.earlier === null) return [last];
  const earlier = JSON.parse(row.earlier) as readonly Own[]; // as insertRun wrote it; `audit verify` tells if not
  const before = earlier.map(
    ([targetId, targetName, targetStoreId, because, details, requestId, hash], index): StoredEntry => ({
      ...last,
      seq: row.seq - earlier.length + index,
      targetId,
      targetName,
      targetStoreId,
      because,
      details,
      requestId,
      hash: Buffer.from(hash, "hex"),
    }),
  );
  return [...before, last];
}

function lastOf(row: EntryRow): StoredEntry {
  return {
    stream: row.stream,
    seq: row.seq,
    at: row.at,
    organizationId: row.organization_id,
    callerKind: row.caller_kind,
    callerId: row.caller_id,
    callerName: row.caller_name,
    tokenId: row.token_id,
    dialect: row.dialect,
    action: row.action,
    targetKind: row.target_kind,
    targetId: row.target_id,
    targetName: row.target_name,
    targetStoreId: row.target_store_id,
    outcome: row.outcome,
    because: row.because,
    details: row.details,
    address: row.address,
    requestId: row.request_id,
    hash: row.hash,
  };
}
