// Removing old entries: which streams are due, the records that stay, and the removal itself, which
// is bound to them: no row goes that no record covers.
import type { SignedSegment } from "../../core/audit/segment.ts";
import type { AuditReader, AuditRepository, DueStream } from "../../core/audit/trail.ts";
import { RunAgain } from "../../core/errors.ts";
import { type Queryable, sql, UniqueViolation } from "../sql.ts";

interface DueRow {
  readonly id: string;
  readonly node: string;
  readonly opened_at: number;
  readonly closed_at: number | null;
  readonly last_seq: number | null;
  readonly last_hash: Uint8Array | null;
}

interface SegmentRow {
  readonly number: number;
  readonly previous: string;
  readonly stream: string;
  readonly first_seq: number;
  readonly last_seq: number;
  readonly count: number;
  readonly before: string;
  readonly hash: string;
  readonly at: number;
  readonly file: string;
  readonly key: string;
  readonly signature: string;
}

const segmentColumns =
  "number, previous, stream, first_seq, last_seq, count, before, hash, at, file, key, signature";

export const statements = {
  due: sql<DueRow>`
    SELECT streams.id, streams.node, streams.opened_at, streams.closed_at, streams.last_seq,
      streams.last_hash
    FROM audit_streams AS streams JOIN audit_entries AS entries ON entries.stream = streams.id
      AND entries.seq = (SELECT MIN(oldest.seq) FROM audit_entries AS oldest WHERE oldest.stream = streams.id)
    WHERE streams.id > $2 AND entries.at < $1 ORDER BY streams.id LIMIT $3`,
  newest: sql<SegmentRow>`SELECT ${segmentColumns} FROM audit_segments ORDER BY number DESC LIMIT 1`,
  last: sql<SegmentRow>`
    SELECT ${segmentColumns} FROM audit_segments WHERE stream = $1 ORDER BY first_seq DESC LIMIT 1`,
  newestHeadAt: sql<{ at: number | null }>`SELECT MAX(at) AS at FROM audit_heads`,
  unsigned: sql<{ entries: number | null }>`
    SELECT SUM(
      COALESCE((SELECT MAX(seq) FROM audit_entries AS entries WHERE entries.stream = streams.id), 0)
      - COALESCE((SELECT seq FROM audit_heads AS heads WHERE heads.stream = streams.id), 0)) AS entries
    FROM audit_streams AS streams WHERE streams.closed_at IS NULL`,
  // An open stream goes on from its last entry, so that one stays.
  removable: sql<{ hash: Uint8Array }>`
    SELECT entries.hash FROM audit_entries AS entries JOIN audit_streams AS streams
      ON streams.id = entries.stream
    WHERE entries.stream = $1 AND entries.seq = $2 AND (streams.closed_at IS NOT NULL
      OR EXISTS (SELECT 1 FROM audit_entries AS later WHERE later.stream = $1 AND later.seq > $2))`,
  insert: sql`
    INSERT INTO audit_segments (${segmentColumns})
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
  newestOfRange: sql<{ seq: number | null }>`
    SELECT MAX(seq) AS seq FROM audit_entries WHERE stream = $1 AND seq <= $2`,
  remove: sql`DELETE FROM audit_entries WHERE stream = $1 AND seq > $2 AND seq <= $3`,
};

function dueOf(row: DueRow): DueStream {
  const { id, node, opened_at, closed_at: at, last_seq: seq, last_hash: hash } = row;
  const closed = at === null || seq === null || hash === null ? null : { at, seq, hash };
  return { id, node, openedAt: opened_at, closed };
}

function segmentOf(row: SegmentRow | undefined): SignedSegment | null {
  if (row === undefined) return null;
  const { first_seq: firstSeq, last_seq: lastSeq, ...rest } = row;
  return { ...rest, firstSeq, lastSeq };
}

type Reader = Pick<AuditReader, "due" | "newestSegment" | "lastSegment" | "newestHeadAt" | "unsigned">;
type Repository = Pick<AuditRepository, "mayRemove" | "insertSegment" | "removeRecorded">;

export function segmentReader(db: Queryable): Reader {
  return {
    async due(at, after, limit) {
      return (await db.all(statements.due, [at, after, limit])).map(dueOf);
    },
    async newestSegment() {
      return segmentOf(await db.one(statements.newest, []));
    },
    async lastSegment(stream) {
      return segmentOf(await db.one(statements.last, [stream]));
    },
    async unsigned() {
      return (await db.one(statements.unsigned, []))?.entries ?? 0;
    },
    async newestHeadAt() {
      return (await db.one(statements.newestHeadAt, []))?.at ?? null;
    },
  };
}

export function segmentRepository(db: Queryable): Repository {
  return {
    async mayRemove(stream, lastSeq, hash) {
      const row = await db.one(statements.removable, [stream, lastSeq]);
      return row !== undefined && Buffer.from(row.hash).toString("hex") === hash;
    },
    async insertSegment(segment) {
      const { number, previous, stream, firstSeq, lastSeq, count, before, hash, at, file } = segment;
      const range = [number, previous, stream, firstSeq, lastSeq, count, before, hash, at, file];
      try {
        await db.run(statements.insert, [...range, segment.key, segment.signature]);
      } catch (error) {
        if (error instanceof UniqueViolation) throw new RunAgain("another node was faster", { cause: error });
        throw error;
      }
    },
    async removeRecorded(stream, limit) {
      const record = await db.one(statements.last, [stream]);
      if (record === undefined) return 0;
      const newest = (await db.one(statements.newestOfRange, [stream, record.last_seq]))?.seq ?? null;
      if (newest === null) return 0;
      // From the end backwards: what is left meanwhile still follows from the record before it.
      return db.run(statements.remove, [stream, newest - limit, newest]);
    },
  };
}
