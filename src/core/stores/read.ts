// Reading stores: one, or pages of those that a credential reaches.
import { admit, permit, permitStores, storeOf, storeTarget } from "../access.ts";
import type { OrganizationCall } from "../operation.ts";
import type { Ref } from "../organizations/organization.ts";
import type { Query } from "../ports.ts";
import type { Store } from "./store.ts";

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
  readonly limit: number;
}

export const listStores: Query<ListInput, readonly Store[]> = {
  name: "store.list",
  run: async (tx, input) => {
    const access = await admit(tx, input, { id: input.organizationId });
    const only = permitStores(access, "store.list");
    return tx.stores.list(input.organizationId, {
      after: input.after,
      limit: input.limit + 1,
      only,
    });
  },
};
