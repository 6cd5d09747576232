// Accepting an invitation: who has the code takes the place. It makes the account, or adds to the one
// that has the address, and gives a token for this organization. Keeps: it works once, and no failure
// looks different from another.
import { timingSafeEqual } from "node:crypto";
import { changeAccess } from "../access.ts";
import { tellAccessChanged } from "../access-changed.ts";
import type { Role } from "../authorize.ts";
import type { Caller } from "../caller.ts";
import { CofferError, RunAgain } from "../errors.ts";
import { limits } from "../limits.ts";
import { entryOf } from "../operation.ts";
import type { Command, Query, ReadTransaction, Transaction } from "../ports.ts";
import { unnarrowed } from "../tokens/token.ts";
import { type Invitation, invitationNotFound, membershipAuditTarget, type Person } from "./person.ts";

/** By which way somebody came who has no credential yet. */
export type Origin = Pick<Caller, "dialect" | "address" | "requestId">;

interface Given {
  readonly id: string;
  readonly hash: Uint8Array;
  readonly at: number;
}

interface AcceptInput extends Given {
  readonly origin: Origin;
  /** For an account that is made; one that is there keeps its own. */
  readonly personId: string;
  readonly name: string | null;
  readonly token: { readonly id: string; readonly hash: Uint8Array };
}

/** Asked before the command, so that what is made up never queues for the writer. */
export const checkInvitation: Query<Given, null> = {
  name: "invitation.check",
  run: async (tx, given) => {
    await standing(tx, given);
    return null;
  },
};

export const acceptInvitation: Command<AcceptInput, Person> = {
  name: "invitation.accept",
  run: async (tx, input) => {
    const { organizationId } = await standing(tx, input);
    await changeAccess(tx, organizationId, await tx.access.epochs(organizationId));
    // Once more: from here on nobody withdraws it, changes it, or loses the role that it rests on.
    const { id, email, role } = await standing(tx, input);
    // Of two who have the same code at once, one takes it; the other starts over and finds none.
    if (!(await tx.people.takeInvitation(id, input.hash))) throw new RunAgain("invitation taken");
    const person = await accountOf(tx, email, input);
    if ((await tx.access.role(organizationId, person.id)) !== null) throw invitationNotFound("ended");
    const membership = { id, organizationId, personId: person.id, role, createdAt: input.at };
    await tx.people.insertMembership(membership);
    await tx.access.insertToken({
      ...input.token,
      ...unnarrowed,
      organizationId,
      principalKind: "person",
      principalId: person.id,
      name: "invitation",
      expiresAt: input.at + limits.tokenLifeMs,
      revokedAt: null,
      createdAt: input.at,
    });
    // He may have been here before, and stand where he left.
    await tellAccessChanged(tx, { organizationId, at: input.at }, [person.id]);
    const caller = { kind: "person", id: person.id, name: person.name, tokenId: input.token.id } as const;
    await tx.audit.append(
      entryOf(
        { caller: { ...caller, ...input.origin }, at: input.at },
        {
          organizationId,
          action: "invitation.accept",
          target: membershipAuditTarget(id, person.email),
          outcome: "allowed",
          because: "invitation",
          details: { role },
        },
      ),
    );
    return person;
  },
};

/** The invitation of that code, if it still stands. */
async function standing(tx: ReadTransaction, { id, hash, at }: Given): Promise<Invitation> {
  const invitation = await tx.people.invitation(id);
  // One that is not there costs the same comparison.
  const same = timingSafeEqual(invitation?.hash ?? new Uint8Array(hash.length), hash);
  if (invitation === null) throw invitationNotFound("unknown");
  if (!same) throw invitationNotFound("wrong");
  const { organizationId, createdBy, role, expiresAt } = invitation;
  const inviter = await tx.access.role(organizationId, createdBy.id);
  const gone = (await tx.organizations.find({ id: organizationId })) === null;
  if (gone || expiresAt <= at || !mayGive(inviter, role)) throw invitationNotFound("ended");
  return invitation;
}

/** Whoever was an owner keeps no invitation to come back by. */
function mayGive(inviter: Role | null, role: Role): boolean {
  return inviter === "owner" || (inviter === "admin" && role !== "owner");
}

async function accountOf(tx: Transaction, email: string, input: AcceptInput): Promise<Person> {
  const known = await tx.people.findByEmail(email);
  if (known !== null) return known;
  const name = input.name ?? email.slice(0, email.lastIndexOf("@"));
  const person = { id: input.personId, email, name, operator: false, createdAt: input.at };
  try {
    await tx.people.insert(person);
  } catch (error) {
    // Made on another node in between, by accepting an invitation elsewhere.
    if (error instanceof CofferError) throw new RunAgain("account made");
    throw error;
  }
  return person;
}
