// Creates that a client sends again by itself, because the answer to the first sending was lost.
import type { Caller } from "../../core/caller.ts";
import type { Attributes } from "../../core/stores/store.ts";
import type { RequestHeaders } from "../dialect.ts";

/** Its clients send three times, at most a minute each. */
export const repeatedWithinMs = 120_000;

export function wasSentBefore({ "x-stainless-retry-count": count }: RequestHeaders): boolean {
  return typeof count === "string" && /^[1-9]\d{0,2}$/.test(count);
}

/** By which API key a secret was made: another key of the same user's did not make it. */
export function apiKeyAttributes({ tokenId }: Caller): Attributes {
  return { "scale.apiKey": tokenId };
}
