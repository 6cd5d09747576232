// Making stores, one or all of several: a slug is given or derived, and the unique index has the last word.
import { type Access, admit, changeAccess, organizationTarget, permit } from "../access.ts";
import { actorOf } from "../caller.ts";
import { CofferError, RunAgain } from "../errors.ts";
import { grantOfMaker, putNew } from "../grants/maker.ts";
import { mutation, type OrganizationCall } from "../operation.ts";
import { slugFrom } from "../organizations/organization.ts";
import type { Transaction } from "../ports.ts";
import { atItem, writeAlone } from "../secrets/commit.ts";
import { type AskedBackend, permitBackend } from "./backend.ts";
import type { Attributes, Store } from "./store.ts";
import { told } from "./target.ts";

/** What a dialect hands in. */
export interface NewStore {
  readonly name: string;
  /** Absent or null: derived from the name. */
  readonly slug?: string | null;
  readonly attributes?: Attributes;
  /** Refuse a name that another store has (decided in the transaction). */
  readonly uniqueName?: boolean;
  /** The client has sealed the name (client custody). */
  readonly opaque?: boolean;
  /** Absent or null: the one for new stores. */
  readonly backend?: string | null;
}

interface Draft extends Required<Omit<NewStore, "backend">> {
  readonly id: string;
  /** Null: the one for new stores. */
  readonly asked: AskedBackend | null;
  readonly backend: string;
}

export interface CreateInput extends OrganizationCall {
  readonly drafts: readonly Draft[];
}

export const createStores = mutation<CreateInput, readonly Store[]>({
  name: "store.create",
  action: "store.create",
  target: ({ drafts: [only, ...more] }) => ({
    kind: "store",
    id: null,
    name: more.length > 0 ? null : (only?.name ?? null),
    storeId: null,
  }),
  run: async (tx, input) => {
    const access = await admit(tx, input, { id: input.organizationId });
    const { because } = permit(access, "store.create", organizationTarget());
    for (const { asked } of input.drafts) if (asked !== null) permitBackend(access, asked);
    const grants = input.drafts.map(({ id }) => grantOfMaker(access, { kind: "store", id }));
    if (grants.some((grant) => grant !== null)) {
      await changeAccess(tx, input.organizationId, access.epochs);
    }
    if (input.drafts.some(({ uniqueName }) => uniqueName)) await writeAlone(tx, input.organizationId);
    const made: Store[] = [];
    for (const [index, draft] of input.drafts.entries()) {
      try {
        const store = await insertStore(tx, input, access, draft, because);
        const grant = grants[index] ?? null;
        // Nothing was in it yet: who reads the feed by this grant misses nothing.
        if (grant !== null) await putNew(tx, store.organizationId, grant, input.at);
        made.push(store);
      } catch (error) {
        throw atItem(error, index, input.drafts.length);
      }
    }
    return made;
  },
});

async function insertStore(
  tx: Transaction,
  call: OrganizationCall,
  { organization }: Access,
  draft: Draft,
  because: string,
): Promise<Store> {
  const { organizationId } = call;
  const { id, name, attributes } = draft;
  if (draft.uniqueName && (await tx.stores.hasName(organizationId, name))) {
    throw new CofferError("store.slug_taken", "A store of that name is there already.", { field: "name" });
  }
  const slug = draft.slug ?? (await freeSlug(tx, organizationId, slugFrom(draft.opaque ? "" : name)));
  const usage = await tx.organizations.advance(organizationId, { revisions: 1, secrets: 0, stores: 1 });
  const { stores: quota } = organization.limits;
  if (quota !== null && usage.stores > quota) {
    throw new CofferError("quota.exceeded", "The organization's limit of stores is reached.", {
      field: "stores",
      limit: quota,
    });
  }
  const store: Store = {
    id,
    organizationId,
    slug,
    name,
    attributes,
    backend: draft.asked?.name ?? draft.backend,
    createdAt: call.at,
    createdBy: actorOf(call.caller),
    updatedAt: null,
    revision: usage.revision,
  };
  try {
    await tx.stores.insert(store);
  } catch (error) {
    // Another node took the derived slug in between; the next free one will do.
    if (draft.slug === null && error instanceof CofferError) throw new RunAgain("slug taken");
    throw error;
  }
  await told(tx, call, "store.created", store, usage.revision, because);
  return store;
}

async function freeSlug(tx: Transaction, organizationId: string, base: string): Promise<string> {
  const taken = new Set(await tx.stores.slugs(organizationId, base));
  if (!taken.has(base)) return base;
  for (let number = 2; ; number += 1) {
    if (!taken.has(`${base}-${number}`)) return `${base}-${number}`;
  }
}
