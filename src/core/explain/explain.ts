// Explaining: for who may read the grants on a place, and for everyone about himself.
import {
  type Access,
  admit,
  organizationTarget,
  permit,
  principalNotFound,
  standingOf,
  storeOf,
  storeTarget,
  targetOf,
} from "../access.ts";
import type { Action } from "../actions.ts";
import type { Authority, Standing, Target } from "../authorize.ts";
import type { OrganizationCall } from "../operation.ts";
import type { Ref } from "../organizations/organization.ts";
import type { Claims } from "../policies/claims.ts";
import type { Query, ReadTransaction } from "../ports.ts";
import { liveSecret } from "../secrets/find.ts";
import type { SecretRef } from "../secrets/secret.ts";
import { type Explained, reasons } from "./reasons.ts";

export type Asked =
  /** The caller himself, by the credential he asks with. */
  | { readonly kind: "self" }
  /** Somebody else, by a credential that narrows nothing. */
  | { readonly kind: "principal"; readonly principal: PrincipalRef }
  /** A job of the store with these claims. */
  | { readonly kind: "job"; readonly claims: Claims };

export interface PrincipalRef {
  readonly kind: "person" | "machine" | "service";
  readonly id: string;
}

export interface ExplainInput extends OrganizationCall {
  readonly who: Asked;
  readonly action: Action;
  /** Null: the organization itself. */
  readonly store: Ref | null;
  readonly secret: SecretRef | null;
}

export const explainAccess: Query<ExplainInput, Explained> = {
  name: "access.explain",
  run: async (tx, input) => {
    const access = await admit(tx, input, { id: input.organizationId });
    const target = await targetFor(tx, access, input);
    return reasons(await authorityOf(tx, access, input, target), input.action, target);
  },
};

/** Also who asks about himself learns nothing of places that he may not list. */
async function targetFor(tx: ReadTransaction, access: Access, input: ExplainInput): Promise<Target> {
  const others = input.who.kind !== "self";
  if (input.store === null) {
    if (others) permit(access, "grant.read", organizationTarget());
    return organizationTarget();
  }
  const store = await storeOf(tx, access, input.store);
  if (input.secret === null) {
    permit(access, others ? "grant.read" : "store.list", storeTarget(store));
    return storeTarget(store);
  }
  const target = targetOf(await liveSecret(tx, access, store, input.secret));
  permit(access, "secret.read", target);
  // Who may read the grants of a place but not its secrets learns here of none of them.
  if (others) permit(access, "grant.read", target);
  return target;
}

async function authorityOf(
  tx: ReadTransaction,
  access: Access,
  input: ExplainInput,
  target: Target,
): Promise<Authority> {
  const { who } = input;
  if (who.kind === "self") return access.authority;
  const { membersCreate } = access.organization;
  const whole = { operator: false, membersCreate, scopes: null, stores: null };
  if (who.kind === "job") {
    const standing: Standing = { kind: "job", storeId: target.storeId ?? "", claims: who.claims };
    return { ...whole, principalId: "", standing };
  }
  const principal = await tx.access.principal(who.principal.kind, who.principal.id);
  const standing = principal && (await standingOf(tx, principal, input.organizationId));
  if (principal === null || standing === null) throw principalNotFound();
  return { ...whole, principalId: principal.id, operator: principal.operator, standing };
}
