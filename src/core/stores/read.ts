// Reading stores: one, or pages of those that a credential reaches.
import { admit, permit, permitStores, storeOf, storeTarget } from "../access.ts";
import type { OrganizationCall } from "../operation.ts";
import type { Ref } from "../organizations/organization.ts";
import type { Query } from "../ports.ts";
import type { Store, StoreOrder } from "./store.ts";

interface GetInput extends OrganizationCall {
  readonly store: Ref;
}

export const getStore: Query<GetInput, Store> = {
  name: "store.get",
  run: async (tx, input) => {
    const access = await admit(tx, input, { id: input.organizationId });
    const store = await storeOf(tx, access, input.store);
    permit(access, "store.read", storeTarget(store));
    return store;
  },
};

interface ListInput extends OrganizationCall {
  /** The slug after which the page begins. */
  readonly after: string | null;
  readonly offset: number;
  readonly limit: number;
  /** Null: by slug. */
  readonly order: StoreOrder | null;
  /** Count all of them too. */
  readonly totals: boolean;
}

export interface StoreList {
  /** One more than asked when more follow. */
  readonly rows: readonly Store[];
  readonly total: number | null;
}

export const listStores: Query<ListInput, StoreList> = {
  name: "store.list",
  run: async (tx, input) => {
    const access = await admit(tx, input, { id: input.organizationId });
    const only = permitStores(access, "store.list");
    const { organizationId, after, offset, limit, order, totals } = input;
    const page = { after, offset, limit: limit + 1, only, ...(order && { order }) };
    return {
      rows: await tx.stores.list(organizationId, page),
      total: totals ? await tx.stores.count(organizationId, only) : null,
    };
  },
};
