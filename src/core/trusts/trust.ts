// A trust: which tokens of a foreign issuer are taken as the identity of a workload, and where they
// lead. It knows no table and no network; whoever makes one has already shown that he may.
import type { Actor } from "../caller.ts";
import { invalid } from "../errors.ts";
import { isUuid } from "../ids.ts";
import { limits } from "../limits.ts";
import { parseText } from "../text.ts";
import { parseClaimName, parseRequiredClaims, type RequiredClaims } from "./claims.ts";
import { type GivenKeySource, type KeySource, parseKeySource } from "./keys.ts";
import type { WorkloadRules } from "./rules.ts";
import { requireTenant } from "./tenants.ts";
import { parseHttpsUrl } from "./url.ts";

export interface TrustTerms {
  readonly name: string;
  /** Compared with `iss` character by character, so it is kept as given. */
  readonly issuer: string;
  readonly audience: string;
  readonly jwks: KeySource;
  readonly claims: RequiredClaims;
  /** Null, for a machine only: wherever its grants reach. */
  readonly leadsTo: Destination | null;
  readonly as: "job" | { readonly machine: string };
}

export interface Trust extends TrustTerms {
  readonly id: string;
  readonly organizationId: string;
  readonly createdAt: number;
  readonly createdBy: Actor;
}

/** One store, or the one of a list that a claim of the token names. Stores are ids or slugs until they were found. */
export type Destination =
  | { readonly store: string }
  | { readonly storeClaim: string; readonly stores: readonly NamedStore[] };

/** `value` is what stands in the claim: the foreign id of the place, or the store's own. */
export interface NamedStore {
  readonly store: string;
  readonly value: string;
}

/** As a request gives it. */
export interface GivenTrust {
  readonly name: string;
  readonly issuer: string;
  readonly audience?: string | null;
  readonly jwks?: GivenKeySource | null;
  readonly claims: Readonly<Record<string, string | readonly string[]>>;
  readonly store?: string | null;
  readonly storeClaim?: string | null;
  readonly stores?: readonly (string | NamedStore)[] | null;
  readonly as: "job" | { readonly machine: string };
}

const ownPrefix = "coffer:";

/** Names the organization, so that a token made for one is of no use to another. */
export function defaultAudience(organizationId: string): string {
  return `${ownPrefix}${organizationId}`;
}

export function parseTrust(given: GivenTrust, organizationId: string, rules: WorkloadRules): TrustTerms {
  const name = parseText("name", given.name, { min: 1, max: limits.trustNameCharactersMax });
  const issuer = parseIssuer(given.issuer);
  const audience = parseText("audience", given.audience ?? defaultAudience(organizationId), {
    min: 1,
    max: limits.trustAudienceCharactersMax,
  });
  // Whoever took another's would get the tokens that are made for him.
  if (audience.toLowerCase().startsWith(ownPrefix) && !audience.startsWith(defaultAudience(organizationId)))
    throw invalid("audience", `may begin with ${ownPrefix} only to name this organization`);
  const jwks = parseKeySource(given.jwks ?? {}, rules);
  const claims = parseRequiredClaims(given.claims);
  requireTenant(issuer, claims);
  const leadsTo = parseDestination(given);
  const as = parseAs(given.as);
  if (as === "job" && leadsTo === null)
    throw invalid("store", "must be given for jobs, or storeClaim and stores");
  return { name, issuer, audience, jwks, claims, leadsTo, as };
}

/** OpenID Connect Discovery: https, no query, no fragment. A slash at the end is part of it. */
function parseIssuer(text: string): string {
  parseHttpsUrl("issuer", text);
  if (text.includes("?")) throw invalid("issuer", "must not have a query");
  return text;
}

function parseAs(as: GivenTrust["as"]): TrustTerms["as"] {
  if (as === "job") return as;
  if (!isUuid(as.machine)) throw invalid("as.machine", "must be the id of a machine");
  return { machine: as.machine.toLowerCase() };
}

function parseDestination({
  store = null,
  storeClaim = null,
  stores = null,
}: GivenTrust): Destination | null {
  if (store !== null) {
    if (storeClaim !== null || stores !== null) {
      throw invalid("store", "must not be given together with storeClaim and stores");
    }
    return { store: parseStoreRef("store", store) };
  }
  if (storeClaim === null && stores === null) return null;
  if (storeClaim === null) throw invalid("storeClaim", "must be given together with stores");
  const max = limits.trustStoresMax;
  if (stores === null || stores.length === 0 || stores.length > max) {
    throw invalid("stores", `must list 1 to ${max} stores`, { limit: max });
  }
  const named = stores.map(parseNamedStore);
  if (new Set(named.map(({ value }) => value)).size < named.length) {
    throw invalid("stores", "must not give two stores for the same value of the claim");
  }
  return { storeClaim: parseClaimName("storeClaim", storeClaim), stores: named };
}

/** A text alone is both: the claim holds the store's id as the list gives it. */
function parseNamedStore(given: string | NamedStore): NamedStore {
  if (typeof given === "string") {
    const ref = parseStoreRef("stores", given);
    return { store: ref, value: ref };
  }
  const value = parseText("stores", given.value, { min: 1, max: limits.trustPatternCharactersMax });
  return { store: parseStoreRef("stores", given.store), value };
}

function parseStoreRef(field: string, text: string): string {
  const ref = parseText(field, text, { min: 1, max: limits.slugCharactersMax });
  return isUuid(ref) ? ref.toLowerCase() : ref;
}
