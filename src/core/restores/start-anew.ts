// The first start after a restore, before anything is served: the history goes on from another point than
// the one that clients, caches and other places have seen. Revisions jump, every key starts a term, whoever
// follows starts over. It goes in steps, each a commit, and a start that was killed goes on where it ended.
import { tellAccessChanged } from "../access-changed.ts";
import type { Caller } from "../caller.ts";
import type { ResealedInternalKey } from "../keys/installation.ts";
import { demandWrapping } from "../keys/root.ts";
import { nextTerm } from "../keys/rotate.ts";
import { keyRotated } from "../keys/term.ts";
import { limits } from "../limits.ts";
import { entryOf } from "../operation.ts";
import type { Command, KeyRecord, Query, Transaction } from "../ports.ts";
import type { Restore } from "./port.ts";

export interface Pending {
  readonly restore: Restore;
  /** Organizations that are still to start anew, with the number of the term that each is to have next. */
  readonly organizations: readonly { readonly id: string; readonly term: number }[];
  /** The same of the installation's own key. */
  readonly term: number;
}

/** What is next to be done; null where nothing was restored, or all of it is done. */
export const pendingRestore: Query<null, Pending | null> = {
  name: "restore.pending",
  run: async (tx) => {
    const restore = await tx.restores.pending();
    if (restore === null) return null;
    const organizations: { id: string; term: number }[] = [];
    for (const id of await tx.restores.organizationsAfter(restore.reached, limits.restoreOrganizations)) {
      organizations.push({ id, term: nextTerm(await tx.keys.terms(id)) });
    }
    return { restore, organizations, term: nextTerm(await tx.keys.terms(null)) };
  },
};

interface StartInput {
  readonly caller: Caller;
  readonly at: number;
  readonly number: number;
  /** In order of the organizations' ids. */
  readonly keys: readonly (KeyRecord & { readonly organizationId: string })[];
}

export const startOrganizationsAnew: Command<StartInput, null> = {
  name: "restore.start",
  run: async (tx, input) => {
    const restore = await claimed(tx, input.number);
    for (const key of input.keys) {
      // Another node that starts, too, was faster.
      if (restore === null || (restore.reached !== null && restore.reached >= key.organizationId)) continue;
      await startTerm(tx, key);
      await tx.restores.jump(key.organizationId, limits.restoreRevisions);
      await tx.access.raiseEpoch(key.organizationId);
      await tx.audit.append(
        entryOf(input, {
          organizationId: key.organizationId,
          action: "installation.restore",
          target: { kind: "organization", id: key.organizationId, name: null, storeId: null },
          outcome: "allowed",
          because: "on the host",
          details: { ...told(restore), term: key.term },
        }),
      );
      // What was told after the backup is lost: nobody knows any more what moved meanwhile.
      await tellAccessChanged(tx, { organizationId: key.organizationId, at: input.at }, [key.organizationId]);
      await tx.restores.reach(input.number, key.organizationId);
    }
    return null;
  },
};

interface FinishInput {
  readonly caller: Caller;
  readonly at: number;
  readonly number: number;
  readonly key: KeyRecord;
  readonly internalKeys: readonly ResealedInternalKey[];
}

/** The installation's own key, and with it the end. */
export const finishRestore: Command<FinishInput, null> = {
  name: "restore.finish",
  run: async (tx, input) => {
    const { key, internalKeys, at } = input;
    const restore = await claimed(tx, input.number);
    if (restore === null) return null;
    await startTerm(tx, key);
    await tx.keys.retireBefore(null, key.term, at);
    for (const { id, before, sealed } of internalKeys) {
      if (!(await tx.keys.replaceInternal({ id, before }, { term: key.term, sealed }))) throw keyRotated();
    }
    await tx.access.raiseInstallationEpoch();
    const installation = await tx.installation.find();
    await tx.audit.append(
      entryOf(input, {
        organizationId: null,
        action: "installation.restore",
        target: { kind: "installation", id: installation?.id ?? null, name: null, storeId: null },
        outcome: "allowed",
        because: "on the host",
        details: { ...told(restore), term: key.term },
      }),
    );
    await tx.restores.finish(input.number, at);
    return null;
  },
};

async function claimed(tx: Transaction, number: number): Promise<Restore | null> {
  const restore = await tx.restores.claim();
  return restore?.number === number ? restore : null;
}

/**
 * What the keys sealed after the backup was taken is not counted in it. A term more than there may be is
 * better than a start that is refused.
 */
async function startTerm(tx: Transaction, key: KeyRecord): Promise<void> {
  await demandWrapping(tx, key.rootKeyId);
  if (nextTerm(await tx.keys.terms(key.organizationId)) !== key.term) throw keyRotated();
  if (!(await tx.keys.insertTerm(key))) throw keyRotated();
}

function told({ number, backup, takenAt, restoredAt }: Restore) {
  return { number, backup, takenAt, restoredAt };
}
