// Another role for somebody, or for who will accept an invitation.
import { admit, changeAccess, denied, permit, principalNotFound } from "../access.ts";
import { tellAccessChanged } from "../access-changed.ts";
import { noted } from "../audit/noted.ts";
import { type Role, roles } from "../authorize.ts";
import { actorOf } from "../caller.ts";
import { demandRole } from "../confer.ts";
import { mutation, type OrganizationCall } from "../operation.ts";
import { lastOwner, type Membership, membershipAuditTarget, membershipTarget } from "./person.ts";

interface RoleInput extends OrganizationCall {
  readonly id: string;
  readonly role: Role;
}

export const changeRole = mutation<RoleInput, Membership>({
  name: "people.role",
  frees: true,
  action: "people.manage",
  target: ({ id }) => membershipAuditTarget(id, null),
  run: async (tx, input) => {
    const { organizationId, id, role } = input;
    const access = await admit(tx, input, { id: organizationId });
    const membership = await tx.people.membership(organizationId, id);
    if (membership === null) throw principalNotFound();
    const { person } = membership;
    // His own he knows of; that does not make it his to change.
    const hidden = person?.id === access.authority.principalId ? denied : principalNotFound;
    const { because } = permit(access, "people.manage", membershipTarget(membership, role), hidden);
    // To lower a role confers nothing; to change an invitation is to vouch for it anew.
    if (person === null || !isLower(role, membership.role)) demandRole(access, role);
    if (person === null || role !== membership.role) await changeAccess(tx, organizationId, access.epochs);
    if (person === null) await tx.people.changeInvitation(id, role, actorOf(input.caller));
    else if (role !== membership.role) {
      const left = membership.role !== "owner" || (await tx.people.hasOtherOwner(organizationId, person.id));
      if (!left) throw lastOwner();
      await tx.people.changeRole(id, role);
      await tellAccessChanged(tx, input, [person.id]);
    }
    await noted(tx, input, {
      action: "people.manage",
      target: membershipAuditTarget(id, membership.email),
      because,
      details: { role, before: membership.role },
    });
    return { ...membership, role };
  },
});

/** Whether a role has nothing that the other has not. An auditor and a member each have something. */
function isLower(role: Role, than: Role): boolean {
  const full = than === "owner" || than === "admin";
  return full && roles.indexOf(role) > roles.indexOf(than);
}
