// What a job says of itself. Which claims exist is data: the engine is handed a vocabulary and knows
// no claim by name. Claims are canonical once parsed, so that deciding only compares.
import { invalid } from "../errors.ts";
import { isUuid } from "../ids.ts";
import { limits } from "../limits.ts";
import { nearMiss } from "../nearest.ts";
import { parseText } from "../text.ts";
import { broken } from "./faults.ts";

/** `uuids`: a set. The others are one text, of which `uuid` and `email` have no letter case. */
export type ClaimKind = "text" | "uuid" | "email" | "uuids";

export type Vocabulary = ReadonlyMap<string, ClaimKind>;

/** The claims of a pipeline's job, as Buildkite's policies name them. */
export const pipelineClaims: Vocabulary = new Map([
  ["pipeline_id", "uuid"],
  ["pipeline_slug", "text"],
  ["build_branch", "text"],
  ["build_source", "text"],
  ["build_creator", "email"],
  ["build_creator_team", "uuids"],
  ["cluster_queue_id", "uuid"],
  ["cluster_queue_key", "text"],
]);

/** Plain data, in the vocabulary's order. A claim that says nothing is not in it. */
export type Claims = Readonly<Record<string, string | readonly string[]>>;

/**
 * Strict, because who asserts a claim must know that it counts: an unknown claim is refused, not
 * ignored. Null, the empty text and the empty set are a claim that is not made. Parsing what was
 * parsed changes nothing, so stored claims are read by the same rules.
 */
export function parseClaims(input: unknown, vocabulary: Vocabulary = pipelineClaims): Claims {
  if (typeof input !== "object" || input === null || Array.isArray(input)) {
    throw invalid("claims", "must be an object");
  }
  const given = new Map<string, unknown>(Object.entries(input));
  for (const name of given.keys()) {
    if (vocabulary.has(name)) continue;
    const { shown, nearest } = unknownName(name, vocabulary);
    throw broken("claims", `has an unknown claim${shown}`, { nearest });
  }
  const claims: Record<string, string | readonly string[]> = {};
  for (const [name, kind] of vocabulary) {
    const value = parseClaim(`claims.${name}`, given.get(name) ?? "", kind);
    if (value.length > 0) claims[name] = value;
  }
  return claims;
}

function parseClaim(field: string, value: unknown, kind: ClaimKind): string | readonly string[] {
  if (value === "") return value;
  if (kind === "uuids") return parseSet(field, value);
  if (typeof value !== "string") throw invalid(field, "must be text");
  const text = parseText(field, value, { max: limits.claimCharactersMax, controls: "allowed" });
  if (kind === "uuid" && !isUuid(text)) throw invalid(field, "must be a UUID");
  if (kind === "email" && !/^[^@\s]+@[^@\s]+$/.test(text)) throw invalid(field, "must be an e-mail address");
  return canonical(kind, text);
}

function parseSet(field: string, values: unknown): readonly string[] {
  if (!Array.isArray(values)) throw invalid(field, "must be a list of UUIDs");
  if (values.length > limits.claimValuesMax) {
    const limit = limits.claimValuesMax;
    throw invalid(field, `must have at most ${limit} entries`, { limit });
  }
  const set = new Set<string>();
  for (const value of values) {
    if (typeof value !== "string" || !isUuid(value)) throw invalid(field, "must be a list of UUIDs");
    set.add(canonical("uuids", value));
  }
  return [...set].sort();
}

/** Null: the job does not make it. */
export function claimOf(claims: Claims, name: string): string | readonly string[] | null {
  return Object.hasOwn(claims, name) ? (claims[name] ?? null) : null;
}

/** ASCII alone is folded: U+212A must not become a k. */
export function canonical(kind: ClaimKind, text: string): string {
  return kind === "text" ? text : text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/** An unknown name is told only where it looks like one: else it could be anything. */
export function unknownName(name: string, vocabulary: Vocabulary): { shown: string; nearest: string | null } {
  if (!/^[A-Za-z][A-Za-z0-9_.-]{0,31}$/.test(name)) return { shown: "", nearest: null };
  return { shown: ` '${name}'`, nearest: nearMiss(name, [...vocabulary.keys()]) };
}
