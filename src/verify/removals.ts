// The records of removed entries. They are numbered, each holds the hash of the one before, and the
// trail tells of each when it is made: so a record that was forged, removed or put there by hand
// shows, however long ago the entries went.
import type { Removed } from "./chain.ts";
import type { Findings } from "./findings.ts";
import {
  canonicalSegment,
  chainStart,
  type Entry,
  isHash,
  isSequence,
  isSigned,
  type SignedSegment,
  segmentHash,
} from "./format.ts";
import { type Keys, wrongSigner } from "./heads.ts";
import type { SegmentRow } from "./source.ts";

export interface Removals {
  /** Those that hold, by number. */
  readonly records: readonly SignedSegment[];
  readonly of: ReadonlyMap<string, Removed>;
  /** Of every record, also of those that do not hold. */
  readonly hashes: ReadonlyMap<number, string>;
}

export function readRemovals(
  rows: readonly SegmentRow[],
  installation: string,
  keys: Keys,
  findings: Findings,
): Removals {
  const of = new Map<string, Removed>();
  const hashes = new Map<number, string>();
  const records: SignedSegment[] = [];
  let before = { number: 0, hash: chainStart };
  for (const record of sorted(rows, findings)) {
    const { number, stream, firstSeq } = record;
    const text = canonicalSegment(installation, record);
    const wrong =
      wrongNumber(record, before) ??
      wrongSigner(keys, record.key, (key) => isSigned(key, text, record.signature)) ??
      wrongRange(record, of.get(stream));
    before = { number, hash: segmentHash(text) };
    hashes.set(number, before.hash);
    if (wrong !== null) {
      findings.add("removal", stream, firstSeq, `record ${number} of removed entries ${wrong}`);
      continue;
    }
    const ends = new Map(of.get(stream)?.ends).set(record.lastSeq, record.hash);
    of.set(stream, { to: record.lastSeq, ends });
    records.push(record);
  }
  return { records, of, hashes };
}

function sorted(rows: readonly SegmentRow[], findings: Findings): SignedSegment[] {
  const records: SignedSegment[] = [];
  for (const row of rows) {
    const record = signedSegment(row);
    if (record !== null) records.push(record);
    else findings.add("removal", null, null, "what is stored as a record of removed entries is none");
  }
  return records.sort((one, other) => one.number - other.number);
}

function signedSegment(row: SegmentRow): SignedSegment | null {
  const { number, previous, stream, firstSeq, lastSeq, count, before, hash, at, file, key, signature } = row;
  if (!isSequence(number) || !isSequence(firstSeq) || !isSequence(lastSeq) || !isSequence(count)) return null;
  if (!isHash(previous) || !isHash(before) || !isHash(hash) || typeof at !== "number") return null;
  if (typeof stream !== "string" || typeof file !== "string") return null;
  if (typeof key !== "string" || typeof signature !== "string") return null;
  return { number, previous, stream, firstSeq, lastSeq, count, before, hash, at, file, key, signature };
}

function wrongNumber(record: SignedSegment, before: { number: number; hash: string }): string | null {
  if (record.number === before.number) return "stands there twice";
  if (record.number !== before.number + 1)
    return `follows record ${before.number}: what was between is missing`;
  return record.previous === before.hash ? null : "does not follow from the record before it";
}

/** The records of a stream cover it from its first entry on, without a gap and without overlap. */
function wrongRange(record: SignedSegment, removed: Removed | undefined): string | null {
  const { firstSeq, lastSeq, count, before } = record;
  const to = removed?.to ?? 0;
  const expected = removed?.ends.get(to) ?? chainStart;
  if (firstSeq !== to + 1 || lastSeq < firstSeq || before !== expected) {
    return `begins at entry ${firstSeq}, which does not follow from entry ${to}`;
  }
  return count === lastSeq - firstSeq + 1 ? null : "counts other entries than it names";
}

/** What the entry about a removal says of its record; null if it says nothing. */
export interface RemovalMark {
  readonly number: number;
  readonly hash: string;
  readonly by: string;
}

export function removalMark(entry: Entry): RemovalMark | null {
  try {
    const value: unknown = JSON.parse(String(entry.details));
    const { number, hash } = (typeof value === "object" ? value : null) as Record<string, unknown>;
    if (!isSequence(number) || !isHash(hash)) return null;
    return { number, hash, by: `entry ${entry.seq} of ${entry.stream}` };
  } catch {
    return null;
  }
}

/** The records against what the trail tells of them. */
export function checkMarks(marks: readonly RemovalMark[], removals: Removals, findings: Findings): void {
  const { hashes } = removals;
  const newest = [...hashes.keys()].at(-1) ?? 0;
  let told = newest === 0;
  for (const { number, hash, by } of marks) {
    const stored = hashes.get(number);
    if (stored === undefined) {
      findings.add(
        "removal",
        null,
        null,
        `record ${number} of removed entries is missing; ${by} tells of it`,
      );
    } else if (stored !== hash) {
      findings.add(
        "removal",
        null,
        null,
        `record ${number} of removed entries is not the one that ${by} tells of`,
      );
    } else if (number === newest) told = true;
  }
  if (!told) {
    const message = `no entry tells of record ${newest} of removed entries: it was put there by hand`;
    findings.add("removal", null, null, message);
  }
}
