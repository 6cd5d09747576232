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
  /** Of the oldest entry that is still there. */
  readonly firstSeq: number;
}

export interface AuditReader {
  list(
    filter: AuditFilter,
    page: { before: Position | null; limit: number },
  ): Promise<readonly StoredEntry[]>;
  /** Streams with an oldest entry from before `at`, by id, after the given one. */
  due(at: number, after: string, limit: number): Promise<readonly DueStream[]>;
  /** The entries of one stream after a sequence. */
  entriesOf(stream: string, after: number, limit: number): Promise<readonly StoredEntry[]>;
  /** The newest record of removed entries: of all streams, of one. */
  newestSegment(): Promise<SignedSegment | null>;
  lastSegment(stream: string): Promise<SignedSegment | null>;
  /** When the newest head was signed, on whichever node. */
  newestHeadAt(): Promise<number | null>;
}

export interface AuditRepository extends AuditReader {
  /** Chains the entry to this connection's stream. The head is adopted when the commit succeeds. */
  append(entry: AuditEntry): Promise<void>;
  saveHead(head: SignedHead): Promise<void>;
  /** Whether that entry stands so, and is not the last one of a stream that may still grow. */
  mayRemove(stream: string, lastSeq: number, hash: string): Promise<boolean>;
  insertSegment(segment: SignedSegment): Promise<void>;
  /** Removes rows that a record covers, the newest first, at most `limit`; answers how many. */
  removeRecorded(stream: string, limit: number): Promise<number>;
}
