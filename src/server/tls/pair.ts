// A certificate and its private key, checked to be of use together. No message says anything of the key.
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import { protocol } from "./protocol.ts";

export interface Pair {
  /** PEM: the server's own certificate first, then those that vouch for it. */
  readonly cert: string;
  readonly key: string;
  readonly leaf: X509Certificate;
  readonly from: number;
  readonly until: number;
}

/** Why a pair cannot be served, as the end of a sentence. */
export class BadPair extends Error {
  override readonly name = "BadPair";
}

export function parsePair(cert: string, key: string): Pair {
  const leaf = parseCertificate(cert);
  if (leaf === null) throw new BadPair("the certificate is no PEM of one");
  if (!leaf.checkPrivateKey(privateKey(key))) throw new BadPair("the key belongs to another certificate");
  try {
    // What OpenSSL would refuse at each handshake: a damaged chain, a key that is too short.
    createSecureContext({ ...protocol, cert, key });
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? ` (${String(cause.code)})` : "";
    throw new BadPair(`OpenSSL refuses it${code}`, { cause });
  }
  return { cert, key, leaf, from: leaf.validFromDate.getTime(), until: leaf.validToDate.getTime() };
}

export function parseCertificate(pem: string): X509Certificate | null {
  try {
    return new X509Certificate(pem);
  } catch {
    return null;
  }
}

function privateKey(pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    const encrypted = pem.includes("ENCRYPTED");
    throw new BadPair(encrypted ? "the key is under a passphrase" : "the key is no PEM of a private key");
  }
}
