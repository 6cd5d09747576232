// The text of a token and its hash: coffer_<kind>_<id>_<secret>. It knows no tables and decides
// nothing about who may do what. Only the hash is ever stored; the text is shown once.
import { hash, randomBytes, timingSafeEqual } from "node:crypto";
import type { CallerKind } from "../core/caller.ts";

/** Who can hold a token: everyone but the server itself. */
export const tokenKinds = ["person", "machine", "service", "job"] as const satisfies readonly CallerKind[];
export type TokenKind = (typeof tokenKinds)[number];

export interface MintedToken {
  /** Shown once, to whom it is for. */
  readonly text: string;
  readonly hash: Uint8Array;
}

export interface ParsedToken {
  readonly kind: TokenKind;
  readonly id: string;
  readonly hash: Uint8Array;
}

// 32 bytes are 43 characters of base64url of which the last carries four bits: one text per secret.
const form = /^coffer_[a-z]{1,10}_[0-9a-f]{32}_[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;
const kindAt = "coffer_".length;

const longest = "coffer_invitation_".length + 32 + 1 + 43;

export function mintToken(kind: TokenKind, id: string): MintedToken {
  return mint(kind, id);
}

/** The one-time code of an invitation: the form of a token, of a kind that is no token's. */
export function mintInvitation(id: string): MintedToken {
  return mint("invitation", id);
}

function mint(kind: TokenKind | "invitation", id: string): MintedToken {
  const secret = randomBytes(32);
  const text = `coffer_${kind}_${id.replaceAll("-", "")}_${secret.toString("base64url")}`;
  secret.fill(0);
  return { text, hash: hashToken(text) };
}

/** Null for whatever is not exactly a token. The id says which row to compare the hash with. */
export function parseToken(text: string): ParsedToken | null {
  const parts = partsOf(text);
  const kind = tokenKinds.find((known) => known === parts?.kind);
  return parts === null || kind === undefined ? null : { kind, id: parts.id, hash: hashToken(text) };
}

/** Null for whatever is not exactly an invitation's code, tokens among it. */
export function parseInvitation(text: string): Omit<ParsedToken, "kind"> | null {
  const parts = partsOf(text);
  return parts?.kind === "invitation" ? { id: parts.id, hash: hashToken(text) } : null;
}

function partsOf(text: string): { kind: string; id: string } | null {
  if (text.length > longest) return null;
  if (!form.test(text)) return null;
  const kindEnd = text.indexOf("_", kindAt);
  const part = (from: number, to: number) => text.slice(kindEnd + 1 + from, kindEnd + 1 + to);
  const id = `${part(0, 8)}-${part(8, 12)}-${part(12, 16)}-${part(16, 20)}-${part(20, 32)}`;
  return { kind: text.slice(kindAt, kindEnd), id };
}

/** A plain hash is enough: the secret part is 256 random bits, there is nothing to guess. */
export function hashToken(text: string): Uint8Array {
  return hash("sha256", text, "buffer");
}

export function sameHash(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}
