// A segment: the oldest entries of one stream, as the record that stays when they are removed. The
// written definition is docs/reference/audit-format.md; src/verify reads it with its own code.
// Records are numbered over the installation and each holds the hash of the one before, so that the
// newest entry about a removal fixes them all.
import { hash } from "node:crypto";

export interface Segment {
  /** 1, 2, 3 ... over all streams. */
  readonly number: number;
  /** The hash of the record before; 64 zeros before the first. */
  readonly previous: string;
  readonly stream: string;
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly count: number;
  /** The chain's hash before the first entry, in hex, and that of the last one. */
  readonly before: string;
  readonly hash: string;
  readonly at: number;
  /** Where it was written to, within the archive's folder. */
  readonly file: string;
}

export interface SignedSegment extends Segment {
  readonly key: string;
  readonly signature: string;
}

export const segmentFormat = "coffer/audit-segment/1";
export const noSegment = { number: 0, hash: "0".repeat(64) } as const;

export function canonicalSegment(installationId: string, segment: Segment): string {
  return JSON.stringify([
    segmentFormat,
    installationId,
    segment.number,
    segment.previous,
    segment.stream,
    segment.firstSeq,
    segment.lastSeq,
    segment.count,
    segment.before,
    segment.hash,
    segment.at,
    segment.file,
  ]);
}

/** What the next record, and the entry about this one, hold of it. */
export function segmentHash(canonical: string): string {
  return hash("sha256", canonical, "hex");
}
