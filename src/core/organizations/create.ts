// Making an organization, with its key, its default store and its first owner. The first start and
// operators make them alike.
import { type Call, permitOperator } from "../access.ts";
import type { Caller } from "../caller.ts";
import { demandWrapping } from "../keys/root.ts";
import { entryOf, mutation } from "../operation.ts";
import type { Context, KeyRecord, Transaction } from "../ports.ts";
import { defaultStoreSlug, type Store } from "../stores/store.ts";
import type { Custody, Organization } from "./organization.ts";
import { organizationAuditTarget } from "./target.ts";

/** All rows of a new organization. */
export interface NewOrganization {
  readonly organization: Organization;
  readonly store: Store;
  readonly key: KeyRecord;
  readonly membershipId: string;
  readonly ownerId: string;
}

export async function insertOrganization(tx: Transaction, rows: NewOrganization, at: number): Promise<void> {
  const { organization, store, key, membershipId, ownerId } = rows;
  await tx.organizations.insert(organization);
  await tx.access.startEpoch(organization.id);
  await demandWrapping(tx, key.rootKeyId);
  await tx.installation.insertKey(key);
  await tx.stores.insert(store);
  await tx.people.insertMembership({
    id: membershipId,
    organizationId: organization.id,
    personId: ownerId,
    role: "owner",
    createdAt: at,
  });
}

export function newOrganization(
  ctx: Pick<Context, "ids"> & { readonly keyring: Pick<Context["keyring"], "newOrganizationKey"> },
  parts: {
    slug: string;
    name: string;
    custody: Custody;
    owner: Pick<Caller, "kind" | "id" | "name">;
    at: number;
    /** Of its default store. */
    backend: string;
  },
): NewOrganization {
  const { slug, name, custody, owner, at, backend } = parts;
  const id = ctx.ids.next();
  const storeId = ctx.ids.next();
  return {
    organization: {
      id,
      slug,
      name,
      custody,
      trash: "dialect",
      membersCreate: true,
      limits: { secrets: null, stores: null },
      usage: { secrets: 0, stores: 1 },
      defaultStoreId: storeId,
      revision: 1,
      createdAt: at,
    },
    store: {
      id: storeId,
      organizationId: id,
      slug: defaultStoreSlug,
      name: "Default",
      attributes: {},
      backend,
      createdAt: at,
      createdBy: { kind: owner.kind, id: owner.id, name: owner.name },
      updatedAt: null,
      revision: 1,
    },
    key: ctx.keyring.newOrganizationKey(id, at),
    membershipId: ctx.ids.next(),
    ownerId: owner.id,
  };
}

interface CreateInput extends Call {
  readonly organizationId: null;
  readonly rows: NewOrganization;
}

export const createOrganization = mutation<CreateInput, Organization>({
  name: "organization.create",
  action: "organization.create",
  target: ({ rows }) => organizationAuditTarget(rows.organization),
  run: async (tx, input) => {
    const { because } = await permitOperator(tx, input, "organization.create");
    await insertOrganization(tx, input.rows, input.at);
    // Tokens over all organizations of a person now reach one more.
    await tx.access.raiseInstallationEpoch();
    const { organization } = input.rows;
    await tx.audit.append(
      entryOf(input, {
        organizationId: organization.id,
        action: "organization.create",
        target: organizationAuditTarget(organization),
        outcome: "allowed",
        because,
        details: { custody: organization.custody },
      }),
    );
    return organization;
  },
});
