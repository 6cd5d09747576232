// Bitwarden's access tokens, `0.<id>.<client secret>:<seed>`: how one is made, what of it is kept, and
// the payload that carries a client's key to it (specs/bitwarden.md 1.1 to 1.5). The seed is forgotten
// here at once; who has lost his token gets another one.
import { hash, hkdfSync, randomBytes, randomInt } from "node:crypto";
import { encStringKeyBytes, sealEncString } from "./encstring.ts";

const seedBytes = 16;
const secretCharacters = 30;
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** 178 bits: as in `coffer_` tokens nothing that could be guessed, so a plain hash is kept. */
function newClientSecret(): string {
  return Array.from({ length: secretCharacters }, () => alphabet[randomInt(alphabet.length)]).join("");
}

export function hashClientSecret(secret: string): Uint8Array {
  return hash("sha256", secret, "buffer");
}

/** For a token whose seed its client makes: the part by which the server knows it. */
export function mintClientSecret(): { readonly text: string; readonly hash: Uint8Array } {
  const text = newClientSecret();
  return { text, hash: hashClientSecret(text) };
}

export function mintAccessToken(id: string): {
  readonly text: string;
  readonly hash: Uint8Array;
  readonly tokenKey: Uint8Array;
} {
  const secret = newClientSecret();
  const seed = randomBytes(seedBytes);
  const text = accessTokenText(id, secret, seed);
  const tokenKey = tokenKeyOf(seed);
  seed.fill(0);
  return { text, hash: hashClientSecret(secret), tokenKey };
}

/** The key under which a token's payload is sealed. */
export function tokenKeyOf(seed: Uint8Array): Buffer {
  const salt = "bitwarden-accesstoken";
  return Buffer.from(hkdfSync("sha256", seed, salt, "sm-access-token", encStringKeyBytes));
}

export function accessTokenText(id: string, secret: string, seed: Uint8Array): string {
  return `0.${id}.${secret}:${Buffer.from(seed).toString("base64")}`;
}

/** What the client opens to find the key of all names and values that it is shown. */
export function payloadOf(tokenKey: Uint8Array, encryptionKey: Uint8Array): string {
  const key = Buffer.from(encryptionKey).toString("base64");
  return sealEncString(tokenKey, JSON.stringify({ encryptionKey: key }));
}
