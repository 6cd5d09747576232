// Changing a store's name and its dialects' attributes.
import { admit, permit, storeOf, storeTarget } from "../access.ts";
import { RunAgain } from "../errors.ts";
import { mutation, type OrganizationCall } from "../operation.ts";
import type { Ref } from "../organizations/organization.ts";
import { type AskedBackend, permitBackend } from "./backend.ts";
import type { Attributes, Store } from "./store.ts";
import { audited, refTarget, told } from "./target.ts";

interface UpdateInput extends OrganizationCall {
  readonly store: Ref;
  readonly name: string | null;
  readonly attributes: Attributes;
  readonly backend: AskedBackend | null;
}

export const updateStore = mutation<UpdateInput, Store>({
  name: "store.update",
  action: "store.update",
  target: ({ store }) => refTarget(store),
  run: async (tx, input) => {
    const access = await admit(tx, input, { id: input.organizationId });
    const before = await storeOf(tx, access, input.store);
    const { because } = permit(access, "store.update", storeTarget(before));
    const name = input.name ?? before.name;
    const backend = input.backend === null ? before.backend : permitBackend(access, input.backend);
    const attributes = { ...before.attributes, ...input.attributes };
    const same = name === before.name && backend === before.backend;
    if (same && JSON.stringify(attributes) === JSON.stringify(before.attributes)) {
      await audited(tx, input, before, because, { changed: [] });
      return before;
    }
    const { revision } = await tx.organizations.advance(input.organizationId, {
      revisions: 1,
      secrets: 0,
      stores: 0,
    });
    const store = { ...before, name, attributes, backend, updatedAt: input.at, revision };
    if (!(await tx.stores.update(store, before.revision))) throw new RunAgain("the store changed");
    await told(tx, input, "store.updated", store, revision, because);
    return store;
  },
});
