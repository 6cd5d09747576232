// From the text of a foreign token to claims that its issuer signed for this trust. Nothing of it is
// believed before the signature verified; every refusal looks the same to the caller.
import { compactVerify, decodeJwt, decodeProtectedHeader, errors, type LocalJWKSet } from "jose";
import type { Clock } from "../../core/clock.ts";
import { CofferError } from "../../core/errors.ts";
import { limits } from "../../core/limits.ts";
import { admitToken, audiencesOf, tokenRefused } from "../../core/trusts/admission.ts";
import type { TokenClaims } from "../../core/trusts/claims.ts";
import type { TrustTerms } from "../../core/trusts/trust.ts";
import type { KeySets } from "./jwks.ts";

/** Signatures with a public key only. With "none" or HS256 anybody could sign. */
const algorithms = [
  ...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
  ...["ES256", "ES384", "ES512", "EdDSA", "Ed25519"],
];

export interface WorkloadIdentity {
  readonly claims: TokenClaims;
  readonly expiresAt: number;
}

export interface VerifyDeps {
  readonly keys: KeySets;
  readonly clock: Clock;
}

export async function verifyWorkloadToken(
  text: string,
  trust: Pick<TrustTerms, "issuer" | "audience" | "jwks" | "claims">,
  { keys, clock }: VerifyDeps,
): Promise<WorkloadIdentity> {
  const kid = kidOf(text);
  const set = await keys.find(trust, kid);
  const claims = await signedClaims(text, set);
  const admission = admitToken(trust, claims, clock.now());
  if (!admission.admitted) throw tokenRefused(admission.because);
  return { claims, expiresAt: admission.expiresAt };
}

/** What a token says of its origin, to look for a trust. Not verified: of no other use. */
export interface ClaimedOrigin {
  readonly issuer: string;
  readonly audiences: readonly string[];
}

/** Null for what is no such token at all, so that it can be taken for another kind of credential. */
export function claimedOrigin(text: string): ClaimedOrigin | null {
  if (!hasForm(text)) return null;
  try {
    const claims = decodeJwt(text);
    return typeof claims.iss === "string" ? { issuer: claims.iss, audiences: audiencesOf(claims) } : null;
  } catch {
    return null;
  }
}

/** The three parts of RFC 7515's compact form, none of them empty: a signature must be there. */
const threeParts = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;

function hasForm(text: string): boolean {
  return text.length <= limits.workloadTokenBytesMax && threeParts.test(text);
}

function kidOf(text: string): string {
  if (text.length > limits.workloadTokenBytesMax) throw tokenRefused("the token is too long");
  if (!hasForm(text)) throw tokenRefused("the token does not have three parts in base64url");
  const { alg, kid, crit } = header(text);
  if (typeof alg !== "string" || !algorithms.includes(alg))
    throw tokenRefused("its algorithm is not allowed");
  if (typeof kid !== "string" || kid === "") throw tokenRefused("it does not name its key by a kid");
  if (crit !== undefined) throw tokenRefused("its header has critical extensions");
  return kid;
}

function header(text: string): Readonly<Record<string, unknown>> {
  try {
    return decodeProtectedHeader(text);
  } catch (cause) {
    throw tokenRefused("its header is not a JSON object", { cause });
  }
}

async function signedClaims(text: string, set: LocalJWKSet): Promise<TokenClaims> {
  let payload: Uint8Array;
  try {
    ({ payload } = await compactVerify(text, (header) => set(header), { algorithms }));
  } catch (cause) {
    throw cause instanceof CofferError ? cause : tokenRefused(reasonOf(cause), { cause });
  }
  const claims = json(payload);
  if (typeof claims !== "object" || claims === null || Array.isArray(claims)) {
    throw tokenRefused("its claims are not a JSON object");
  }
  return { ...claims };
}

function json(payload: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(payload));
  } catch {
    return null; // no cause: it would quote the token
  }
}

function reasonOf(cause: unknown): string {
  if (cause instanceof errors.JWSSignatureVerificationFailed) return "its signature does not verify";
  if (cause instanceof errors.JWKSNoMatchingKey) return "the key of its kid is not for its algorithm";
  if (cause instanceof errors.JWKSMultipleMatchingKeys) return "several keys have its kid";
  if (cause instanceof errors.JWSInvalid) return "its signature is malformed";
  return "the key of its kid cannot be used";
}
