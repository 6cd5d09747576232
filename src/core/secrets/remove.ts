// Deleting secrets: into the trash or for good, one or many, all or none.
import { type Access, admit, permit, storeOf, targetOf } from "../access.ts";
import { actorOf } from "../caller.ts";
import { invalid } from "../errors.ts";
import { limits } from "../limits.ts";
import { mutation, type OrganizationCall } from "../operation.ts";
import type { Ref, TrashRule } from "../organizations/organization.ts";
import type { Store } from "../stores/store.ts";
import { atItem, commitSecrets, type SecretChange } from "./commit.ts";
import { liveSecret } from "./find.ts";
import type { Secret, SecretRef } from "./secret.ts";
import { refTarget, someSecrets } from "./target.ts";
import { demandPrecondition, type Precondition } from "./update.ts";

/** What a dialect promises its clients of a delete. The organization's own rule comes first. */
export type Removal = "trash" | "purge";

interface RemoveInput extends OrganizationCall {
  readonly store: Ref;
  readonly secrets: readonly SecretRef[];
  readonly removal: Removal;
  /** The caller asked for a purge in so many words; that needs its own right. */
  readonly demandsPurge: boolean;
  readonly precondition: Precondition;
}

export const removeSecrets = mutation<RemoveInput, readonly Secret[]>({
  name: "secret.remove",
  frees: true,
  action: (input) => (input.demandsPurge ? "secret.purge" : "secret.delete"),
  target: ({ secrets: [only, ...more] }) =>
    only === undefined || more.length > 0 ? someSecrets : refTarget(only),
  run: async (tx, input) => {
    const access = await admit(tx, input, { id: input.organizationId });
    const store = await storeOf(tx, access, input.store);
    const changes = new Map<string, SecretChange>();
    for (const [index, ref] of input.secrets.entries()) {
      try {
        const secret = await liveSecret(tx, access, store, ref);
        const action = input.demandsPurge ? "secret.purge" : "secret.delete";
        const { because } = permit(access, action, targetOf(secret));
        demandPrecondition(secret, input.precondition);
        changes.set(secret.id, removal(input, access, store, secret, because));
      } catch (error) {
        throw atItem(error, index, input.secrets.length);
      }
    }
    // Rows are locked in id order, so that two bulk deletes never wait for each other in a ring.
    const ordered = [...changes.values()].sort((a, b) =>
      (a.before?.id ?? "") < (b.before?.id ?? "") ? -1 : 1,
    );
    await commitSecrets(tx, input, access, ordered);
    return ordered.flatMap(({ before }) => (before === null ? [] : [before]));
  },
});

/** The change that removes a live secret, as the organization's rule or else the dialect has it. */
export function removal(
  call: OrganizationCall & { readonly removal: Removal; readonly demandsPurge: boolean },
  access: Access,
  store: Store,
  secret: Secret,
  because: string,
): SecretChange {
  const purge = call.demandsPurge || purges(access.organization.trash, call.removal);
  const trashed: Secret = {
    ...secret,
    state: "trashed",
    deletedAt: call.at,
    deletedBy: actorOf(call.caller),
    purgeAt: call.at + limits.trashKeptMs,
  };
  return {
    kind: purge ? "secret.purged" : "secret.trashed",
    action: call.demandsPurge ? "secret.purge" : "secret.delete",
    because,
    store,
    before: secret,
    after: purge ? null : trashed,
    value: null,
    details: { purged: purge },
  };
}

export function purges(rule: TrashRule, promised: Removal): boolean {
  if (rule === "always") return false;
  return rule === "never" || promised === "purge";
}

export function parseBatch<T>(field: string, items: readonly T[]): readonly T[] {
  if (items.length > limits.batchMax) {
    throw invalid(field, `must have at most ${limits.batchMax} entries`, { limit: limits.batchMax });
  }
  return items;
}
