// Where an audit trail is read from: a database or an export. It promises one consistent view
// and says nothing about whether what it reads is true; that is the verifier's question.
import type { Entry, Field, SecretRow, SignedSegment } from "./format.ts";

export interface StreamRow {
  readonly id: string;
  readonly node: Field;
  readonly openedAt: Field;
  readonly closedAt: Field;
  readonly lastSeq: Field;
  readonly lastHash: string;
}

/** What should be a signed head. */
export type HeadRow = Readonly<Record<"stream" | "seq" | "hash" | "at" | "key" | "signature", Field>>;

/** What should be a record of removed entries. */
export type SegmentRow = Readonly<Record<keyof SignedSegment, Field>>;

/** Which entries a file of the archive holds: those that a record tells were removed. */
export type ArchiveRow = Pick<SignedSegment, "stream" | "firstSeq" | "lastSeq" | "before" | "hash">;

export interface AuditSource {
  /** For the report: a path or a kind of source, never an address with a password in it. */
  readonly label: string;
  installation(): Promise<string>;
  /** Public halves of the signing keys, SPKI in base64, the newest last. */
  keys(): Promise<readonly string[]>;
  streams(): Promise<readonly StreamRow[]>;
  /** As they stand, also those that are no heads: an export must not drop what was spoilt. */
  heads(): Promise<readonly HeadRow[]>;
  /** Records of removed entries, also those that are none. */
  segments(): Promise<readonly SegmentRow[]>;
  /** Set for a file of the archive alone. */
  archived(): Promise<ArchiveRow | null>;
  /** What stands in an export and is no part of one; each becomes a finding. */
  damage(): Promise<readonly string[]>;
  /** The entries that open and close streams, or tell of removed entries: a few of many. */
  marks(): AsyncIterable<Entry>;
  /** Every entry; of a database by stream and sequence, of an export as its lines stand. */
  entries(): AsyncIterable<Entry>;
  /** The rows that digests are compared with. An export has none. */
  secrets(): AsyncIterable<SecretRow> | null;
  close(): Promise<void>;
}

/** The trail cannot be read at all, so nothing can be said about it. */
export class AuditUnreadable extends Error {
  override readonly name = "AuditUnreadable";
}
