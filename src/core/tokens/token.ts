// Tokens: how a principal shows who he is, and how narrowly.
import type { Actor } from "../caller.ts";
import { CofferError } from "../errors.ts";
import { limits } from "../limits.ts";
import type { TokenRecord } from "../ports.ts";
import { parseText } from "../text.ts";

/** A token as it is shown to who manages it: its hash stays where it is. */
export type Token = Pick<
  TokenRecord,
  | "id"
  | "organizationId"
  | "name"
  | "scopes"
  | "stores"
  | "addresses"
  | "expiresAt"
  | "lastUsedAt"
  | "createdAt"
> & { readonly principal: Actor };

/** A token that may whatever its principal may, from everywhere. */
export const unnarrowed: Pick<
  TokenRecord,
  "scopes" | "reach" | "stores" | "addresses" | "trustId" | "lastUsedAt"
> = {
  scopes: null,
  reach: null,
  stores: null,
  addresses: null,
  trustId: null,
  lastUsedAt: null,
};

export function parseTokenName(text: string): string {
  return parseText("name", text, { min: 1, max: limits.tokenNameCharactersMax });
}

export function tokenOf(record: TokenRecord, principal: Actor): Token {
  const { id, organizationId, name, scopes, stores, addresses, expiresAt, lastUsedAt, createdAt } = record;
  return {
    id,
    organizationId,
    principal,
    name,
    scopes,
    stores,
    addresses,
    expiresAt,
    lastUsedAt,
    createdAt,
  };
}

export function tokenNotFound(because?: string): CofferError {
  return new CofferError(
    "token.not_found",
    "No such token, or none that this credential may see.",
    {},
    because === undefined ? {} : { because },
  );
}
