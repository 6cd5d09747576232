// Signed heads and the keys that count. Whoever can write the database can also put a key of his
// own into it: only a pinned fingerprint makes a signature say more than the table it stands in.
import type { KeyObject } from "node:crypto";
import type { Claim } from "./claims.ts";
import type { Findings } from "./findings.ts";
import { isSignedBy, type SignedHead, type SigningKey, signingKey } from "./format.ts";

export interface Keys {
  readonly known: ReadonlyMap<string, SigningKey>;
  readonly newest: string | null;
  readonly pinned: string | null;
}

export function readKeys(
  publicKeys: readonly string[],
  pinned: string | undefined,
  findings: Findings,
): Keys {
  const known = new Map<string, SigningKey>();
  let newest: string | null = null;
  for (const text of publicKeys) {
    const key = signingKey(text);
    if (key === null) {
      findings.add("head-forged", null, null, "a stored signing key is no Ed25519 public key");
      continue;
    }
    known.set(key.fingerprint, key);
    newest = key.fingerprint;
  }
  if (pinned !== undefined && !known.has(pinned)) {
    findings.add("head-forged", null, null, `the pinned key ${pinned} is not among the stored keys`);
  }
  return { known, newest, pinned: pinned ?? null };
}

/** What is wrong with a signature, null if nothing is. */
export function wrongSigner(keys: Keys, id: string, holds: (key: KeyObject) => boolean): string | null {
  if (keys.pinned !== null && id !== keys.pinned) return "is not signed by the pinned key";
  const key = keys.known.get(id);
  if (key === undefined) return "is signed by a key that is not among the stored keys";
  return holds(key.key) ? null : "has a wrong signature";
}

/** The claim a head makes, if its signature holds. */
export function claimOfHead(
  head: SignedHead,
  name: "signed head" | "anchor",
  installation: string,
  keys: Keys,
  findings: Findings,
): Claim | null {
  const by = `the ${name} of entry ${head.seq}`;
  const forged = (why: string) => {
    findings.add("head-forged", head.stream, head.seq, `${by} ${why}`);
    return null;
  };
  const wrong = wrongSigner(keys, head.key, (key) => isSignedBy(key, installation, head));
  if (wrong !== null) return forged(wrong);
  return { stream: head.stream, seq: head.seq, hash: head.hash, by, last: false, from: null };
}
