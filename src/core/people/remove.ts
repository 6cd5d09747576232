// The end of a membership: removed, left, or an invitation withdrawn. The account stays.
import { admit, changeAccess, permit, principalNotFound } from "../access.ts";
import { noted } from "../audit/noted.ts";
import { mutation, type OrganizationCall } from "../operation.ts";
import { lastOwner, membershipAuditTarget, ownTarget } from "./person.ts";

interface RemoveInput extends OrganizationCall {
  readonly id: string;
}

export const removePerson = mutation<RemoveInput, null>({
  name: "people.remove",
  frees: true,
  action: "people.manage",
  target: ({ id }) => membershipAuditTarget(id, null),
  run: async (tx, input) => {
    const { organizationId, id } = input;
    const access = await admit(tx, input, { id: organizationId });
    const membership = await tx.people.membership(organizationId, id);
    if (membership === null) throw principalNotFound();
    // His own he may always leave.
    const target = ownTarget(membership, access.authority.principalId);
    const { because } = permit(access, "people.manage", target, principalNotFound);
    const { person, role, email } = membership;
    // For an invitation too: it may just be accepted.
    await changeAccess(tx, organizationId, access.epochs);
    if (person === null) await tx.people.removeInvitation(id);
    else {
      if (role === "owner" && !(await tx.people.hasOtherOwner(organizationId, person.id))) throw lastOwner();
      await tx.people.removeMembership(organizationId, id, person.id);
      await tx.grants.forgetSubject(organizationId, { kind: "person", id: person.id });
    }
    await noted(tx, input, {
      action: "people.manage",
      target: membershipAuditTarget(id, email),
      because,
      details: { removed: person === null ? "invitation" : "membership", role },
    });
    return null;
  },
});
