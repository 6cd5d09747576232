// Making a store: its slug is given or derived, and the unique index has the last word.
import { admit, changeAccess, organizationTarget, permit } from "../access.ts";
import { actorOf } from "../caller.ts";
import { CofferError, RunAgain } from "../errors.ts";
import { grantOfMaker, putNew } from "../grants/maker.ts";
import { mutation, type OrganizationCall } from "../operation.ts";
import { slugFrom } from "../organizations/organization.ts";
import type { Transaction } from "../ports.ts";
import { writeAlone } from "../secrets/commit.ts";
import type { Attributes, Store } from "./store.ts";
import { told } from "./target.ts";

interface CreateInput extends OrganizationCall {
  readonly id: string;
  readonly name: string;
  /** Null: derived from the name. */
  readonly slug: string | null;
  readonly attributes: Attributes;
  readonly uniqueName: boolean;
}

export const createStore = mutation<CreateInput, Store>({
  name: "store.create",
  action: "store.create",
  target: ({ name }) => ({ kind: "store", id: null, name, storeId: null }),
  run: async (tx, input) => {
    const access = await admit(tx, input, { id: input.organizationId });
    const { because } = permit(access, "store.create", organizationTarget());
    const grant = grantOfMaker(access, { kind: "store", id: input.id });
    if (grant !== null) await changeAccess(tx, input.organizationId, access.epochs);
    if (input.uniqueName) {
      await writeAlone(tx, input.organizationId);
      if (await tx.stores.hasName(input.organizationId, input.name)) {
        throw new CofferError("store.slug_taken", "A store of that name is there already.", {
          field: "name",
        });
      }
    }
    const slug = input.slug ?? (await freeSlug(tx, input.organizationId, slugFrom(input.name)));
    const usage = await tx.organizations.advance(input.organizationId, {
      revisions: 1,
      secrets: 0,
      stores: 1,
    });
    const { stores: quota } = access.organization.limits;
    if (quota !== null && usage.stores > quota) {
      throw new CofferError("quota.exceeded", "The organization's limit of stores is reached.", {
        field: "stores",
        limit: quota,
      });
    }
    const store: Store = {
      id: input.id,
      organizationId: input.organizationId,
      slug,
      name: input.name,
      attributes: input.attributes,
      createdAt: input.at,
      createdBy: actorOf(input.caller),
      updatedAt: null,
      revision: usage.revision,
    };
    try {
      await tx.stores.insert(store);
    } catch (error) {
      // Another node took the derived slug in between; the next free one will do.
      if (input.slug === null && error instanceof CofferError) throw new RunAgain("slug taken");
      throw error;
    }
    // Nothing was in it yet: who reads the feed by this grant misses nothing.
    if (grant !== null) await putNew(tx, store.organizationId, grant, input.at);
    await told(tx, input, "store.created", store, usage.revision, because);
    return store;
  },
});

async function freeSlug(tx: Transaction, organizationId: string, base: string): Promise<string> {
  const taken = new Set(await tx.stores.slugs(organizationId, base));
  if (!taken.has(base)) return base;
  for (let number = 2; ; number += 1) {
    if (!taken.has(`${base}-${number}`)) return `${base}-${number}`;
  }
}
