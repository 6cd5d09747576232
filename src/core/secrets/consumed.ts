// What a service may know of: the secrets of a store that list it. It lists no others, so this is its own
// way of listing.
import { admit, denied, storeOf, targetOf } from "../access.ts";
import { authorize } from "../authorize.ts";
import { limits } from "../limits.ts";
import type { OrganizationCall } from "../operation.ts";
import type { Ref } from "../organizations/organization.ts";
import type { Query } from "../ports.ts";
import { demandCustody, type Secret } from "./secret.ts";

interface ConsumedInput extends OrganizationCall {
  readonly store: Ref;
}

/** By name, as many as one page may hold. */
export const listConsumed: Query<ConsumedInput, readonly Secret[]> = {
  name: "secret.consumed",
  run: async (tx, input) => {
    const access = await admit(tx, input, { id: input.organizationId });
    const store = await storeOf(tx, access, input.store);
    const { standing } = access.authority;
    if (standing?.kind !== "service") throw denied("no service identity in token");
    demandCustody(access.organization.custody, false);
    const rows = await tx.secrets.list({
      filter: {
        organizationId: input.organizationId,
        storeIds: [store.id],
        state: "active",
        search: null,
        labels: [],
        consumersAnyOf: [standing.name],
      },
      order: "name",
      direction: "asc",
      after: null,
      offset: 0,
      limit: limits.pageMax,
    });
    return rows.filter((secret) => authorize(access.authority, "secret.read", targetOf(secret)).allowed);
  },
};
