// What a dialect may ask about access.
import type { Caller } from "../caller.ts";
import { invalid } from "../errors.ts";
import { callOf, read } from "../operation.ts";
import type { Directory } from "../organizations/directory.ts";
import type { Ref } from "../organizations/organization.ts";
import { parseClaims } from "../policies/claims.ts";
import type { Context } from "../ports.ts";
import type { SecretRef } from "../secrets/secret.ts";
import { refTarget } from "../secrets/target.ts";
import { type Asked, explainAccess, type PrincipalRef } from "./explain.ts";
import { type Explained, isAction } from "./reasons.ts";

export interface ExplainRequest {
  /** Neither: the caller himself, by the credential he asks with. */
  readonly principal?: PrincipalRef;
  /** A job of the store with these claims. */
  readonly claims?: unknown;
  readonly action: string;
  readonly store?: Ref;
  readonly secret?: SecretRef;
}

export interface ExplainOperations {
  explain(caller: Caller, org: Ref, request: ExplainRequest): Promise<Explained>;
}

export function explainOperations(ctx: Context, directory: Directory): ExplainOperations {
  return {
    async explain(caller, org, { principal, claims, action, store = null, secret = null }) {
      if (!isAction(action)) throw invalid("action", "must be an action such as secret.reveal");
      if (principal !== undefined && claims !== undefined)
        throw invalid("claims", "cannot be given with a principal");
      if (secret !== null && store === null) throw invalid("store", "must be given with a secret");
      if (claims !== undefined && store === null) throw invalid("store", "must be given with claims");
      const who = askedOf(caller, principal, claims);
      const target = secret === null ? placeTarget : refTarget(secret);
      const { id } = await directory.locate(caller, org, "grant.read", target);
      const reading = { query: explainAccess, action: "grant.read", target, where: "point" } as const;
      return read(ctx, reading, { ...callOf(ctx, caller), organizationId: id, who, action, store, secret });
    },
  };
}

const placeTarget = { kind: "organization", id: null, name: null, storeId: null };

function askedOf(caller: Caller, principal: PrincipalRef | undefined, claims: unknown): Asked {
  if (claims !== undefined) return { kind: "job", claims: parseClaims(claims) };
  const self = principal === undefined || (principal.kind === caller.kind && principal.id === caller.id);
  return self ? { kind: "self" } : { kind: "principal", principal };
}
