// Deleting a store: live secrets go only by force, trashed ones stay restorable into the default store. Who
// may do something there gains nothing by that: until then they are of no store.
import { admit, changeAccess, holdAccess, permit, storeOf, storeTarget } from "../access.ts";
import { tellAccessChanged } from "../access-changed.ts";
import { actorOf } from "../caller.ts";
import { CofferError } from "../errors.ts";
import { limits } from "../limits.ts";
import { mutation, type OrganizationCall } from "../operation.ts";
import type { Ref } from "../organizations/organization.ts";
import { commitSecrets, type SecretChange, writeAlone } from "../secrets/commit.ts";
import { type Removal, removal } from "../secrets/remove.ts";
import type { Secret } from "../secrets/secret.ts";
import type { Store } from "./store.ts";
import { refTarget, told } from "./target.ts";

interface RemoveInput extends OrganizationCall {
  readonly store: Ref;
  readonly force: boolean;
  readonly removal: Removal;
  /** Live secrets stay, in the default store; their names must be free there. */
  readonly rehome: boolean;
}

export const removeStore = mutation<RemoveInput, "removed" | "more">({
  name: "store.delete",
  frees: true,
  action: "store.delete",
  target: ({ store }) => refTarget(store),
  run: async (tx, input) => {
    const access = await admit(tx, input, { id: input.organizationId });
    const store = await storeOf(tx, access, input.store);
    const { because } = permit(access, "store.delete", storeTarget(store));
    if (store.id === access.organization.defaultStoreId) {
      throw new CofferError("store.is_default", "The default store cannot be deleted.");
    }
    // Where live secrets move, all or none do.
    const most = input.rehome ? limits.batchMax : limits.removedSecrets;
    const seen = await tx.secrets.idsIn(store.id, "active", null, most);
    // Taken first: who changes access takes these in the same order. While the store stands nobody's changes.
    await (seen.length === most ? holdAccess : changeAccess)(tx, input.organizationId, access.epochs);
    // Before it secrets may still be moved out, which are not to go with the store, and others come in.
    await writeAlone(tx, input.organizationId);
    const live = await tx.secrets.idsIn(store.id, "active", null, most);
    if (live.length > 0 && !input.force && !input.rehome) {
      throw new CofferError("store.not_empty", "The store has live secrets; delete them first, or force.");
    }
    if (live.length > 0) permit(access, input.rehome ? "secret.reveal" : "secret.delete", storeTarget(store));
    // Access that is only held lets the store stand, however few are left by now.
    const isPart = seen.length === most || live.length === most;
    const changes: SecretChange[] = [];
    const home = input.rehome ? await storeOf(tx, access, { id: access.organization.defaultStoreId }) : null;
    for (const id of live) {
      const secret = await tx.secrets.get(input.organizationId, id);
      const call = { ...input, demandsPurge: false };
      if (secret?.state !== "active" || secret.storeId !== store.id) continue;
      changes.push(
        home === null
          ? removal(call, access, store, secret, because)
          : moved(input, { secret, from: store, to: home, because }),
      );
    }
    if (changes.length > 0) await commitSecrets(tx, input, access, changes);
    // One transaction moves a bounded number of rows; what is left is done by the next. If none comes the
    // store is a smaller one, and what was trashed is still its own.
    if (isPart) return "more";
    const homeless = await tx.secrets.idsIn(store.id, "trashed", null, limits.batchMax + 1);
    if (homeless.length > limits.batchMax) {
      await tx.secrets.rehome(homeless.slice(0, limits.batchMax), access.organization.defaultStoreId);
      return "more";
    }
    await tx.secrets.rehome(homeless, access.organization.defaultStoreId);
    await tx.remote.clearStore(store.id, access.organization.defaultStoreId);
    const object = { kind: "store", id: store.id } as const;
    const grants = await tx.grants.list(
      input.organizationId,
      { subject: null, object, onMachines: false },
      { after: null, limit: limits.accessConcernsMax + 1 },
    );
    const { revision } = await tx.organizations.advance(input.organizationId, {
      revisions: 1,
      secrets: 0,
      stores: -1,
    });
    await tx.grants.forgetObject(input.organizationId, object);
    await tx.stores.remove(store.id);
    await told(tx, input, "store.deleted", store, revision, because);
    await tellAccessChanged(
      tx,
      input,
      grants.map(({ subject }) => subject.id),
    );
    return "removed";
  },
});

function moved(
  { at, caller }: OrganizationCall,
  { secret, from, to, because }: { secret: Secret; from: Store; to: Store; because: string },
): SecretChange {
  return {
    kind: "secret.moved",
    action: "store.delete",
    because,
    store: to,
    before: secret,
    after: { ...secret, storeId: to.id, updatedAt: at, updatedBy: actorOf(caller) },
    value: null,
    details: { changed: ["store"], movedFrom: from.id },
  };
}
