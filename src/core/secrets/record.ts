// Writing reveals down: the transaction that checks that what was decided before still holds, and
// without which no value is opened. It is the hottest body of all: reveals that meet in one turn of
// the event loop come together, packed.
import type { AuditEntry } from "../audit/entry.ts";
import { limits } from "../limits.ts";
import { entryOf, type OrganizationCall } from "../operation.ts";
import type { Command, Epochs, Transaction } from "../ports.ts";
import { type PackedRecordings, unpackRecordings } from "./packing.ts";
import type { PreparedReveal } from "./reveal.ts";

export interface RevealRecord {
  readonly secretId: string;
  readonly storeId: string;
  /** Null with client custody. */
  readonly name: string | null;
  /** The secret's own revision, under which the reveal was decided. */
  readonly revision: number;
  readonly version: number;
  readonly because: string;
}

export function recordOf({ secret, custody, version, because }: PreparedReveal): RevealRecord {
  return {
    secretId: secret.id,
    storeId: secret.storeId,
    name: custody === "client" ? null : secret.name,
    revision: secret.revision,
    version,
    because,
  };
}

export interface RecordedReveal extends RevealRecord {
  /** Whether the time of the last read is to be moved. */
  readonly touch: boolean;
}

/** Reveals of one call, decided together. */
export interface Recording extends OrganizationCall {
  /** What all of them were decided under. */
  readonly epochs: Epochs;
  /** The organization's revision at which every one of the secrets was last seen to stand. */
  readonly seenRevision: number;
  readonly reveals: readonly RecordedReveal[];
}

/** Recordings of one organization, as they lie in packing.ts. */
interface Recordings {
  readonly organizationId: string;
  readonly packed: PackedRecordings;
}

/**
 * For each recording the organization's revision at which all of its secrets still stood. Null:
 * access, a secret or its value changed since; nothing was written of it, it is to be decided again.
 */
export const recordReveals: Command<Recordings, readonly (number | null)[]> = {
  name: "reveal.record",
  writesLast: true,
  run: async (tx, { organizationId, packed }) => {
    const recordings = unpackRecordings(organizationId, packed);
    const now = await tx.access.standing(organizationId);
    const outcomes: (number | null)[] = [];
    for (const recording of recordings) {
      const { epochs, seenRevision, reveals } = recording;
      const same = epochs.organization === now.organization && epochs.installation === now.installation;
      // Every change of a secret takes a revision of its organization: where none was taken, none changed.
      const stands = same && (now.revision === seenRevision || (await allStand(tx, reveals)));
      outcomes.push(stands ? now.revision : null);
    }
    await writeReveals(
      tx,
      recordings.filter((_, index) => outcomes[index] !== null),
    );
    return outcomes;
  },
};

/** What one credential did, together and at one time: the table then needs few rows for it. */
export async function writeReveals(tx: Transaction, recordings: readonly Recording[]): Promise<void> {
  const at = recordings.reduce((latest, recording) => Math.max(latest, recording.at), 0);
  const entries: AuditEntry[] = [];
  for (const recording of byCredential(recordings)) {
    for (const reveal of recording.reveals) entries.push(revealEntry(recording, reveal, at));
  }
  await tx.audit.appendAll(entries);
  for (const { reveals } of recordings) {
    for (const { secretId, touch } of reveals) {
      if (touch) await tx.secrets.touchRead(secretId, at, at - limits.lastReadEveryMs);
    }
  }
}

function byCredential(recordings: readonly Recording[]): readonly Recording[] {
  const [first] = recordings;
  const one = first?.caller.tokenId;
  if (recordings.every(({ caller }) => caller.tokenId === one)) return recordings;
  return Map.groupBy(recordings, ({ caller }) => caller.tokenId)
    .values()
    .toArray()
    .flat();
}

/** Whether each secret is there as it was when its reveal was decided. */
export async function allStand(tx: Transaction, reveals: readonly RevealRecord[]): Promise<boolean> {
  for (const { secretId, revision } of reveals) {
    const standing = await tx.secrets.standing(secretId);
    if (standing === null || standing.revision !== revision || standing.state !== "active") return false;
  }
  return true;
}

function revealEntry({ caller, organizationId }: Recording, reveal: RevealRecord, at: number): AuditEntry {
  const call = { caller, at };
  return entryOf(call, {
    organizationId,
    action: "secret.reveal",
    target: { kind: "secret", id: reveal.secretId, name: reveal.name, storeId: reveal.storeId },
    outcome: "allowed",
    because: reveal.because,
    details: { version: reveal.version },
  });
}
