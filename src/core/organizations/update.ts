// The settings of an organization.
import { admit, changeAccess, organizationTarget, permit } from "../access.ts";
import { nothingElse } from "../changes.ts";
import { RunAgain } from "../errors.ts";
import { entryOf, mutation, type OrganizationCall } from "../operation.ts";
import type { Transaction } from "../ports.ts";
import { writeAlone } from "../secrets/commit.ts";
import type { Json } from "../stores/store.ts";
import type { Organization, TrashRule } from "./organization.ts";
import { organizationAuditTarget, someOrganizations } from "./target.ts";

interface UpdateInput extends OrganizationCall {
  readonly change: OrganizationChange;
}

export interface OrganizationChange {
  readonly name?: string;
  readonly trash?: TrashRule;
  readonly membersCreate?: boolean;
  readonly limits?: Partial<Organization["limits"]>;
}

export const updateOrganization = mutation<UpdateInput, Organization>({
  name: "organization.update",
  action: "organization.manage",
  target: ({ organizationId }) => ({ ...someOrganizations, id: organizationId }),
  run: async (tx, input) => {
    const access = await admit(tx, input, { id: input.organizationId });
    const { because } = permit(access, "organization.manage", organizationTarget());
    const { membersCreate: seen } = access.organization;
    // Before the organization's row, as everywhere.
    if ((input.change.membersCreate ?? seen) !== seen) {
      await changeAccess(tx, input.organizationId, access.epochs);
    }
    // What another changed since it was admitted is not to be written back.
    await writeAlone(tx, input.organizationId);
    const organization = await tx.organizations.find({ id: input.organizationId });
    if (organization === null) throw new RunAgain("the organization is deleted");
    // Another has decided who may make stores, and what was asked about it above does not hold.
    if (organization.membersCreate !== seen) throw new RunAgain("the settings changed");

    const { name, trash, membersCreate } = { ...organization, ...input.change };
    const limits = { ...organization.limits, ...input.change.limits };
    const changed = { name, trash, membersCreate, limits };
    if (JSON.stringify(settingsOf(organization)) === JSON.stringify(changed)) {
      await audited(tx, input, organization, because, { changed: [] });
      return organization;
    }
    const { revision } = await tx.organizations.advance(organization.id, {
      revisions: 1,
      secrets: 0,
      stores: 0,
    });
    await tx.organizations.update(organization.id, changed);
    await tx.changes.append([
      {
        ...nothingElse,
        organizationId: organization.id,
        revision,
        at: input.at,
        kind: "organization.updated",
        name,
      },
    ]);
    await audited(tx, input, organization, because, { revision, changed: Object.keys(input.change) });
    return { ...organization, ...changed, revision };
  },
});

function settingsOf({ name, trash, membersCreate, limits }: Organization) {
  return { name, trash, membersCreate, limits };
}

async function audited(
  tx: Transaction,
  input: UpdateInput,
  organization: Organization,
  because: string,
  details: Readonly<Record<string, Json>>,
): Promise<void> {
  await tx.audit.append(
    entryOf(input, {
      organizationId: organization.id,
      action: "organization.manage",
      target: organizationAuditTarget(organization),
      outcome: "allowed",
      because,
      details,
    }),
  );
}
