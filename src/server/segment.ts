// The next range of a stream's entries that may go: read page by page, until an entry is too young,
// or the file is long enough, or an entry must stay because of what it vouches for. It writes nothing.
import type { StoredEntry, StreamHead } from "../core/audit/entry.ts";
import { auditPage, type Restated, removalStanding } from "../core/audit/retention.ts";
import type { DueStream, RowEntry } from "../core/audit/trail.ts";
import { limits } from "../core/limits.ts";
import type { Database } from "../core/ports.ts";
import { ArchiveFailure } from "./archive.ts";

export interface OldEntries {
  readonly entries: AsyncGenerator<StoredEntry, void>;
  /** Where the range ends, once it has been gone through. */
  end(): StreamHead;
  /** What the trail must say again, because only entries of the range say it. */
  restated(): readonly Restated[];
}

export function oldEntries(
  database: Database,
  stream: DueStream,
  range: { readonly after: number; readonly before: number },
): OldEntries {
  let end: StreamHead | null = null;
  const digests = new Map<string, Restated | null>();
  const take = (entry: StoredEntry): StoredEntry => {
    end = { stream: entry.stream, seq: entry.seq, hash: entry.hash };
    const told = digestOf(entry);
    if (told !== null) digests.set(told.id, told.restated);
    return entry;
  };

  async function* entries(): AsyncGenerator<StoredEntry, void> {
    // A row is held back until it is known that another follows: an open stream keeps its last one.
    let held: RowEntry[] = [];
    for (let seq = range.after; ; ) {
      const input = { stream: stream.id, after: seq, rows: limits.auditChunkRows };
      const page = await database.scan(auditPage, input);
      for (const entry of page) {
        if (entry.seq !== seq + 1) throw new ArchiveFailure("entries are missing");
        seq = entry.seq;
        if (entry.rowEnd !== held[0]?.rowEnd) {
          for (const one of held) yield take(one);
          held = [];
          const full = seq - range.after > limits.auditSegmentEntriesMax;
          if (full || entry.at >= range.before || (await vouches(database, entry))) return;
        }
        held.push(entry);
      }
      if (page.length > 0) continue;
      if (stream.closed === null) return;
      if (seq !== stream.closed.seq) throw new ArchiveFailure("the stream's end is missing");
      for (const one of held) yield take(one);
      return;
    }
  }

  return {
    entries: entries(),
    end() {
      if (end === null) throw new ArchiveFailure("there was nothing to archive");
      return end;
    },
    restated: () => [...digests.values()].filter((one) => one !== null),
  };
}

/**
 * Whether an entry is the only proof of where another stream ends: an opening or closing stays until
 * what it names was removed itself, so nothing that is still there loses what vouches for it.
 */
async function vouches(database: Database, entry: StoredEntry): Promise<boolean> {
  if (entry.action !== "audit.open" && entry.action !== "audit.close") return false;
  for (const { stream, seq } of namedBy(entry)) {
    if (stream === entry.stream || seq === 0) continue;
    const { removed } = await database.point(removalStanding, { stream });
    if (removed.to < seq) return true;
  }
  return false;
}

interface Named {
  readonly stream: string;
  readonly seq: number;
}

function namedBy(entry: StoredEntry): readonly Named[] {
  const details: Partial<Named> & { others?: readonly Named[] } = JSON.parse(entry.details ?? "{}");
  const { others = [], stream, seq } = details;
  return stream === undefined || seq === undefined ? others : [{ stream, seq }];
}

/** What an entry says of a secret's row; a purge ends what was said before. */
function digestOf(entry: StoredEntry): { readonly id: string; readonly restated: Restated | null } | null {
  const { organizationId, targetId: id, details } = entry;
  if (entry.targetKind !== "secret" || entry.outcome !== "allowed" || id === null) return null;
  if (organizationId === null || details?.includes('"digest"') !== true) return null;
  const said: { revision?: number; term?: number; digest?: string | null } = JSON.parse(details);
  const { revision, term = null, digest } = said;
  if (revision === undefined || digest === undefined) return null;
  if (digest === null) return { id, restated: null };
  const { targetName: name, targetStoreId: storeId } = entry;
  return { id, restated: { organizationId, secretId: id, name, storeId, revision, term, digest } };
}
