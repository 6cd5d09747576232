import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type AuditEntry, canonicalEntry, chain, chainHash } from "../core/audit/entry.ts";
import { isSignedBy, type SignedHead, signingKey } from "../verify/format.ts";
import { newSigningKey, signHead, signingKeyFrom, signingKeyId } from "./signing.ts";

interface EntryCase {
  readonly comment: string;
  readonly result: "chains" | "broken";
  readonly before: string;
  readonly stream: string;
  readonly seq: number;
  readonly entry: AuditEntry;
  readonly canonical: string | null;
  readonly hash: string;
}

interface HeadCase {
  readonly comment: string;
  readonly result: string;
  readonly installation: string;
  readonly publicKey: string;
  readonly head: SignedHead;
}

interface Vectors {
  readonly installation: string;
  readonly signingKey: { readonly pkcs8: string; readonly publicKey: string; readonly id: string };
  readonly entries: readonly EntryCase[];
  readonly heads: readonly HeadCase[];
}

const file = new URL("../../test/vectors/audit-chain.json", import.meta.url);
const vectors: Vectors = JSON.parse(readFileSync(file, "utf8"));
const hex = (text: string) => Buffer.from(text, "hex");

describe("frozen audit entries", () => {
  test.each(vectors.entries)("$result: $comment", (it) => {
    const stored = chain({ stream: it.stream, seq: it.seq - 1, hash: hex(it.before) }, it.entry);
    const fits = Buffer.from(stored.hash).toString("hex") === it.hash;
    expect(fits).toBe(it.result === "chains");
    if (it.result === "chains") {
      expect(canonicalEntry(stored)).toBe(it.canonical);
      expect(chainHash(hex(it.before), it.canonical ?? "")).toEqual(hex(it.hash));
    }
  });
});

/** As the offline verifier looks at a head, with its own code. */
function verifies(publicKey: string, installation: string, head: SignedHead): boolean {
  const key = signingKey(publicKey);
  return key !== null && key.fingerprint === head.key && isSignedBy(key.key, installation, head);
}

describe("frozen audit heads", () => {
  test.each(vectors.heads)("$result: $comment", (it) => {
    expect(verifies(it.publicKey, it.installation, it.head)).toBe(it.result === "verifies");
  });

  test("the same key signs the same head in the same words", () => {
    const key = signingKeyFrom(hex(vectors.signingKey.pkcs8));
    if (key === null) throw new Error("the frozen key is no key");
    expect(key.id).toBe(vectors.signingKey.id);
    expect(signingKeyId(Buffer.from(vectors.signingKey.publicKey, "base64"))).toBe(key.id);
    const [first] = vectors.heads;
    const { stream, seq, hash, at } = first?.head ?? { stream: "", seq: 0, hash: "", at: 0 };
    expect(signHead(key, vectors.installation, { stream, seq, hash: hex(hash) }, at)).toEqual(first?.head);
  });
});

test("a new key signs what the verifier accepts under its public half", () => {
  const { pkcs8, spki } = newSigningKey();
  const key = signingKeyFrom(pkcs8);
  if (key === null) throw new Error("the new key is no key");
  const head = signHead(key, "installation", { stream: "s", seq: 9, hash: new Uint8Array(32).fill(3) }, 5);
  expect(verifies(spki.toString("base64"), "installation", head)).toBe(true);
  expect(verifies(newSigningKey().spki.toString("base64"), "installation", head)).toBe(false);
});

test("what is no Ed25519 key does not sign", () => {
  expect(signingKeyFrom(Buffer.alloc(48))).toBeNull();
  expect(signingKeyFrom(Buffer.alloc(0))).toBeNull();
});
