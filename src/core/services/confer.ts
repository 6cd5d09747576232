// What a service may, whoever makes, renames or widens one holds: to read all in the stores that it
// comes to be bound to. A new name counts too, because secrets list services by name.
import { type Access, organizationTarget, permit, storeOf, storeTarget } from "../access.ts";
import { authorize, type Target } from "../authorize.ts";
import { demandLasting, notHeld } from "../confer.ts";
import { invalid } from "../errors.ts";
import { limits } from "../limits.ts";
import type { Ref } from "../organizations/organization.ts";
import type { ReadTransaction } from "../ports.ts";
import type { Service } from "./service.ts";

type Reach = Pick<Service, "name" | "stores">;

const conferred = ["secret.read", "secret.reveal"] as const;

export function demandReach(access: Access, before: Reach | null, after: Reach): void {
  const targets = added(before, after);
  for (const target of targets) {
    for (const action of conferred) {
      const { allowed, because } = authorize(access.authority, action, target);
      if (!allowed) throw notHeld(`${because} (to let a service read there)`);
    }
  }
  if (targets.length > 0) demandLasting(access);
}

function added(before: Reach | null, after: Reach): readonly Target[] {
  const renamed = before === null || before.name !== after.name;
  if (after.stores === null) return renamed || before.stores !== null ? [organizationTarget()] : [];
  const known = renamed ? [] : before.stores;
  if (known === null) return [];
  return after.stores.filter((id) => !known.includes(id)).map((id) => storeTarget({ id }));
}

export function parseServiceStores(stores: readonly Ref[] | null): readonly Ref[] | null {
  if (stores === null) return null;
  const max = limits.storesOfServiceMax;
  if (stores.length === 0) throw invalid("stores", "must name a store, or be null for all");
  if (stores.length > max) throw invalid("stores", `must have at most ${max} entries`, { limit: max });
  return stores;
}

/** By their ids: a store that takes the slug of a deleted one is another. */
export async function boundStores(
  tx: ReadTransaction,
  access: Access,
  refs: readonly Ref[] | null,
): Promise<readonly string[] | null> {
  if (refs === null) return null;
  const ids = new Set<string>();
  for (const [index, ref] of refs.entries()) {
    const { id } = await storeOf(tx, access, ref);
    permit(access, "store.list", storeTarget({ id }));
    if (ids.has(id)) throw invalid(`stores[${index}]`, "must not repeat an earlier entry");
    ids.add(id);
  }
  return [...ids];
}
