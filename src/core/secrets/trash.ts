// The trash: what was deleted waits here, out of every dialect's reach, until it is restored or purged.

import { type Access, admit, denied, permit, storeTarget, targetOf } from "../access.ts";
import { removeSecret } from "../backends/removing.ts";
import { actorOf, type Caller } from "../caller.ts";
import { nothingElse } from "../changes.ts";
import { demandNoMore } from "../confer.ts";
import { levelActions } from "../grants/grant.ts";
import { limits } from "../limits.ts";
import { entryOf, mutation, type OrganizationCall } from "../operation.ts";
import type { Command, ReadTransaction, Transaction } from "../ports.ts";
import type { Store } from "../stores/store.ts";
import { commitSecrets } from "./commit.ts";
import { secretDigest } from "./digest.ts";
import { demandCustody, parseSecretName, type Secret, secretNotFound } from "./secret.ts";
import { refTarget, secretTarget } from "./target.ts";

interface RestoreInput extends OrganizationCall {
  readonly id: string;
  readonly name: string | null;
}

export const restoreSecret = mutation<RestoreInput, Secret>({
  name: "trash.restore",
  action: "secret.restore",
  target: ({ id }) => refTarget({ id }),
  run: async (tx, input) => {
    const access = await admit(tx, input, { id: input.organizationId });
    const { secret, store } = await trashed(tx, access, input.id);
    const { because } = permit(access, "secret.restore", targetOf(secret), secretNotFound);
    if (secret.orphaned) demandMove(access, secret, store);
    const { custody } = access.organization;
    if (input.name !== null) demandCustody(custody, false);
    const name = input.name === null ? secret.name : parseSecretName(input.name, custody);
    const after: Secret = {
      ...secret,
      name,
      state: "active",
      deletedAt: null,
      deletedBy: null,
      purgeAt: null,
      orphaned: false,
      updatedAt: input.at,
      updatedBy: actorOf(input.caller),
    };
    demandNoMore(access, levelActions.manage, targetOf(secret), targetOf(after));
    const [written] = await commitSecrets(tx, input, access, [
      {
        kind: "secret.restored",
        action: "secret.restore",
        because,
        store,
        before: secret,
        after,
        value: null,
        details: { from: "trash" },
      },
    ]);
    return written ?? after;
  },
});

/** To come into the default store from one that is gone is to move: its readers are others. */
function demandMove(access: Access, secret: Secret, to: Store): void {
  permit(access, "secret.reveal", targetOf(secret), denied);
  permit(access, "secret.create", storeTarget(to), denied);
}

interface PurgeInput extends OrganizationCall {
  readonly id: string;
}

export const purgeTrashed = mutation<PurgeInput, null>({
  name: "trash.purge",
  frees: true,
  action: "secret.purge",
  target: ({ id }) => refTarget({ id }),
  run: async (tx, input) => {
    const access = await admit(tx, input, { id: input.organizationId });
    const { secret, store } = await trashed(tx, access, input.id);
    const { because } = permit(access, "secret.purge", targetOf(secret), secretNotFound);
    await commitSecrets(tx, input, access, [
      {
        kind: "secret.purged",
        action: "secret.purge",
        because,
        store,
        before: secret,
        after: null,
        value: null,
        details: { from: "trash" },
      },
    ]);
    return null;
  },
});

/** A trashed secret and the store into which it would be restored. */
async function trashed(
  tx: ReadTransaction,
  access: Access,
  id: string,
): Promise<{ secret: Secret; store: Store }> {
  const secret = await tx.secrets.get(access.organization.id, id);
  if (secret === null || secret.state !== "trashed") throw secretNotFound();
  const store = await tx.stores.find(access.organization.id, { id: secret.storeId });
  if (store === null) throw secretNotFound();
  permit(access, "secret.read", targetOf(secret), secretNotFound);
  return { secret, store };
}

interface SweepInput {
  readonly caller: Caller;
  readonly at: number;
}

/** The server's own work: purges what has lain its time, a bounded number at once; answers how many. */
export const sweepTrash: Command<SweepInput, number> = {
  name: "trash.sweep",
  run: async (tx, input) => {
    const due = await tx.secrets.duePurge(input.at, limits.removedSecrets);
    for (const { id, organizationId } of due) await purgeDue(tx, input, organizationId, id);
    return due.length;
  },
};

/** Forgets where long purged secrets stood, a bounded number at once; answers how many. */
export const sweepTombstones: Command<{ readonly at: number }, number> = {
  name: "tombstone.sweep",
  run: (tx, { at }) => tx.secrets.sweepTombstones(at - limits.tombstoneKeptMs, limits.sweptTombstonesMax),
};

async function sealedBytes(tx: Transaction, { versionId }: Secret): Promise<Uint8Array | null> {
  return versionId === null ? null : tx.secrets.sealedOf(versionId);
}

async function purgeDue(
  tx: Transaction,
  input: SweepInput,
  organizationId: string,
  id: string,
): Promise<void> {
  const organization = await tx.organizations.find({ id: organizationId });
  const secret = await tx.secrets.get(organizationId, id);
  if (organization === null || secret === null || !isDue(secret, input.at)) return;
  const store = await tx.stores.find(organizationId, { id: secret.storeId });
  const { revision } = await tx.organizations.advance(organizationId, {
    revisions: 1,
    secrets: 0,
    stores: 0,
  });
  const left = await removeSecret(tx, secret, { at: input.at, revision });
  await tx.changes.append([
    {
      ...nothingElse,
      organizationId,
      revision,
      at: input.at,
      kind: "secret.purged",
      storeId: secret.orphaned ? null : secret.storeId,
      storeSlug: secret.orphaned ? null : (store?.slug ?? null),
      secretId: id,
      name: secret.name,
      labelsBefore: secret.labels,
    },
  ]);
  await tx.audit.append(
    entryOf(input, {
      organizationId,
      action: "trash.purge",
      target: secretTarget(organization.custody, secret),
      outcome: "allowed",
      because: "retention",
      details: {
        from: "trash",
        revision,
        version: null,
        digest: left && secretDigest(left, await sealedBytes(tx, left)),
      },
    }),
  );
}

/**
 * Since the batch was listed it may have waited for those before it: what was restored meanwhile is alive, and
 * what is being deleted was told of. What changes after this has another revision.
 */
function isDue({ state, purgeAt }: Secret, at: number): boolean {
  return state === "trashed" && purgeAt !== null && purgeAt <= at;
}
