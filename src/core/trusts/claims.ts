// What a trust requires of a token's claims, and whether a token has it. A claim may be nested:
// `kubernetes.io/namespace` is the member `namespace` of the claim `kubernetes.io`.
import { invalid } from "../errors.ts";
import { limits } from "../limits.ts";
import { matches, patternOf } from "../policies/glob.ts";
import { parseText } from "../text.ts";

/** The claims of a token whose signature was verified. */
export type TokenClaims = Readonly<Record<string, unknown>>;

/** By claim, conditions as in policies, of which one must match. */
export type RequiredClaims = Readonly<Record<string, readonly string[]>>;

/** They have rules of their own, which a pattern could only seem to replace. */
const ownRules = ["iss", "aud", "exp", "nbf", "iat"];
const claimForm = /^[A-Za-z0-9_.:/@-]+$/;

export function parseClaimName(field: string, name: string): string {
  if (!claimForm.test(name) || name.length > limits.trustClaimNameCharactersMax) {
    throw invalid(field, "must be letters, digits and _ . : / @ -", {
      limit: limits.trustClaimNameCharactersMax,
    });
  }
  if (ownRules.includes(name)) throw invalid(field, `must not be one of ${ownRules.join(", ")}`);
  return name;
}

export function parseRequiredClaims(
  given: Readonly<Record<string, string | readonly string[]>>,
): RequiredClaims {
  const entries = Object.entries(given);
  if (entries.length === 0) throw invalid("claims", "must name at least one claim");
  if (entries.length > limits.trustClaimsMax) {
    throw invalid("claims", `must name at most ${limits.trustClaimsMax} claims`, {
      limit: limits.trustClaimsMax,
    });
  }
  return Object.fromEntries(
    entries.map(([name, patterns]) => [parseClaimName("claims", name), parse(patterns)]),
  );
}

function parse(given: string | readonly string[]): readonly string[] {
  const patterns = typeof given === "string" ? [given] : given;
  if (patterns.length === 0 || patterns.length > limits.trustPatternsMax) {
    throw invalid("claims", `must give 1 to ${limits.trustPatternsMax} values for each claim`, {
      limit: limits.trustPatternsMax,
    });
  }
  return patterns.map((pattern) =>
    parseText("claims", pattern, { min: 1, max: limits.trustPatternCharactersMax }),
  );
}

/** The name of a required claim that the token does not meet; null when it meets them all. */
export function unmetClaim(required: RequiredClaims, claims: TokenClaims): string | null {
  for (const [name, patterns] of Object.entries(required)) {
    const values = claimValues(claims, name);
    const wanted = patterns.map(patternOf);
    if (!values.some((value) => wanted.some((it) => matches(it, value)))) return name;
  }
  return null;
}

/** As texts. An absent, null or empty claim has no values, nor has one with too many: not even `*` is met by it. */
export function claimValues(claims: TokenClaims, name: string): readonly string[] {
  const found = find(claims, name);
  const all: readonly unknown[] = Array.isArray(found) ? found : [found];
  return all.length > limits.claimValuesMax ? [] : all.flatMap(textOf);
}

/** A claim of exactly that name comes first: some issuers have a slash in a name. */
function find(claims: TokenClaims, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name];
  let at: unknown = claims;
  for (const member of name.split("/")) {
    if (!isObject(at) || !Object.hasOwn(at, member)) return undefined;
    at = at[member];
  }
  return at;
}

function textOf(value: unknown): readonly string[] {
  if (typeof value === "string") return value !== "" && value.isWellFormed() ? [value] : [];
  return Number.isSafeInteger(value) || typeof value === "boolean" ? [String(value)] : [];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
