// The audit streams as rows: opening one, naming the others, closing what a dead process left.
// It signs nothing; which streams are dead the engine says. Each stream's last entry is known to
// some other stream or to its own closing entry, so cutting off an end shows.
import { type AuditEntry, chainStart, type StreamHead } from "../../core/audit/entry.ts";
import { systemCaller } from "../../core/caller.ts";
import type { Json } from "../../core/stores/store.ts";
import { type Queryable, sql } from "../sql.ts";
import { AuditStream } from "../stream.ts";
import { insertEntry } from "./audit-rows.ts";

interface StreamRow {
  readonly id: string;
  readonly closed_at: number | null;
  readonly last_seq: number | null;
  readonly last_hash: Uint8Array | null;
}

export const statements = {
  insertStream: sql`
    INSERT INTO audit_streams (id, node, opened_at, closed_at, last_seq, last_hash, named_closed)
    VALUES ($1, $2, $3, NULL, NULL, NULL, 0)`,
  unnamed: sql<StreamRow>`
    SELECT id, closed_at, last_seq, last_hash FROM audit_streams WHERE named_closed = 0 ORDER BY id`,
  nameClosed: sql`UPDATE audit_streams SET named_closed = 1 WHERE id = $1 AND closed_at IS NOT NULL`,
  closeStream: sql`
    UPDATE audit_streams SET closed_at = $2, last_seq = $3, last_hash = $4, named_closed = $5
    WHERE id = $1 AND closed_at IS NULL`,
  /** Of each stream that is not named as closed; one without entries has no row. */
  lastEntries: sql<{ stream: string; seq: number; hash: Uint8Array }>`
    SELECT e.stream, e.seq, e.hash FROM audit_streams opened JOIN audit_entries e
      ON e.stream = opened.id
      AND e.seq = (SELECT MAX(one.seq) FROM audit_entries one WHERE one.stream = opened.id)
    WHERE opened.named_closed = 0`,
  lastEntry: sql<{ seq: number; hash: Uint8Array }>`
    SELECT seq, hash FROM audit_entries WHERE stream = $1 ORDER BY seq DESC LIMIT 1`,
};

/** Where a stream stands in the table. */
export async function storedHead(db: Queryable, stream: string): Promise<StreamHead> {
  const row = await db.one(statements.lastEntry, [stream]);
  return row === undefined ? { stream, seq: 0, hash: chainStart } : { stream, seq: row.seq, hash: row.hash };
}

/** What one entry names at most, so that entries stay small however many streams there are. */
const headsPerEntry = 24;

/**
 * Opens a stream: its first entry names where the others stand, and the ones whose process is dead
 * are closed from here. `deadAmong` must answer those alone to which nobody else can append any more. All
 * are looked at together: after a failover many connections open streams at once.
 */
export async function openStream(
  db: Queryable,
  opening: {
    readonly id: string;
    readonly node: string;
    readonly at: number;
    readonly deadAmong: (streams: readonly string[]) => Promise<ReadonlySet<string>>;
  },
): Promise<AuditStream> {
  const { id, node, at } = opening;
  const rows = await db.all(statements.unnamed, []);
  const stream = AuditStream.start(id);
  await db.run(statements.insertStream, [id, node, at]);

  const open = rows.filter((row) => row.closed_at === null).map((row) => row.id);
  const left = open.length === 0 ? new Set<string>() : await opening.deadAmong(open);
  // Read after it is known which are dead: before, they may still have grown.
  const last = open.length === 0 ? [] : await db.all(statements.lastEntries, []);
  const heads = new Map(last.map((head) => [head.stream, head]));
  const others = rows.map((row) => headOf(row, heads));
  const dead = others.filter((head) => left.has(head.stream));
  for (const row of rows) {
    if (row.closed_at !== null) await db.run(statements.nameClosed, [row.id]);
  }
  for (let from = 0; from === 0 || from < others.length; from += headsPerEntry) {
    const named = others.slice(from, from + headsPerEntry).map(headJson);
    await insertEntry(db, stream.append(streamEntry(id, at, "audit.open", { others: named })));
  }
  for (const head of dead) {
    const closed = await db.run(statements.closeStream, [head.stream, at, head.seq, head.hash, 1]);
    if (closed === 0) continue; // another node was faster
    await insertEntry(db, stream.append(streamEntry(id, at, "audit.close", headJson(head))));
  }
  return stream;
}

/** The last entry of a stream, about itself; the stream that opens next will name it. */
export async function closeGracefully(db: Queryable, stream: AuditStream, at: number): Promise<void> {
  const entry = streamEntry(stream.id, at, "audit.close", { stream: stream.id, graceful: true });
  const stored = stream.append(entry);
  await insertEntry(db, stored);
  await db.run(statements.closeStream, [stream.id, at, stored.seq, stored.hash, 0]);
}

function headOf(row: StreamRow, heads: ReadonlyMap<string, StreamHead>): StreamHead {
  if (row.last_seq === null || row.last_hash === null) {
    return heads.get(row.id) ?? { stream: row.id, seq: 0, hash: chainStart };
  }
  return { stream: row.id, seq: row.last_seq, hash: row.last_hash };
}

function headJson(head: StreamHead): { stream: string; seq: number; hash: string } {
  return { stream: head.stream, seq: head.seq, hash: Buffer.from(head.hash).toString("hex") };
}

function streamEntry(
  stream: string,
  at: number,
  action: "audit.open" | "audit.close",
  details: Readonly<Record<string, Json>>,
): AuditEntry {
  return {
    at,
    organizationId: null,
    caller: systemCaller("audit"),
    dialect: "core",
    action,
    target: { kind: "stream", id: stream, name: null, storeId: null },
    outcome: "allowed",
    because: null,
    details,
    address: null,
    requestId: null,
  };
}
