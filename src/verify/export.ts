// The export: the whole trail as lines of JSON, written from a database and read back for
// verification. What it carries is public half and hash; no value, sealed or not, is in it.
import { createWriteStream, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type Entry, entryColumns } from "./format.ts";
import { linesOf } from "./lines.ts";
import { archiveOf, entryOf, headOf, type Row, segmentOf, streamOf } from "./rows.ts";
import {
  type ArchiveRow,
  type AuditSource,
  AuditUnreadable,
  type HeadRow,
  type SegmentRow,
  type StreamRow,
} from "./source.ts";

export const exportFormat = "coffer/audit-export/1";

/** Writes every line, the newline included, and waits for each: a slow reader holds it back. */
export async function exportAudit(
  source: AuditSource,
  write: (line: string) => void | Promise<void>,
): Promise<void> {
  await begin(await source.installation(), await source.keys(), write);
  for (const stream of await source.streams()) await write(line("stream", streamMembers(stream)));
  for (const head of await source.heads()) await write(line("head", head));
  for (const segment of await source.segments()) await write(line("segment", segmentMembers(segment)));
  for await (const entry of source.entries()) await write(line("entry", entryMembers(entry)));
}

export interface ArchiveParts {
  readonly installation: string;
  readonly keys: readonly string[];
  readonly stream: StreamRow;
  readonly entries: AsyncIterable<Entry>;
  /** Asked once the entries have been gone through: only then it is known where they end. */
  readonly end: () => { readonly archived: ArchiveRow; readonly head: HeadRow };
}

/** Writes a file of the archive: an export of a part of one stream, which says which part it is. */
export async function exportSegment(
  parts: ArchiveParts,
  write: (line: string) => void | Promise<void>,
): Promise<void> {
  await begin(parts.installation, parts.keys, write);
  await write(line("stream", streamMembers(parts.stream)));
  for await (const entry of parts.entries) await write(line("entry", entryMembers(entry)));
  const { archived, head } = parts.end();
  await write(line("head", head));
  const { stream, firstSeq, lastSeq, before, hash } = archived;
  await write(line("archive", { stream, first_seq: firstSeq, last_seq: lastSeq, before, hash }));
}

async function begin(
  id: string,
  keys: readonly string[],
  write: (line: string) => void | Promise<void>,
): Promise<void> {
  await write(line("installation", { format: exportFormat, id }));
  for (const key of keys) await write(line("key", { public_key: key }));
}

function line(kind: string, members: object): string {
  return `${JSON.stringify({ kind, ...members })}\n`;
}

function segmentMembers({ firstSeq, lastSeq, ...row }: SegmentRow): Row {
  return { ...row, first_seq: firstSeq, last_seq: lastSeq };
}

function streamMembers(row: StreamRow): Row {
  const { id, node, openedAt, closedAt, lastSeq, lastHash } = row;
  return {
    id,
    node,
    opened_at: openedAt,
    closed_at: closedAt,
    last_seq: lastSeq,
    last_hash: lastHash === "" ? null : lastHash,
  };
}

function entryMembers(entry: Entry): Row {
  return { ...Object.fromEntries(entryColumns.map((column) => [column, entry[column]])), hash: entry.hash };
}

const members: Readonly<Record<string, ReadonlySet<string>>> = {
  installation: new Set(["kind", "format", "id"]),
  key: new Set(["kind", "public_key"]),
  stream: new Set(["kind", "id", "node", "opened_at", "closed_at", "last_seq", "last_hash"]),
  head: new Set(["kind", "stream", "seq", "hash", "at", "key", "signature"]),
  segment: new Set([
    ...["kind", "number", "previous", "stream", "first_seq", "last_seq", "count", "before", "hash", "at"],
    ...["file", "key", "signature"],
  ]),
  archive: new Set(["kind", "stream", "first_seq", "last_seq", "before", "hash"]),
  entry: new Set(["kind", ...entryColumns, "hash"]),
};

const markActions: ReadonlySet<unknown> = new Set(["audit.open", "audit.close", "audit.remove"]);

interface Opening {
  readonly installation: string;
  readonly keys: string[];
  readonly streams: StreamRow[];
  readonly heads: HeadRow[];
  readonly segments: SegmentRow[];
  readonly archives: ArchiveRow[];
  readonly marks: Entry[];
  readonly damage: string[];
}

/**
 * Reads an export, from a file or from standard input. It is gone through twice, first for what is
 * said about streams and then for their entries, so input is first kept in a file of its own.
 */
export function exportSource(input: string | Readable): AuditSource {
  let kept: Promise<string> | null = null;
  let folder: string | null = null;
  const path = () => {
    if (typeof input === "string") return Promise.resolve(input);
    folder ??= mkdtempSync(join(tmpdir(), "coffer-audit-"));
    kept ??= keep(input, join(folder, "export"));
    return kept;
  };
  let opening: Promise<Opening> | null = null;
  const opened = () => {
    opening ??= path().then(readOpening);
    return opening;
  };

  return {
    label: typeof input === "string" ? input : "standard input",
    installation: async () => (await opened()).installation,
    keys: async () => (await opened()).keys,
    streams: async () => (await opened()).streams,
    heads: async () => (await opened()).heads,
    segments: async () => (await opened()).segments,
    archived: async () => (await opened()).archives[0] ?? null,
    damage: async () => (await opened()).damage,
    async *marks() {
      yield* (await opened()).marks;
    },
    async *entries() {
      for await (const { row } of lines(await path())) {
        if (row?.kind === "entry") yield entryOf(row);
      }
    },
    secrets: () => null,
    async close() {
      if (folder !== null) rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function keep(input: Readable, path: string): Promise<string> {
  await pipeline(input, createWriteStream(path, { mode: 0o600 }));
  return path;
}

async function readOpening(path: string): Promise<Opening> {
  let opening: Opening | null = null;
  for await (const { row, number } of lines(path)) {
    if (opening === null) {
      if (row?.kind !== "installation" || row.format !== exportFormat || typeof row.id !== "string") {
        throw new AuditUnreadable(`${path} does not begin like an audit export (${exportFormat})`);
      }
      const lists = { keys: [], streams: [], heads: [], segments: [], archives: [], marks: [], damage: [] };
      opening = { installation: row.id, ...lists };
    } else if (row === null || !sort(row, opening)) {
      opening.damage.push(`line ${number} is no line of an audit export`);
    }
  }
  if (opening === null) throw new AuditUnreadable(`${path} is empty`);
  return opening;
}

/** Puts a line where it belongs; false if it belongs nowhere. */
function sort(row: Row, opening: Opening): boolean {
  const kind = String(row.kind);
  const known = Object.hasOwn(members, kind) ? members[kind] : undefined;
  // A member that no hash covers could tell a reader something nobody ever recorded.
  if (known === undefined || Object.keys(row).length !== known.size) return false;
  if (!Object.keys(row).every((member) => known.has(member))) return false;
  if (kind === "key") opening.keys.push(String(row.public_key));
  else if (kind === "stream") opening.streams.push(streamOf(row));
  else if (kind === "entry") {
    if (markActions.has(row.action)) opening.marks.push(entryOf(row));
  } else if (kind === "head") {
    opening.heads.push(headOf(row));
  } else if (kind === "segment") {
    opening.segments.push(segmentOf(row));
  } else if (kind === "archive") {
    const archive = archiveOf(row);
    if (archive === null || opening.archives.length > 0) return false;
    opening.archives.push(archive);
  } else return false;
  return true;
}

async function* lines(path: string): AsyncIterable<{ row: Row | null; number: number }> {
  let number = 0;
  try {
    for await (const text of linesOf(path)) {
      number += 1;
      if (text !== "") yield { row: parse(text), number };
    }
  } catch (cause) {
    if (number > 0) throw cause;
    throw new AuditUnreadable(`${path} cannot be read`, { cause });
  }
}

function parse(text: string): Row | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Row) : null;
  } catch {
    return null;
  }
}
