// What the retention of the audit trail does inside the database: finds what is due, restates what
// must outlive it, leaves the signed record, and only then removes rows, a bounded number at a time.
// It knows no archive; that a segment was written there is the word of who calls.
import type { Call } from "../access.ts";
import { entryOf } from "../operation.ts";
import type { Command, Query, ReadTransaction } from "../ports.ts";
import { canonicalSegment, noSegment, type SignedSegment, segmentHash } from "./segment.ts";
import type { DueStream, RowEntry } from "./trail.ts";

interface DueInput {
  /** Entries from before this time are due. */
  readonly before: number;
  readonly after: string;
  readonly limit: number;
}

/** Streams whose oldest entry is due, by id: older streams come first. */
export const dueStreams: Query<DueInput, readonly DueStream[]> = {
  name: "audit.due-streams",
  run: (tx, { before, after, limit }) => tx.audit.due(before, after, limit),
};

interface PageInput {
  readonly stream: string;
  readonly after: number;
  readonly rows: number;
}

export const auditPage: Query<PageInput, readonly RowEntry[]> = {
  name: "audit.page",
  run: (tx, { stream, after, rows }) => tx.audit.entriesOf(stream, after, rows),
};

/** How far a stream was removed, and the newest record of all: the next one follows both. */
export interface RemovalStanding {
  readonly newest: { readonly number: number; readonly hash: string };
  readonly removed: { readonly to: number; readonly hash: string };
}

export const removalStanding: Query<{ readonly stream: string }, RemovalStanding> = {
  name: "audit.removal-standing",
  run: async (tx, { stream }) => {
    const last = await tx.audit.lastSegment(stream);
    const removed = last === null ? { to: 0, hash: noSegment.hash } : { to: last.lastSeq, hash: last.hash };
    return { newest: await newestRecord(tx), removed };
  },
};

export const newestHeadAt: Query<null, number | null> = {
  name: "audit.newest-head",
  run: (tx) => tx.audit.newestHeadAt(),
};

/** What an entry that goes says of a secret's row. */
export interface Restated {
  readonly organizationId: string;
  readonly secretId: string;
  readonly name: string | null;
  readonly storeId: string | null;
  readonly revision: number;
  /** Where a rotation said it. */
  readonly term: number | null;
  readonly digest: string;
}

interface RestateInput extends Call {
  readonly items: readonly Restated[];
}

/**
 * Says again, in a new entry, what the trail said of rows that still stand at that revision. It is
 * the old entry's word, never computed from the row: a row changed by hand stays one.
 */
export const restateDigests: Command<RestateInput, number> = {
  name: "audit.restate",
  run: async (tx, input) => {
    let restated = 0;
    for (const { organizationId, secretId, name, storeId, revision, term, digest } of input.items) {
      const secret = await tx.secrets.get(organizationId, secretId);
      if (secret === null || secret.revision !== revision) continue;
      await tx.audit.append(
        entryOf(input, {
          organizationId,
          action: "audit.restate",
          target: { kind: "secret", id: secretId, name, storeId },
          outcome: "allowed",
          because: "retention",
          details: { revision, ...(term === null ? {} : { term }), digest },
        }),
      );
      restated += 1;
    }
    return restated;
  },
};

interface RecordInput extends Call {
  readonly segment: SignedSegment;
}

/** Leaves the record of a segment that is about to go; false if what it was made from has moved. */
export const recordRemoval: Command<RecordInput, boolean> = {
  name: "audit.record-removal",
  run: async (tx, input) => {
    const { segment } = input;
    const newest = await newestRecord(tx);
    if (newest.number !== segment.number - 1 || newest.hash !== segment.previous) return false;
    const before = await tx.audit.lastSegment(segment.stream);
    if ((before?.lastSeq ?? 0) !== segment.firstSeq - 1) return false;
    if (!(await tx.audit.mayRemove(segment.stream, segment.lastSeq, segment.hash))) return false;
    await tx.audit.insertSegment(segment);
    const { number, stream, firstSeq, lastSeq, file } = segment;
    const hash = segmentHash(canonicalSegment(await installationId(tx), segment));
    await tx.audit.append(
      entryOf(input, {
        organizationId: null,
        action: "audit.remove",
        target: { kind: "stream", id: stream, name: null, storeId: null },
        outcome: "allowed",
        because: "retention",
        details: { number, hash, stream, first: firstSeq, last: lastSeq, file },
      }),
    );
    return true;
  },
};

/** Removes rows that a record covers, the newest of them first; answers how many. */
export const removeRecorded: Command<{ readonly stream: string; readonly limit: number }, number> = {
  name: "audit.remove-recorded",
  run: (tx, { stream, limit }) => tx.audit.removeRecorded(stream, limit),
};

async function newestRecord(tx: ReadTransaction): Promise<{ number: number; hash: string }> {
  const newest = await tx.audit.newestSegment();
  if (newest === null) return noSegment;
  return {
    number: newest.number,
    hash: segmentHash(canonicalSegment(await installationId(tx), newest)),
  };
}

async function installationId(tx: ReadTransaction): Promise<string> {
  return (await tx.installation.find())?.id ?? "";
}
