// Where the public keys of an issuer come from, and which of them may serve. It knows the form of
// keys, not their mathematics; a private or symmetric key is never taken in.
import { invalid } from "../errors.ts";
import { limits } from "../limits.ts";
import type { WorkloadRules } from "./rules.ts";
import { parseHttpsUrl } from "./url.ts";

/** A public key as RFC 7517 writes it, with the members that verifying needs and no other. */
export interface PublicKey {
  readonly kid: string;
  readonly kty: "RSA" | "EC" | "OKP";
  readonly alg?: string;
  readonly n?: string;
  readonly e?: string;
  readonly crv?: string;
  readonly x?: string;
  readonly y?: string;
}

export type KeySource =
  /** The issuer's own `/.well-known/openid-configuration` says where. */
  | { readonly discovery: true }
  | { readonly url: string }
  | { readonly file: string }
  | { readonly keys: readonly PublicKey[] };

export interface GivenKeySource {
  readonly discovery?: boolean;
  readonly url?: string;
  readonly file?: string;
  readonly keys?: readonly unknown[];
}

const kinds = ["discovery", "url", "file", "keys"] as const;

export function parseKeySource(given: GivenKeySource, rules: WorkloadRules): KeySource {
  const named = kinds.filter((kind) => given[kind] !== undefined);
  if (named.length > 1) throw invalid("jwks", "must have only one member", { allowed: kinds });
  if (given.url !== undefined) return { url: parseHttpsUrl("jwks.url", given.url).href };
  if (given.file !== undefined) {
    // The list holds whole paths, so that no spelling of another path can pass.
    if (rules.keyFiles.includes(given.file)) return { file: given.file };
    throw invalid("jwks.file", "must be one of the key files that the server's configuration lists");
  }
  if (given.keys !== undefined) return { keys: parseInlineKeys(given.keys) };
  if (given.discovery === false) throw invalid("jwks", "must say where the keys are", { allowed: kinds });
  return { discovery: true };
}

function parseInlineKeys(given: readonly unknown[]): readonly PublicKey[] {
  if (given.length === 0 || given.length > limits.keySetKeysMax) {
    throw invalid("jwks.keys", `must hold 1 to ${limits.keySetKeysMax} keys`, {
      limit: limits.keySetKeysMax,
    });
  }
  const keys = given.map((key, index) => {
    if (isSecret(key))
      throw invalid("jwks.keys", "must hold public keys, never a private or shared one", { index });
    const usable = publicKey(key);
    if (usable === null) {
      throw invalid("jwks.keys", "must hold keys for signatures: RSA, EC or Ed25519, each with a kid", {
        index,
      });
    }
    return usable;
  });
  if (new Set(keys.map(({ kid }) => kid)).size < keys.length) {
    throw invalid("jwks.keys", "must not have the same kid twice");
  }
  return keys;
}

/**
 * The usable keys of a set that was fetched or read: what is for encryption, unknown or not public is
 * left out, because sets of real issuers hold such keys too. Null if it is no key set.
 */
export function usableKeys(set: unknown): readonly PublicKey[] | null {
  if (!isObject(set) || !Array.isArray(set.keys) || set.keys.length > limits.keySetKeysMax) return null;
  return set.keys.filter((key) => !isSecret(key)).flatMap((key) => publicKey(key) ?? []);
}

const privateMembers = ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"];

function isSecret(key: unknown): boolean {
  return isObject(key) && (key.kty === "oct" || privateMembers.some((member) => Object.hasOwn(key, member)));
}

/** In base64url, without leading zeros that would lengthen it: 2,048 to 8,192 bits. */
const modulus = /^[A-Za-z0-9_-]{342,1366}$/;
/** Up to 32 bits: a long exponent makes verifying slow. */
const exponent = /^[A-Za-z0-9_-]{1,6}$/;
const coordinates: Readonly<Record<string, RegExp>> = {
  "P-256": /^[A-Za-z0-9_-]{43}$/,
  "P-384": /^[A-Za-z0-9_-]{64}$/,
  "P-521": /^[A-Za-z0-9_-]{88}$/,
  Ed25519: /^[A-Za-z0-9_-]{43}$/,
};

function publicKey(key: unknown): PublicKey | null {
  if (!isObject(key)) return null;
  const { kid, kty, alg, use, key_ops: operations, crv } = key;
  if (typeof kid !== "string" || kid === "" || kid.length > 255) return null;
  if (alg !== undefined && (typeof alg !== "string" || alg.length > 32)) return null;
  if (use !== undefined && use !== "sig") return null;
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes("verify"))) return null;
  const common = { kid, ...(alg === undefined ? {} : { alg }) };
  const text = (member: string, form: RegExp | undefined): string | null => {
    const value = key[member];
    return typeof value === "string" && form?.test(value) ? value : null;
  };
  if (kty === "RSA") {
    const [n, e] = [text("n", modulus), text("e", exponent)];
    return n === null || e === null ? null : { ...common, kty, n, e };
  }
  if (typeof crv !== "string" || !Object.hasOwn(coordinates, crv)) return null;
  const x = text("x", coordinates[crv]);
  if (x === null) return null;
  if (kty === "OKP") return crv === "Ed25519" ? { ...common, kty, crv, x } : null;
  const y = text("y", coordinates[crv]);
  return kty !== "EC" || crv === "Ed25519" || y === null ? null : { ...common, kty, crv, x, y };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
