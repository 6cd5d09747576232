// Reading people: one membership, or pages of those that a credential may see.
import { admit, organizationTarget, permit, principalNotFound } from "../access.ts";
import { authorize } from "../authorize.ts";
import type { OrganizationCall } from "../operation.ts";
import type { Query } from "../ports.ts";
import { type Membership, ownTarget } from "./person.ts";
import type { PeoplePosition } from "./port.ts";

interface GetInput extends OrganizationCall {
  readonly id: string;
}

export const getPerson: Query<GetInput, Membership> = {
  name: "people.get",
  run: async (tx, input) => {
    const access = await admit(tx, input, { id: input.organizationId });
    const membership = await tx.people.membership(input.organizationId, input.id);
    if (membership === null) throw principalNotFound();
    permit(access, "people.read", ownTarget(membership, access.authority.principalId), principalNotFound);
    return membership;
  },
};

interface ListInput extends OrganizationCall {
  readonly after: PeoplePosition | null;
  readonly limit: number;
}

/** Who may not read about people sees himself. */
export const listPeople: Query<ListInput, readonly Membership[]> = {
  name: "people.list",
  run: async (tx, input) => {
    const access = await admit(tx, input, { id: input.organizationId });
    const { principalId, standing } = access.authority;
    const everyone = authorize(access.authority, "people.read", organizationTarget()).allowed;
    if (!everyone) {
      const own = standing?.kind === "person" ? ({ own: true } as const) : {};
      permit(access, "people.read", { ...organizationTarget(), ...own });
    }
    const page = { after: input.after, limit: input.limit + 1, only: everyone ? null : principalId };
    return tx.people.list(input.organizationId, page);
  },
};
