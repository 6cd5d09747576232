import { expect } from "vitest";
import { fetcher, type Resolve } from "../../../src/auth/workload/fetch.ts";
import { type KeySets, keySets } from "../../../src/auth/workload/jwks.ts";
import { verifyWorkloadToken, type WorkloadIdentity } from "../../../src/auth/workload/verify.ts";
import { CofferError } from "../../../src/core/errors.ts";
import type { WorkloadRules } from "../../../src/core/trusts/rules.ts";
import { type GivenTrust, parseTrust, type TrustTerms } from "../../../src/core/trusts/trust.ts";
import type { TestIssuer } from "../../support/oidc-issuer.ts";

export const organizationId = "0198a6b0-0000-7000-8000-000000000001";
export const storeId = "0198a6b0-0000-7000-8000-000000000002";
export const audience = "https://coffer.example/acme";

export interface Bench {
  readonly rules: WorkloadRules;
  readonly clock: { now: () => number; at: number };
  readonly keys: KeySets;
  readonly trust: (change?: Partial<GivenTrust>) => TrustTerms;
  /** The claims of a Buildkite token, issued now for five minutes. */
  readonly claims: (change?: Record<string, unknown>) => Record<string, unknown>;
  readonly verify: (token: string, trust?: TrustTerms) => Promise<WorkloadIdentity>;
}

/** Verification as the server puts it together, with a clock that the test holds. */
export function bench(issuer: TestIssuer, rules: Partial<WorkloadRules> = {}, resolve?: Resolve): Bench {
  const allRules: WorkloadRules = { allowedHosts: [issuer.host], keyFiles: [], ...rules };
  const clock = { at: 1_790_000_000_000, now: () => clock.at };
  const keys = keySets({ rules: allRules, clock, fetch: fetcher(allRules, resolve) });
  const trust: Bench["trust"] = (change = {}) => {
    const claims = { organization_slug: "acme" };
    const given = { name: "ci", issuer: issuer.url, audience, claims, store: storeId, as: "job" as const };
    return parseTrust({ ...given, ...change }, organizationId, allRules);
  };
  return {
    rules: allRules,
    clock,
    keys,
    trust,
    claims: (change = {}) => {
      const seconds = clock.at / 1000;
      return {
        iss: issuer.url,
        sub: "organization:acme:pipeline:web:ref:refs/heads/main:commit:1:step:test",
        aud: audience,
        iat: seconds,
        nbf: seconds,
        exp: seconds + 300,
        organization_slug: "acme",
        pipeline_slug: "web",
        job_id: "0198a6b0-0000-4000-8000-0000000000aa",
        ...change,
      };
    },
    verify: (token, terms = trust()) => verifyWorkloadToken(token, terms, { keys, clock }),
  };
}

/** Why it was refused, after checking that the caller is told nothing of it. */
export async function reasonOf(work: Promise<unknown>): Promise<string | null> {
  const error = await work.then(
    () => null,
    (cause: unknown) => cause,
  );
  if (!(error instanceof CofferError)) throw new Error("it was not refused", { cause: error });
  expect({ code: error.code, message: error.message, details: error.details }).toEqual({
    code: "caller.unauthenticated",
    message: "No valid credential was given.",
    details: {},
  });
  return error.because;
}
