// Reading organizations: one, or those that a credential reaches.
import { admit, type Call, denied, liveCredential, organizationTarget, permit } from "../access.ts";
import { narrowing } from "../authorize.ts";
import type { OrganizationCall } from "../operation.ts";
import type { Query } from "../ports.ts";
import type { Organization } from "./organization.ts";

export const getOrganization: Query<OrganizationCall, Organization> = {
  name: "organization.get",
  run: async (tx, input) => {
    const access = await admit(tx, input, { id: input.organizationId });
    permit(access, "organization.read", organizationTarget());
    return access.organization;
  },
};

interface ListInput extends Call {
  readonly organizationId: null;
  readonly after: string | null;
  readonly limit: number;
}

/** The organizations a credential reaches, for who may read each of them. */
export const listOrganizations: Query<ListInput, readonly Organization[]> = {
  name: "organization.list",
  run: async (tx, input) => {
    const { token, principal } = await liveCredential(tx, input);
    const unread =
      principal.kind === "job"
        ? "job: has no organization.read"
        : narrowing({ scopes: token.reach, stores: token.stores }, "organization.read", organizationTarget());
    if (unread !== null) throw denied(unread);
    if (token.organizationId === null) {
      return tx.organizations.listFor(principal.id, { after: input.after, limit: input.limit + 1 });
    }
    const only = await tx.organizations.find({ id: token.organizationId });
    return only === null || (input.after !== null && only.slug <= input.after) ? [] : [only];
  },
};
