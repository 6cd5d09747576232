// Tokens: how a principal shows who he is, and how narrowly.
import type { TokenRecord } from "../ports.ts";

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
