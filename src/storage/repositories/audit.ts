// The audit trail's rows: appended as the stream chained them, read newest first.
// Keeps: an entry is never changed, and its sequence and hash are the stream's, not the table's.
import type { StoredEntry } from "../../core/audit/entry.ts";
import type { AuditFilter } from "../../core/audit/filter.ts";
import type { AuditReader, AuditRepository } from "../../core/audit/trail.ts";
import type { Position } from "../../core/pagination.ts";
import { type Queryable, type SqlValue, sql } from "../sql.ts";
import type { AuditStream } from "../stream.ts";
import { type EntryRow, entriesOf, entryColumns, insertEntries, insertEntry } from "./audit-rows.ts";
import { segmentReader, segmentRepository } from "./audit-segments.ts";
import { demandPlace, foreignCursor } from "./places.ts";

export const statements = {
  // A filter that is not asked for is NULL; the casts tell PostgreSQL the type of such a parameter.
  list: sql<EntryRow>`
    SELECT ${entryColumns} FROM audit_entries
    WHERE organization_id = $1 AND at >= $2 AND at < $3
      AND (CAST($4 AS TEXT) IS NULL OR action = $4)
      AND (CAST($5 AS TEXT) IS NULL OR caller_id = $5)
      AND (CAST($6 AS TEXT) IS NULL OR target_id = $6 OR target_name = $6 OR earlier LIKE $7 ESCAPE '!')
      AND (CAST($8 AS TEXT) IS NULL OR outcome = $8)
      AND (CAST($9 AS TEXT) IS NULL OR dialect = $9)
      AND (at, stream, seq) < ($10, $11, $12)
    ORDER BY at DESC, stream DESC, seq DESC LIMIT $13`,
  /** The row that holds an entry: the first one that ends there or later. */
  holding: sql<EntryRow>`
    SELECT ${entryColumns} FROM audit_entries WHERE stream = $1 AND seq >= $2 ORDER BY seq LIMIT 1`,
  ofStream: sql<EntryRow>`
    SELECT ${entryColumns} FROM audit_entries WHERE stream = $1 AND seq > $2 ORDER BY seq LIMIT $3`,
  saveHead: sql`
    INSERT INTO audit_heads (stream, seq, hash, at, key, signature) VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (stream) DO UPDATE SET seq = excluded.seq, hash = excluded.hash, at = excluded.at,
      key = excluded.key, signature = excluded.signature
    WHERE audit_heads.seq < excluded.seq`,
  // An update to what stands there already would not reach the disk.
  probe: sql`
    INSERT INTO audit_streams (id, node, opened_at, closed_at, last_seq, last_hash, named_closed)
    VALUES ($1, 'probe', 0, 0, NULL, NULL, 1)`,
  unprobe: sql`DELETE FROM audit_streams WHERE id = $1`,
};

type Place = Pick<StoredEntry, "at" | "stream" | "seq">;

/** Before every entry that there can be. */
const newest: Place = { at: Number.MAX_SAFE_INTEGER, stream: "", seq: 0 };

/** A position in the trail: its key is the time; stream and sequence, with a colon between, break ties. */
function placeOf(position: Position): Place {
  demandPlace(position, "number");
  const [, stream, seq] = /^([^:]+):(\d{1,15})$/.exec(position.id) ?? [];
  if (stream === undefined || seq === undefined) throw foreignCursor();
  return { at: Number(position.key), stream, seq: Number(seq) };
}

/** Rows that are read at once: each may hold many entries. */
const rowsAtOnce = 200;

export function auditReader(db: Queryable): AuditReader {
  return {
    ...segmentReader(db),
    async entriesOf(stream, after, limit) {
      const rows = await db.all(statements.ofStream, [stream, after, limit]);
      return rows.flatMap((row) => entriesOf(row).map((entry) => ({ ...entry, rowEnd: row.seq })));
    },
    async list(filter, { before, limit }) {
      let place = before === null ? newest : placeOf(before);
      const found = before === null ? [] : await restOfRow(db, filter, place);
      for (;;) {
        const most = Math.min(limit, rowsAtOnce);
        const rows = await db.all(statements.list, [
          ...asked(filter),
          place.at,
          place.stream,
          place.seq,
          most,
        ]);
        for (const row of rows) found.push(...chosen(row, filter));
        const last = rows.at(-1);
        if (found.length >= limit || last === undefined || rows.length < most) return found.slice(0, limit);
        place = last;
      }
    },
  };
}

/** The page before may have ended inside a row. */
async function restOfRow(db: Queryable, filter: AuditFilter, place: Place): Promise<StoredEntry[]> {
  const row = await db.one(statements.holding, [place.stream, place.seq]);
  if (row === undefined || row.at !== place.at || row.organization_id !== filter.organizationId) return [];
  return chosen(row, filter).filter(({ seq }) => seq < place.seq);
}

/** What a row has for the list, newest first. */
function chosen(row: EntryRow, { target }: AuditFilter): StoredEntry[] {
  const entries = entriesOf(row).toReversed();
  if (target === null) return entries;
  return entries.filter(({ targetId, targetName }) => targetId === target || targetName === target);
}

function asked(filter: AuditFilter): readonly SqlValue[] {
  return [
    filter.organizationId,
    filter.since ?? 0,
    filter.until ?? Number.MAX_SAFE_INTEGER,
    filter.action,
    filter.caller,
    filter.target,
    filter.target === null ? null : holding(filter.target),
    filter.outcome,
    filter.dialect,
  ];
}

/** A pattern for lists of JSON that may hold the text as a string; what it finds is looked at again. */
function holding(text: string): string {
  return `%${JSON.stringify(text).replaceAll(/[!%_]/g, "!$&")}%`;
}

export function auditRepository(db: Queryable, stream: AuditStream): AuditRepository {
  return {
    ...auditReader(db),
    ...segmentRepository(db),
    async append(entry) {
      await insertEntry(db, stream.append(entry));
    },
    async appendAll(entries) {
      await insertEntries(
        db,
        entries.map((entry) => stream.append(entry)),
      );
    },
    async saveHead(head) {
      const { stream: id, seq, hash, at, key, signature } = head;
      await db.run(statements.saveHead, [id, seq, hash, at, key, signature]);
    },
    async probe(id) {
      await db.run(statements.probe, [id]);
      await db.run(statements.unprobe, [id]);
    },
  };
}
