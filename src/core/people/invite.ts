// Inviting: the answer is the same whether the address has an account or not. The code is shown once.
import { admit, organizationTarget, permit } from "../access.ts";
import { noted } from "../audit/noted.ts";
import type { Role } from "../authorize.ts";
import { actorOf } from "../caller.ts";
import { demandRole } from "../confer.ts";
import { mutation, type OrganizationCall } from "../operation.ts";
import { emailTaken, type Invitation, type Membership, membershipAuditTarget } from "./person.ts";

interface InviteInput extends OrganizationCall {
  readonly id: string;
  readonly email: string;
  readonly role: Role;
  readonly hash: Uint8Array;
  readonly expiresAt: number;
}

export const invitePerson = mutation<InviteInput, Membership>({
  name: "people.invite",
  action: "people.manage",
  target: ({ email }) => membershipAuditTarget(null, email),
  run: async (tx, input) => {
    const { organizationId, email, role } = input;
    const access = await admit(tx, input, { id: organizationId });
    const before = await tx.people.invitationTo(organizationId, email);
    const ofOwner = role === "owner" || before?.role === "owner";
    const target = { ...organizationTarget(), ...(ofOwner ? ({ ofOwner } as const) : {}) };
    const { because } = permit(access, "people.manage", target);
    demandRole(access, role);
    if (await tx.people.hasMember(organizationId, email)) {
      throw emailTaken("Somebody with that e-mail address is in the organization already.");
    }
    const invitation: Invitation = {
      id: input.id,
      organizationId,
      email,
      role,
      hash: input.hash,
      createdAt: input.at,
      createdBy: actorOf(input.caller),
      expiresAt: input.expiresAt,
    };
    await tx.people.putInvitation(invitation);
    await noted(tx, input, {
      action: "people.manage",
      target: membershipAuditTarget(input.id, email),
      because,
      details: { invited: role, ...(before === null ? {} : { replaces: before.id }) },
    });
    return { id: input.id, person: null, email, role, expiresAt: input.expiresAt };
  },
});
