// The organizations that a person is in, with what he is there, for contracts that list memberships. A
// token that is bound to one of them shows that one alone.
import { type Call, denied, liveCredential, organizationTarget, standingOf } from "../access.ts";
import { narrowing, type Role } from "../authorize.ts";
import type { Level } from "../grants/grant.ts";
import { limits } from "../limits.ts";
import type { Organization } from "../organizations/organization.ts";
import type { Query } from "../ports.ts";

export interface OwnMembership {
  readonly id: string;
  readonly organization: Organization;
  readonly role: Role;
  /** What is granted to him on all of it, by whatever way. */
  readonly level: Level | null;
}

interface MembershipsInput extends Call {
  readonly organizationId: null;
  readonly offset: number;
  readonly limit: number;
}

export interface OwnMemberships {
  readonly items: readonly OwnMembership[];
  readonly total: number;
}

/** By the slugs of the organizations. */
export const listOwnMemberships: Query<MembershipsInput, OwnMemberships> = {
  name: "people.own-memberships",
  run: async (tx, input) => {
    const { token, principal } = await liveCredential(tx, input);
    if (principal.kind !== "person") throw denied(`${principal.kind}: no memberships`);
    const { reach: scopes, stores } = token;
    const unread = narrowing({ scopes, stores }, "organization.read", organizationTarget());
    if (unread !== null) throw denied(unread);
    const all = await tx.organizations.listFor(principal.id, { after: null, limit: limits.pageMax });
    const { organizationId: bound } = token;
    const reached = bound === null ? all : all.filter(({ id }) => id === bound);
    const items: OwnMembership[] = [];
    for (const organization of reached.slice(input.offset, input.offset + input.limit)) {
      const page = { after: null, limit: 1, only: principal.id };
      const [membership] = await tx.people.list(organization.id, page);
      const standing = await standingOf(tx, principal, organization.id);
      if (membership === undefined || standing?.kind !== "person") continue;
      const { role, holdings } = standing;
      items.push({ id: membership.id, organization, role, level: holdings.organization?.level ?? null });
    }
    return { items, total: reached.length };
  },
};
