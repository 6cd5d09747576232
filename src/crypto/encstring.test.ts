// The worked vectors of specs/bitwarden.md 1.7, with which a real client logged in, and what must not open.
import { createHmac } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hashClientSecret, mintAccessToken, payloadOf, tokenKeyOf } from "./access-tokens.ts";
import { openEncString, sealEncString } from "./encstring.ts";

const seed = Buffer.from("000102030405060708090a0b0c0d0e0f", "hex");
const bytesFrom = (first: number, count: number) =>
  Buffer.from(Array.from({ length: count }, (_, at) => first + at));
const organizationKey = bytesFrom(0x40, 64);

const sealed = [
  {
    iv: 0x20,
    text: "DATABASE_PASSWORD",
    is: "2.ICEiIyQlJicoKSorLC0uLw==|k8CHDSsFFVAdiHu+uNC+FjnhsRdu36HkDW6AAzsjQlg=|jQC7KYE9VZZN6N70/2cCAWVt7f43cdO05i5hpxJD6SE=",
  },
  {
    iv: 0x30,
    text: "s3cr3t-välue ✓",
    is: "2.MDEyMzQ1Njc4OTo7PD0+Pw==|r/s5T3/m+sSKSwF9Ez+Va+wVYg/ciDXqb5Gu/sAx9Uc=|/jW9G2pJlZrql2xApVdTWfKdHPSCmDGy7wtho1s66RY=",
  },
  {
    iv: 0x40,
    text: "",
    is: "2.QEFCQ0RFRkdISUpLTE1OTw==|mxZU3QSoNYpPcn1Ierp6CA==|mzH7b1viFWiNqIKNM9U64C0JmeGmxPiGGJf9DxeN1JE=",
  },
];

describe("the worked vectors", () => {
  test("a seed gives the token's key", () => {
    const expected =
      "VlYhpAfupv4gyis7ZRhjX6G6Mnw/AQ3I5SKinkyT0UuKGOPCxvOzPMjn8rCk7eKF7nZqudu3bTX+ARBCaa0PmQ==";
    expect(tokenKeyOf(seed).toString("base64")).toBe(expected);
    const prk = createHmac("sha256", "bitwarden-accesstoken").update(seed).digest("hex");
    expect(prk).toBe("aede2863d74bdce145335a8701313556d2d0f67bde50db6b37d8ceb2ae232e6b");
    const second = Buffer.from("X8vbvA0bduihIDe/qrzIQQ==", "base64");
    expect(tokenKeyOf(second).toString("base64")).toBe(
      "H9/oIRLtL9nGCQOVDjSMoEbJsjWXSOCb3qeyDt6ckzS3FhyboEDWyTP/CQfbIszNmAVg2ExFganG1FVFGXO/Jg==",
    );
  });

  test("the payload of a login", () => {
    const is =
      "2.EBESExQVFhcYGRobHB0eHw==|U76Uy37df8x8OMEkKu/rhdfb0I2t/38P8MnJHO6jmbzz7XNULYyTVh5QIo138A+oR87q0iZpPMAeD+lKOTKVSc1pbxMWXpbppd10AKIm4zXJB8FukzulNkrDw0fXxGQl/dBSEWVkDoQ7nXV0tvhQBQ==|W9mov2ywXWXcSvQjC3JmuNEwd6C/lPt0uyM0aZxZea0=";
    const said = JSON.stringify({ encryptionKey: organizationKey.toString("base64") });
    expect(sealEncString(tokenKeyOf(seed), said, bytesFrom(0x10, 16))).toBe(is);
    expect(openEncString(tokenKeyOf(seed), is)).toBe(said);
    expect(openEncString(tokenKeyOf(seed), payloadOf(tokenKeyOf(seed), organizationKey))).toBe(said);
  });

  test.each(sealed)("$text", ({ iv, text, is }) => {
    expect(sealEncString(organizationKey, text, bytesFrom(iv, 16))).toBe(is);
    expect(openEncString(organizationKey, is)).toBe(text);
  });

  test("what is kept of a client's secret", () => {
    const kept = Buffer.from(hashClientSecret("AbCdEfGhIjKlMnOpQrStUvWxYz0123")).toString("base64");
    expect(kept).toBe("OB82cT+p5u59YW8xWcr1jJdJQsQ5G3DgU0eMiDKrti4=");
  });
});

test("whatever is sealed opens, under no other key, and never looks alike", () => {
  const text = fc.string({ unit: "binary", maxLength: 200 }).filter((each) => each.isWellFormed());
  fc.assert(
    fc.property(text, (each) => {
      const once = sealEncString(organizationKey, each);
      expect(openEncString(organizationKey, once)).toBe(each);
      expect(openEncString(bytesFrom(0x41, 64), once)).toBeNull();
      expect(sealEncString(organizationKey, each)).not.toBe(once);
      const n = Buffer.byteLength(each);
      expect(once).toHaveLength(2 + 24 + 1 + 4 * Math.ceil((16 * (Math.floor(n / 16) + 1)) / 3) + 1 + 44);
    }),
  );
});

describe("nothing else opens", () => {
  const good = sealed[0]?.is ?? "";
  const [iv = "", body = "", mac = ""] = good.slice(2).split("|");

  test("a single changed character anywhere", () => {
    for (let at = 0; at < good.length; at += 1) {
      for (const other of ["A", "B", "/", "=", "|", " ", "\n"]) {
        const changed = good.slice(0, at) + other + good.slice(at + 1);
        if (changed !== good) expect(openEncString(organizationKey, changed)).toBeNull();
      }
    }
  });

  test.each([
    ["another type", `0.${iv}|${body}`],
    ["without a MAC", `2.${iv}|${body}`],
    ["a part more", `${good}|${mac}`],
    ["a line break", `${good}\n`],
    ["no whole block", `2.${iv}|AAAA|${mac}`],
    ["nothing sealed", `2.${iv}||${mac}`],
    ["plain text", "DATABASE_PASSWORD"],
    ["nothing", ""],
  ])("%s", (_name, text) => expect(openEncString(organizationKey, text)).toBeNull());

  test("padding that is none, and bytes that are no UTF-8, behind a good MAC", async () => {
    const { createCipheriv } = await import("node:crypto");
    const under = (plain: Buffer, padding: boolean) => {
      const nonce = bytesFrom(1, 16);
      const cipher = createCipheriv("aes-256-cbc", organizationKey.subarray(0, 32), nonce).setAutoPadding(
        padding,
      );
      const sealedBytes = Buffer.concat([cipher.update(plain), cipher.final()]);
      const tag = createHmac("sha256", organizationKey.subarray(32))
        .update(nonce)
        .update(sealedBytes)
        .digest();
      return `2.${[nonce, sealedBytes, tag].map((part) => part.toString("base64")).join("|")}`;
    };
    expect(openEncString(organizationKey, under(Buffer.from("plain"), true))).toBe("plain");
    expect(openEncString(organizationKey, under(Buffer.alloc(16), false))).toBeNull();
    expect(openEncString(organizationKey, under(Buffer.from([0xc3, 0x28]), true))).toBeNull();
  });
});

test("a minted token has the form that clients take", () => {
  const id = "0198c2a0-0000-7000-8000-00000000dead";
  const { text, hash, tokenKey } = mintAccessToken(id);
  const [, secret = "", encoded = ""] =
    /^0\.[0-9a-f-]{36}\.([A-Za-z0-9]{30}):([A-Za-z0-9+/]{22}==)$/.exec(text) ?? [];
  expect(Buffer.from(hashClientSecret(secret))).toEqual(hash);
  expect(tokenKeyOf(Buffer.from(encoded, "base64"))).toEqual(tokenKey);
});
