// The audit trail as the core needs it from outside: read, appended to, and trimmed at its beginnings.
import type { Position } from "../pagination.ts";
import type { AuditEntry, SignedHead, StoredEntry } from "./entry.ts";
import type { AuditFilter } from "./filter.ts";
import type { SignedSegment } from "./segment.ts";

/** A stream whose oldest entry is old enough to go. */
export interface DueStream {
  readonly id: string;
  readonly node: string;
  readonly openedAt: number;
  /** Null while some process may still append to it. */
  readonly closed: { readonly at: number; readonly seq: number; readonly hash: Uint8Array } | null;
}

/** An entry, and the sequence of the last one in its row: rows are removed whole. */
export interface RowEntry extends StoredEntry {
  readonly rowEnd: number;
}

export interface AuditReader {
  list(
    filter: AuditFilter,
    page: { before: Position | null; limit: number },
  ): Promise<readonly StoredEntry[]>;
  /** Streams with an oldest entry from before `at`, by id, after the given one. */
  due(at: number, after: string, limit: number): Promise<readonly DueStream[]>;
  /** The entries of a stream's next rows after a sequence at which a row ended. */
  entriesOf(stream: string, after: number, rows: number): Promise<readonly RowEntry[]>;
  /** The newest record of removed entries: of all streams, of one. */
  newestSegment(): Promise<SignedSegment | null>;
  lastSegment(stream: string): Promise<SignedSegment | null>;
  /** When the newest head was signed, on whichever node. */
  newestHeadAt(): Promise<number | null>;
  /** How many entries of streams that nobody has closed lie after their signed heads. */
  unsigned(): Promise<number>;
}

export interface AuditRepository extends AuditReader {
  /** Chains the entry to this connection's stream. The head is adopted when the commit succeeds. */
  append(entry: AuditEntry): Promise<void>;
  /** As `append` for each; those that are alike share a row. */
  appendAll(entries: readonly AuditEntry[]): Promise<void>;
  saveHead(head: SignedHead): Promise<void>;
  /** Writes and takes back; who commits it knows that an entry could be written. `id` is of no stream. */
  probe(id: string): Promise<void>;
  /** Whether that entry stands so at the end of a row, and is not the last one of a stream that may still grow. */
  mayRemove(stream: string, lastSeq: number, hash: string): Promise<boolean>;
  insertSegment(segment: SignedSegment): Promise<void>;
  /** Removes rows that a record covers, the newest first, with at most `limit` entries; answers how many rows. */
  removeRecorded(stream: string, limit: number): Promise<number>;
}
