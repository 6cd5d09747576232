// The audit trail's rows: appended as the stream chained them, read newest first.
// Keeps: an entry is never changed, and its sequence and hash are the stream's, not the table's.
import type { StoredEntry } from "../../core/audit/entry.ts";
import type { AuditReader, AuditRepository } from "../../core/audit/trail.ts";
import type { Position } from "../../core/pagination.ts";
import { type Queryable, sql } from "../sql.ts";
import type { AuditStream } from "../stream.ts";
import { segmentReader, segmentRepository } from "./audit-segments.ts";
import { demandPlace, foreignCursor } from "./places.ts";
import { insertStored } from "./streams.ts";

interface EntryRow {
  stream: string;
  seq: number;
  at: number;
  organization_id: string | null;
  caller_kind: StoredEntry["callerKind"];
  caller_id: string;
  caller_name: string;
  token_id: string | null;
  dialect: string;
  action: StoredEntry["action"];
  target_kind: string;
  target_id: string | null;
  target_name: string | null;
  target_store_id: string | null;
  outcome: StoredEntry["outcome"];
  because: string | null;
  details: string | null;
  address: string | null;
  request_id: string | null;
  hash: Uint8Array;
}

const columns = `stream, seq, at, organization_id, caller_kind, caller_id, caller_name, token_id, dialect,
  action, target_kind, target_id, target_name, target_store_id, outcome, because, details, address,
  request_id, hash`;

export const statements = {
  // A filter that is not asked for is NULL; the casts tell PostgreSQL the type of such a parameter.
  list: sql<EntryRow>`
    SELECT ${columns} FROM audit_entries
    WHERE organization_id = $1 AND at >= $2 AND at < $3
      AND (CAST($4 AS TEXT) IS NULL OR action = $4)
      AND (CAST($5 AS TEXT) IS NULL OR caller_id = $5)
      AND (CAST($6 AS TEXT) IS NULL OR target_id = $6 OR target_name = $6)
      AND (CAST($7 AS TEXT) IS NULL OR outcome = $7)
      AND (CAST($8 AS TEXT) IS NULL OR dialect = $8)
      AND (at, stream, seq) < ($9, $10, $11)
    ORDER BY at DESC, stream DESC, seq DESC LIMIT $12`,
  ofStream: sql<EntryRow>`
    SELECT ${columns} FROM audit_entries WHERE stream = $1 AND seq > $2 ORDER BY seq LIMIT $3`,
  saveHead: sql`
    INSERT INTO audit_heads (stream, seq, hash, at, key, signature) VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (stream) DO UPDATE SET seq = excluded.seq, hash = excluded.hash, at = excluded.at,
      key = excluded.key, signature = excluded.signature
    WHERE audit_heads.seq < excluded.seq`,
};

function entryOf(row: EntryRow): StoredEntry {
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

/** Before every entry that there can be. */
const newest = { at: Number.MAX_SAFE_INTEGER, stream: "", seq: 0 };

/** A position in the trail: its key is the time; stream and sequence, with a colon between, break ties. */
function placeOf(position: Position): typeof newest {
  demandPlace(position, "number");
  const [, stream, seq] = /^([^:]+):(\d{1,15})$/.exec(position.id) ?? [];
  if (stream === undefined || seq === undefined) throw foreignCursor();
  return { at: Number(position.key), stream, seq: Number(seq) };
}

export function auditReader(db: Queryable): AuditReader {
  return {
    ...segmentReader(db),
    async entriesOf(stream, after, limit) {
      return (await db.all(statements.ofStream, [stream, after, limit])).map(entryOf);
    },
    async list(filter, { before, limit }) {
      const place = before === null ? newest : placeOf(before);
      const rows = await db.all(statements.list, [
        filter.organizationId,
        filter.since ?? 0,
        filter.until ?? Number.MAX_SAFE_INTEGER,
        filter.action,
        filter.caller,
        filter.target,
        filter.outcome,
        filter.dialect,
        place.at,
        place.stream,
        place.seq,
        limit,
      ]);
      return rows.map(entryOf);
    },
  };
}

export function auditRepository(db: Queryable, stream: AuditStream): AuditRepository {
  return {
    ...auditReader(db),
    ...segmentRepository(db),
    async append(entry) {
      await insertStored(db, stream.append(entry));
    },
    async saveHead(head) {
      const { stream: id, seq, hash, at, key, signature } = head;
      await db.run(statements.saveHead, [id, seq, hash, at, key, signature]);
    },
  };
}
