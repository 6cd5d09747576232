// How tokens stand in decisions and in the audit trail.
import type { Access } from "../access.ts";
import type { Action } from "../actions.ts";
import type { AuditTarget } from "../audit/entry.ts";
import { authorize, type Target } from "../authorize.ts";
import type { Decision } from "../decision.ts";
import { CofferError } from "../errors.ts";
import type { ReadTransaction } from "../ports.ts";
import { type Token, tokenNotFound } from "./token.ts";

/** Tokens of the caller, whoever he is. */
export const ownTokens: Target = { kind: "principal", storeId: null, own: true };

/** Tokens of whoever is no machine. */
export const anyTokens: Target = { kind: "principal", storeId: null };

export function tokensOfMachine(machineId: string): Target {
  return { kind: "machine", storeId: null, machineId };
}

export async function targetOfToken(
  tx: ReadTransaction,
  { organization, authority }: Access,
  { principal }: Token,
): Promise<Target> {
  if (principal.id === authority.principalId && principal.kind === authority.standing?.kind) return ownTokens;
  if (principal.kind === "machine") return tokensOfMachine(principal.id);
  const role = principal.kind === "person" ? await tx.access.role(organization.id, principal.id) : null;
  return role === "owner" ? { ...anyTokens, ofOwner: true } : anyTokens;
}

/** A token that the caller may not see does not exist for him. */
export function permitToken({ authority }: Access, action: Action, target: Target): Decision {
  const decision = authorize(authority, action, target);
  if (decision.allowed) return decision;
  if (!authorize(authority, "token.read", target).allowed) throw tokenNotFound(decision.because);
  throw denied(decision.because);
}

export function denied(because: string): CofferError {
  return new CofferError("caller.denied", "This credential may not do that.", {}, { because });
}

/** Tokens as they are audited: one by its id or name, or none in particular. */
export function auditTarget(token: { readonly id?: string; readonly name?: string } = {}): AuditTarget {
  return { kind: "token", id: token.id ?? null, name: token.name ?? null, storeId: null };
}
