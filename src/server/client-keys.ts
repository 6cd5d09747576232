// The keys that a client of a zero-knowledge organization makes for itself. It runs where the CLI runs:
// none of this is ever sent to a server but sealed.
import { randomBytes } from "node:crypto";
import { accessTokenText, payloadOf, tokenKeyOf } from "../crypto/access-tokens.ts";
import { encStringKeyBytes, openEncString, sealEncString } from "../crypto/encstring.ts";

const seedBytes = 16;

/** One line of base64: what the whole organization is sealed under. */
export function newOrganizationKey(): string {
  return randomBytes(encStringKeyBytes).toString("base64");
}

/** Null for what is no such key. */
export function organizationKeyFrom(text: string): Uint8Array | null {
  const line = text.trim();
  const key = Buffer.from(line, "base64");
  return key.length === encStringKeyBytes && key.toString("base64") === line ? key : null;
}

export { openEncString as openSealed, sealEncString as sealText };

export interface ClientToken {
  /** What the server is sent. */
  readonly request: {
    readonly name: string;
    readonly encryptedPayload: string;
    readonly key: string;
    readonly expireAt: string | null;
  };
  /** The token's text, once the server has answered with its id and secret. */
  text(id: string, clientSecret: string): string;
}

export function newClientToken(key: Uint8Array, name: string, expireAt: string | null): ClientToken {
  const seed = randomBytes(seedBytes);
  const tokenKey = tokenKeyOf(seed);
  return {
    request: {
      name: sealEncString(key, name),
      encryptedPayload: payloadOf(tokenKey, key),
      key: sealEncString(key, tokenKey.toString("base64")),
      expireAt,
    },
    text: (id, clientSecret) => accessTokenText(id, clientSecret, seed),
  };
}
