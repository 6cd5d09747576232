// The tokens that this server gives to clients of an access token: JWTs signed with Ed25519, as compact
// as RFC 7515 has them. Their header is one fixed text, so that nothing in a token chooses how it is
// checked. It knows no claims.
import { type KeyObject, sign, verify } from "node:crypto";
import type { SigningKey } from "./signing.ts";

export interface JwtKey extends SigningKey {
  readonly public: KeyObject;
}

export function signJwt(key: JwtKey, claims: Readonly<Record<string, unknown>>): string {
  const said = `${headerOf(key)}.${Buffer.from(JSON.stringify(claims)).toString("base64url")}`;
  return `${said}.${sign(null, Buffer.from(said), key.private).toString("base64url")}`;
}

/** Null for whatever this key did not sign. */
export function verifyJwt(key: JwtKey, text: string): Readonly<Record<string, unknown>> | null {
  const [header, payload, signature, ...more] = text.split(".");
  if (header !== headerOf(key) || payload === undefined || signature === undefined || more.length > 0)
    return null;
  const bytes = Buffer.from(signature, "base64url");
  if (bytes.toString("base64url") !== signature) return null;
  if (!verify(null, Buffer.from(`${header}.${payload}`), key.public, bytes)) return null;
  const claims: unknown = JSON.parse(Buffer.from(payload, "base64url").toString("utf8"));
  return typeof claims === "object" && claims !== null ? (claims as Record<string, unknown>) : null;
}

function headerOf({ id }: JwtKey): string {
  return Buffer.from(JSON.stringify({ alg: "EdDSA", typ: "at+jwt", kid: id })).toString("base64url");
}
