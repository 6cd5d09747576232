// Columns of either engine, and members of export lines, to the verifier's own types. Nothing is
// trusted to have its declared type: who edits a table by hand can store anything in it, and that
// must become a finding instead of an exception or, worse, a match.
import { type Entry, entryColumns, type Field, isHash, isSequence, type SecretRow } from "./format.ts";
import type { ArchiveRow, HeadRow, SegmentRow, StreamRow } from "./source.ts";

export type Row = Readonly<Record<string, unknown>>;

/** JSON writes NaN and Infinity as null: a number that is not whole must not pass for null. */
export function field(value: unknown): Field {
  if (value === null || typeof value === "string") return value;
  if (typeof value === "bigint" && Number.isSafeInteger(Number(value))) return Number(value);
  if (typeof value === "number" && Number.isSafeInteger(value)) return value;
  return "(neither text nor a whole number)";
}

/** A hash as bytes or as hex; empty if it is neither. */
export function hashField(value: unknown): string {
  if (value instanceof Uint8Array && value.length === 32) return Buffer.from(value).toString("hex");
  return isHash(value) ? value : "";
}

export function entryOf(row: Row): Entry {
  const fields: Record<string, Field> = {};
  for (const column of entryColumns) fields[column] = field(row[column]);
  const { stream, seq, ...rest } = fields as Record<(typeof entryColumns)[number], Field>;
  return {
    ...rest,
    stream: String(stream),
    seq: isSequence(seq) ? seq : null,
    hash: hashField(row.hash),
  };
}

/** What each entry of a row has of its own, in the order in which the table's list has it. */
const ownColumns = [
  "target_id",
  "target_name",
  "target_store_id",
  "because",
  "details",
  "request_id",
] as const;

/**
 * All entries of a row of the table: the ones before the last stand in a list in its own. A list that
 * cannot be read takes the row's sequence with it, for nobody can say any more what the row holds.
 */
export function entriesOf(row: Row): readonly Entry[] {
  const last = entryOf(row);
  const earlier = earlierOf(row.earlier);
  if (earlier === null) return [{ ...last, seq: null }];
  if (last.seq === null) return [last];
  const first = last.seq - earlier.length;
  return [
    ...earlier.map((own, index) => ({ ...last, ...own, seq: first + index < 1 ? null : first + index })),
    last,
  ];
}

type Own = Pick<Entry, (typeof ownColumns)[number] | "hash">;

function earlierOf(text: unknown): readonly Own[] | null {
  if (text === null) return [];
  let list: unknown;
  try {
    list = JSON.parse(String(text));
  } catch {
    return null;
  }
  if (typeof text !== "string" || !Array.isArray(list) || list.length === 0) return null;
  const entries = list.map(ownOf).filter((own) => own !== null);
  // Any other spelling of the same list is not what was written.
  return entries.length === list.length && JSON.stringify(list) === text ? entries : null;
}

function ownOf(item: unknown): Own | null {
  if (!Array.isArray(item) || item.length !== ownColumns.length + 1) return null;
  const values: readonly unknown[] = item;
  const [target_id, target_name, target_store_id, because, details, request_id] = values.map(field);
  const hash = values.at(-1);
  if (!isHash(hash) || request_id === undefined) return null;
  return { target_id, target_name, target_store_id, because, details, request_id, hash } as Own;
}

export function streamOf(row: Row): StreamRow {
  return {
    id: String(field(row.id)),
    node: field(row.node),
    openedAt: field(row.opened_at),
    closedAt: field(row.closed_at),
    lastSeq: field(row.last_seq),
    lastHash: hashField(row.last_hash),
  };
}

export function headOf(row: Row): HeadRow {
  return {
    stream: field(row.stream),
    seq: field(row.seq),
    hash: hashField(row.hash),
    at: field(row.at),
    key: field(row.key),
    signature: field(row.signature),
  };
}

export function segmentOf(row: Row): SegmentRow {
  return {
    number: field(row.number),
    previous: hashField(row.previous),
    stream: field(row.stream),
    firstSeq: field(row.first_seq),
    lastSeq: field(row.last_seq),
    count: field(row.count),
    before: hashField(row.before),
    hash: hashField(row.hash),
    at: field(row.at),
    file: field(row.file),
    key: field(row.key),
    signature: field(row.signature),
  };
}

/** Null if it does not say which entries a file holds. */
export function archiveOf(row: Row): ArchiveRow | null {
  const { stream, first_seq: firstSeq, last_seq: lastSeq, before, hash } = row;
  if (typeof stream !== "string" || !isSequence(firstSeq) || !isSequence(lastSeq)) return null;
  return isHash(before) && isHash(hash) ? { stream, firstSeq, lastSeq, before, hash } : null;
}

export function secretOf(row: Row): SecretRow {
  const sealed = row.sealed;
  return {
    id: String(field(row.id)),
    name: field(row.name),
    policy: field(row.policy),
    consumers: field(row.consumers),
    version: field(row.version),
    state: field(row.state),
    sealed: sealed instanceof Uint8Array ? sealed : null,
  };
}
