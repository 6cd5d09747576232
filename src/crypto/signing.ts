// The Ed25519 key that signs audit heads: how it is made, named and used. It knows no chain; what
// is signed is the head's canonical text. The public half names the key, so a pin is one word.
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hash,
  type KeyObject,
  sign,
} from "node:crypto";
import { canonicalHead, type SignedHead, type StreamHead } from "../core/audit/entry.ts";
import { canonicalSegment, type Segment, type SignedSegment } from "../core/audit/segment.ts";

export interface SigningKey {
  /** ak_ and the first 32 hex digits of SHA-256 over the public key as SPKI. */
  readonly id: string;
  readonly private: KeyObject;
}

/** What is sealed is PKCS #8, what is kept in the clear is SPKI, both DER. */
export function newSigningKey(): { readonly pkcs8: Buffer; readonly spki: Buffer } {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  return {
    pkcs8: privateKey.export({ format: "der", type: "pkcs8" }),
    spki: publicKey.export({ format: "der", type: "spki" }),
  };
}

/** Null for bytes that are no Ed25519 key. */
export function signingKeyFrom(pkcs8: Buffer): SigningKey | null {
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" });
  } catch {
    return null;
  }
  if (key.asymmetricKeyType !== "ed25519") return null;
  return { id: signingKeyId(createPublicKey(key).export({ format: "der", type: "spki" })), private: key };
}

export function signingKeyId(spki: Uint8Array): string {
  return `ak_${hash("sha256", spki, "hex").slice(0, 32)}`;
}

export function signHead(key: SigningKey, installationId: string, head: StreamHead, at: number): SignedHead {
  const { stream, seq } = head;
  const said = { stream, seq, hash: Buffer.from(head.hash).toString("hex"), at };
  return { ...said, ...signed(key, canonicalHead(installationId, said)) };
}

export function signSegment(key: SigningKey, installationId: string, segment: Segment): SignedSegment {
  return { ...segment, ...signed(key, canonicalSegment(installationId, segment)) };
}

function signed(key: SigningKey, text: string): { key: string; signature: string } {
  return { key: key.id, signature: sign(null, Buffer.from(text), key.private).toString("base64url") };
}
