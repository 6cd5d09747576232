// The public Wycheproof vectors, through the very functions that seal, fingerprint and verify here.
import { createSecretKey, verify } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { hmac } from "../../src/crypto/fingerprint.ts";
import { boxOf, decrypt, encrypt, keyBytes, nonceBytes, tagBytes } from "../../src/crypto/gcm.ts";
import { signingKey } from "../../src/verify/format.ts";
import { have, vectors } from "../support/requirements.ts";

interface Group<T> {
  readonly keySize?: number;
  readonly ivSize?: number;
  readonly tagSize?: number;
  readonly publicKeyDer?: string;
  readonly tests: readonly (T & {
    readonly tcId: number;
    readonly comment: string;
    readonly result: string;
  })[];
}

const hex = (text: string) => Buffer.from(text, "hex");

function groups<T>(file: string): readonly Group<T>[] {
  return JSON.parse(readFileSync(vectors("wycheproof", file), "utf8")).testGroups;
}

/** Which of the cases ended otherwise than they must, by number and comment. */
function wrong<T>(group: Group<T>, passes: (it: T) => boolean): string[] {
  return group.tests
    .filter((it) => passes(it) !== (it.result === "valid"))
    .map((it) => `${it.tcId} ${it.comment}: must be ${it.result}`);
}

function counted<T>(list: readonly Group<T>[]): number {
  return list.reduce((sum, group) => sum + group.tests.length, 0);
}

// Where the folder is missing, the run's closing block names what was not proved.
describe.runIf(have("vectors"))("Wycheproof", () => {
  test("AES-256-GCM with our nonce and tag lengths seals and opens as it must", () => {
    type Case = Record<"key" | "iv" | "aad" | "msg" | "ct" | "tag", string>;
    const ours = groups<Case>("aes_gcm_test.json").filter(
      (it) => it.keySize === keyBytes * 8 && it.ivSize === nonceBytes * 8 && it.tagSize === tagBytes * 8,
    );
    expect(counted(ours)).toBeGreaterThan(50);
    for (const group of ours) {
      const opens = (it: Case) => {
        const key = createSecretKey(hex(it.key));
        const plain = decrypt(key, boxOf(hex(it.iv + it.ct + it.tag)), hex(it.aad));
        if (plain === null) return false;
        const again = encrypt(key, new Uint8Array(0), hex(it.iv), hex(it.aad), plain);
        return plain.toString("hex") === it.msg && again.toString("hex") === it.iv + it.ct + it.tag;
      };
      expect(wrong(group, opens)).toEqual([]);
    }
  });

  test("HMAC-SHA-256, which fingerprints values, gives the whole tag and no other", () => {
    type Case = Record<"key" | "msg" | "tag", string>;
    const ours = groups<Case>("hmac_sha256_test.json").filter((it) => it.tagSize === 256);
    expect(counted(ours)).toBeGreaterThan(50);
    for (const group of ours) {
      const fits = (it: Case) => {
        const half = (it.msg.length >> 2) << 1;
        const parts = [hex(it.msg.slice(0, half)), hex(it.msg.slice(half))];
        return hmac(createSecretKey(hex(it.key)), ...parts).toString("hex") === it.tag;
      };
      expect(wrong(group, fits)).toEqual([]);
    }
  });

  test("Ed25519, which signs audit heads, verifies as it must under keys read as the verifier reads them", () => {
    type Case = Record<"msg" | "sig", string>;
    const all = groups<Case>("ed25519_test.json");
    expect(counted(all)).toBeGreaterThan(100);
    for (const group of all) {
      const known = signingKey(hex(group.publicKeyDer ?? "").toString("base64"));
      if (known === null) throw new Error("a public key was not understood");
      expect(wrong(group, (it) => verify(null, hex(it.msg), known.key, hex(it.sig)))).toEqual([]);
    }
  });
});
