// Whether the claims of a token, whose signature already verified, meet a trust; where they lead and
// for how long. Pure: the time comes from outside.
import { unauthenticated } from "../access.ts";
import { CofferError } from "../errors.ts";
import { limits } from "../limits.ts";
import { claimValues, type TokenClaims, unmetClaim } from "./claims.ts";
import type { Destination, TrustTerms } from "./trust.ts";

export type Admission =
  | { readonly admitted: true; readonly expiresAt: number }
  | { readonly admitted: false; readonly because: string };

export function admitToken(
  trust: Pick<TrustTerms, "issuer" | "audience" | "claims">,
  claims: TokenClaims,
  now: number,
): Admission {
  if (claims.iss !== trust.issuer) return refused("its issuer is not the trust's");
  const audiences = audiencesOf(claims);
  if (!audiences.includes(trust.audience)) return refused("its audience is not the trust's");
  const lapsed = untimely(claims, now);
  if (lapsed !== null) return refused(lapsed);
  const unmet = unmetClaim(trust.claims, claims);
  if (unmet !== null) return refused(`its claim ${unmet} is missing or not what the trust requires`);
  return { admitted: true, expiresAt: milliseconds(claims.exp) };
}

/** A text or a list of texts; anything else is no audience at all. */
export function audiencesOf({ aud }: TokenClaims): readonly string[] {
  const list: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  return list.every((it) => typeof it === "string") ? list : [];
}

function untimely(claims: TokenClaims, now: number): string | null {
  const [exp, iat] = [milliseconds(claims.exp), milliseconds(claims.iat)];
  const nbf = claims.nbf === undefined ? iat : milliseconds(claims.nbf);
  if (Number.isNaN(exp)) return "it has no time of expiry";
  if (Number.isNaN(iat)) return "it has no time of issue";
  if (Number.isNaN(nbf)) return "its nbf is not a time";
  if (exp <= now) return "it has expired";
  const soon = now + limits.workloadClockSkewMs;
  if (nbf > soon) return "it is not valid yet";
  if (iat > soon) return "it was issued in the future";
  if (exp - iat > limits.workloadTokenLifeMsMax) return "its lifetime is too long";
  return null;
}

/** Seconds since 1970, perhaps with a fraction; NaN for what is not a number. */
function milliseconds(time: unknown): number {
  return typeof time === "number" && Number.isFinite(time) ? Math.floor(time * 1000) : Number.NaN;
}

function refused(because: string): Admission {
  return { admitted: false, because };
}

/** The session of a token ends with the token, and after an hour at the latest. */
export function sessionEnd(expiresAt: number, now: number): number {
  return Math.min(expiresAt, now + limits.workloadSessionMsMax);
}

/** The store that a token leads to; null if its claim names none of the list, or more than one. */
export function storeOf(leadsTo: Destination, claims: TokenClaims): string | null {
  if ("store" in leadsTo) return leadsTo.store;
  const [value, ...others] = claimValues(claims, leadsTo.storeClaim);
  if (value === undefined || others.length > 0) return null;
  return leadsTo.stores.find((named) => named.value === value)?.store ?? null;
}

/** The same for every caller; the reason is for log and audit. */
export function tokenRefused(because: string, options: ErrorOptions = {}): CofferError {
  return new CofferError("caller.unauthenticated", unauthenticated().message, {}, { because, ...options });
}
