// Deleting secrets wherever they lie. What the caller does not see refuses the whole request, as if it
// were not there; what he sees and may not delete is left, and said so.
import { admit, targetOf } from "../access.ts";
import { authorize } from "../authorize.ts";
import { entryOf, mutation, type OrganizationCall } from "../operation.ts";
import { commitSecrets, type SecretChange } from "../secrets/commit.ts";
import { removal } from "../secrets/remove.ts";
import { secretNotFound } from "../secrets/secret.ts";
import { secretTarget, someSecrets } from "../secrets/target.ts";
import { storeNotFound } from "../stores/store.ts";
import { hasValue, mayOnSecret } from "./sight.ts";

interface RemoveInput extends OrganizationCall {
  readonly ids: readonly string[];
}

export interface RemovedItem {
  readonly id: string;
  readonly denied: boolean;
}

export const removeSights = mutation<RemoveInput, readonly RemovedItem[]>({
  name: "sight.remove",
  frees: true,
  action: "secret.delete",
  target: () => someSecrets,
  run: async (tx, input) => {
    const { organizationId, at } = input;
    const access = await admit(tx, input, { id: organizationId });
    const found = await tx.secrets.getAll(organizationId, input.ids);
    const call = { ...input, removal: "trash", demandsPurge: false } as const;
    const changes: SecretChange[] = [];
    const items: RemovedItem[] = [];
    for (const secret of found) {
      const there = secret !== null && secret.state === "active" && hasValue(secret, at);
      if (!there || !mayOnSecret(access, secret).read) throw secretNotFound("not his to see");
      const { allowed, because } = authorize(access.authority, "secret.delete", targetOf(secret));
      items.push({ id: secret.id, denied: !allowed });
      if (!allowed) {
        const target = secretTarget(access.organization.custody, secret);
        const parts = { organizationId, action: "secret.delete", target, outcome: "refused" } as const;
        await tx.audit.append(entryOf(input, { ...parts, because }));
        continue;
      }
      const store = await tx.stores.find(organizationId, { id: secret.storeId });
      if (store === null) throw storeNotFound();
      changes.push(removal(call, access, store, secret, because));
    }
    // In id order, so that two bulk deletes never wait for each other in a ring.
    const ordered = changes.sort((a, b) => ((a.before?.id ?? "") < (b.before?.id ?? "") ? -1 : 1));
    if (ordered.length > 0) await commitSecrets(tx, input, access, ordered);
    return items;
  },
});
