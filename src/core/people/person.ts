// People: accounts of the installation, and their memberships in organizations. An organization manages
// memberships, never accounts; one that nobody has taken yet is an invitation of the same id.
import type { AuditTarget } from "../audit/entry.ts";
import type { UnauthenticatedKind } from "../audit/refusals.ts";
import { type Role, roles, type Target } from "../authorize.ts";
import type { Actor } from "../caller.ts";
import { CofferError, invalid } from "../errors.ts";
import { limits } from "../limits.ts";
import { parseText } from "../text.ts";

export interface Person {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly operator: boolean;
  readonly createdAt: number;
}

export interface Invitation {
  readonly id: string;
  readonly organizationId: string;
  readonly email: string;
  readonly role: Role;
  readonly hash: Uint8Array;
  readonly createdAt: number;
  /** Who vouches for it: it is worth what he may confer when it is accepted. */
  readonly createdBy: Actor;
  readonly expiresAt: number;
}

/** A place in an organization: somebody's, or kept for who accepts the invitation. */
export interface Membership {
  readonly id: string;
  /** Null until it is accepted. */
  readonly person: { readonly id: string; readonly name: string } | null;
  readonly email: string;
  readonly role: Role;
  /** When the invitation ends; null for who has accepted. */
  readonly expiresAt: number | null;
}

export const membershipStatuses = ["active", "invited", "expired"] as const;
export type MembershipStatus = (typeof membershipStatuses)[number];

export interface Member extends Membership {
  readonly status: MembershipStatus;
}

export function memberOf(membership: Membership, at: number): Member {
  const { expiresAt } = membership;
  const status = expiresAt === null ? "active" : expiresAt > at ? "invited" : "expired";
  return { ...membership, status };
}

// ASCII alone: folding merges further letters (ß with ss, ı with i), and with them two people's mailboxes.
// A domain of other letters is written as DNS has it.
const emailForm = /^[!-?A-~]+@[A-Za-z0-9.-]+$/;

export function isEmail(text: string): boolean {
  return text.length <= limits.emailCharactersMax && emailForm.test(text);
}

export function parseEmail(text: string): string {
  parseText("email", text, { max: limits.emailCharactersMax });
  if (!isEmail(text)) throw invalid("email", "must be an e-mail address in ASCII");
  return text;
}

export function parsePersonName(text: string): string {
  return parseText("name", text, { min: 1, max: limits.personNameCharactersMax });
}

export function parseRole(text: string): Role {
  const role = roles.find((known) => known === text);
  if (role === undefined) throw invalid("role", `must be one of ${roles.join(", ")}`);
  return role;
}

/** Somebody's membership, to be decided about. */
export function membershipTarget(membership: Pick<Membership, "role">, next: Role = membership.role): Target {
  const ofOwner = membership.role === "owner" || next === "owner";
  return { kind: "principal", storeId: null, ...(ofOwner ? { ofOwner } : {}) };
}

/** The same, and perhaps the caller's own. */
export function ownTarget(membership: Membership, principalId: string): Target {
  const target = membershipTarget(membership);
  return membership.person?.id === principalId ? { ...target, own: true } : target;
}

export function membershipAuditTarget(id: string | null, email: string | null): AuditTarget {
  return { kind: "membership", id, name: email, storeId: null };
}

/** The same to the client for every reason; the reason is for the audit trail. */
export function invitationNotFound(because: UnauthenticatedKind): CofferError {
  return new CofferError(
    "invitation.not_found",
    "No such invitation: it was accepted, replaced or withdrawn, it has ended, or the code is wrong.",
    {},
    { because },
  );
}

export function emailTaken(message: string): CofferError {
  return new CofferError("people.email_taken", message, { field: "email" });
}

export function lastOwner(): CofferError {
  return new CofferError("people.last_owner", "The organization would be left without an owner.");
}
