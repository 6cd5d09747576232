// What every new token has in common, wherever it leads.
import type { Call } from "../access.ts";
import type { Actor } from "../caller.ts";
import type { TokenRecord } from "../ports.ts";
import type { AskedNarrowing, Narrowed } from "./narrowing.ts";
import type { Token } from "./token.ts";

/** Made outside the transaction. The token's text stays there. */
export interface NewToken {
  readonly id: string;
  readonly hash: Uint8Array;
  readonly name: string;
  readonly asked: AskedNarrowing;
}

export function recordOf(
  { token, at }: Call & { readonly token: NewToken },
  organizationId: string | null,
  principal: Actor,
  narrowed: Narrowed,
): TokenRecord {
  return {
    id: token.id,
    organizationId,
    principalKind: principal.kind,
    principalId: principal.id,
    name: token.name,
    hash: token.hash,
    ...narrowed,
    trustId: null,
    lastUsedAt: null,
    revokedAt: null,
    createdAt: at,
  };
}

/** What the audit trail keeps of a new token: for whom it is and how far it reaches. */
export function detailsOf({ principal, scopes, stores, addresses, expiresAt }: Token) {
  const { kind, id } = principal;
  return { change: "minted", principal: { kind, id }, scopes, stores, addresses, expiresAt } as const;
}
