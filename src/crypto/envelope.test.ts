import { createSecretKey, type KeyObject } from "node:crypto";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CofferError } from "../core/errors.ts";
import { limits } from "../core/limits.ts";
import type { Address } from "../core/ports.ts";
import {
  envelopeOverheadBytes,
  openValue,
  organizationBinding,
  parseEnvelope,
  sealValue,
  textOf,
  valueBinding,
} from "./envelope.ts";
import { authenticated, fingerprintOf } from "./fingerprint.ts";

const folder = new URL("../../test/vectors/", import.meta.url);

interface EnvelopeCase {
  readonly comment: string;
  readonly result: string;
  readonly term: number;
  readonly key: string;
  readonly installation: string;
  readonly organization: string;
  readonly secret: string;
  readonly version: string;
  readonly sealed: string;
  readonly value?: string;
  readonly nonce?: string;
}

/** What each kind of damage is recognised as. */
const causes: Readonly<Record<string, readonly string[]>> = {
  "wrong-key": ["does-not-open"],
  "wrong-address": ["does-not-open"],
  truncated: ["truncated", "does-not-open"],
  extended: ["does-not-open"],
  "flipped-tag": ["does-not-open"],
  "flipped-nonce": ["does-not-open"],
  "flipped-ciphertext": ["does-not-open"],
  "unknown-format": ["unknown-format"],
  "unknown-term": ["unknown-term"],
  "not-text": ["not-text"],
};

function failure(work: () => unknown): CofferError {
  try {
    work();
  } catch (error) {
    if (error instanceof CofferError) return error;
    throw error;
  }
  throw new Error("it did not fail");
}

function open(key: KeyObject, installation: string, address: Address, sealed: Uint8Array): string {
  const binding = valueBinding(organizationBinding(installation, address.organizationId), address);
  return textOf(openValue(key, parseEnvelope(sealed, address), binding, address), address);
}

describe("frozen envelopes", () => {
  const { cases }: { cases: EnvelopeCase[] } = JSON.parse(
    readFileSync(new URL("envelope.json", folder), "utf8"),
  );

  test.each(cases)("$result: $comment", (it) => {
    const key = createSecretKey(Buffer.from(it.key, "hex"));
    const address = { organizationId: it.organization, secretId: it.secret, versionId: it.version };
    const sealed = Buffer.from(it.sealed, "hex");
    if (it.result === "unknown-term") {
      expect(parseEnvelope(sealed, address).term).not.toBe(it.term);
    } else if (it.value !== undefined) {
      expect(open(key, it.installation, address, sealed)).toBe(it.value);
      const binding = valueBinding(organizationBinding(it.installation, it.organization), address);
      const nonce = Buffer.from(it.nonce ?? "", "hex");
      const again = sealValue(key, it.term, binding, Buffer.from(it.value), nonce);
      expect(again.toString("hex")).toBe(it.sealed);
      expect(parseEnvelope(sealed, address).term).toBe(it.term);
    } else {
      const error = failure(() => open(key, it.installation, address, sealed));
      expect(error.code).toBe("value.integrity");
      expect(error.message).toContain(it.secret);
      expect(error.message).toContain(it.version);
      expect(causes[it.result]).toContain(error.cause);
    }
  });
});

describe("frozen fingerprints", () => {
  const { key, cases } = JSON.parse(readFileSync(new URL("fingerprint.json", folder), "utf8"));
  const secret = createSecretKey(Buffer.from(key, "hex"));

  test.each<Record<"comment" | "result" | "organization" | "secret" | "value" | "fingerprint", string>>(
    cases,
  )("$result: $comment", (it) => {
    const address = { organizationId: it.organization, secretId: it.secret };
    const made = fingerprintOf(secret, address, Buffer.from(it.value)).toString("hex");
    expect(made === it.fingerprint).toBe(it.result === "equals");
  });
});

describe("properties", () => {
  const key = createSecretKey(Buffer.alloc(32, 7));
  const id = fc.uuid({ version: 7 });
  const place = fc.record({ installation: id, organizationId: id, secretId: id, versionId: id });
  const value = fc.string({ unit: "binary", maxLength: 300 }).filter((text) => text.isWellFormed());
  type Place = Address & { readonly installation: string };
  const bindingOf = (at: Place) => valueBinding(organizationBinding(at.installation, at.organizationId), at);
  const seal = (at: Place, text: string) => sealValue(key, 3, bindingOf(at), Buffer.from(text));

  test("a value comes back exactly, under its own address", () => {
    fc.assert(
      fc.property(place, value, (here, text) => {
        expect(open(key, here.installation, here, seal(here, text))).toBe(text);
      }),
    );
  });

  test("a sealed value opens only under its own address, also where one part alone differs", () => {
    const part = fc.constantFrom("installation", "organizationId", "secretId", "versionId");
    fc.assert(
      fc.property(place, place, part, value, (here, there, changed, text) => {
        fc.pre(here[changed] !== there[changed]);
        const elsewhere = { ...here, [changed]: there[changed] };
        const error = failure(() => open(key, elsewhere.installation, elsewhere, seal(here, text)));
        expect(error.code).toBe("value.integrity");
      }),
    );
  });

  test("a flipped bit anywhere is found, or names another term or format", () => {
    fc.assert(
      fc.property(place, value, fc.nat(), (here, text, at) => {
        const sealed = seal(here, text);
        const bit = at % (sealed.length * 8);
        sealed[bit >> 3] = (sealed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        if (bit >> 3 >= 1 && bit >> 3 <= 4) {
          expect(parseEnvelope(sealed, here).term).not.toBe(3);
        } else {
          expect(failure(() => open(key, here.installation, here, sealed)).code).toBe("value.integrity");
        }
      }),
      { numRuns: 500 },
    );
  });

  test("any bytes at all are refused as damage, never as another fault", () => {
    fc.assert(
      fc.property(place, fc.uint8Array({ maxLength: 80 }), (here, bytes) => {
        expect(failure(() => open(key, here.installation, here, bytes)).code).toBe("value.integrity");
      }),
    );
  });

  test("exchanged rows of one organization and one term are an error, both ways", () => {
    fc.assert(
      fc.property(place, id, id, value, value, (one, secretId, versionId, first, second) => {
        fc.pre(one.secretId !== secretId);
        const other = { ...one, secretId, versionId };
        const [a, b] = [seal(one, first), seal(other, second)];
        expect(failure(() => open(key, one.installation, one, b)).message).toContain(one.secretId);
        expect(failure(() => open(key, one.installation, other, a)).message).toContain(secretId);
      }),
    );
  });

  test("two seals of one value share no nonce", () => {
    const here = { installation: "i", organizationId: "o", secretId: "s", versionId: "v" };
    const nonces = new Set(Array.from({ length: 200 }, () => seal(here, "x").toString("hex", 5, 17)));
    expect(nonces.size).toBe(200);
  });
});

describe("bounds", () => {
  const key = createSecretKey(Buffer.alloc(32, 7));
  const address = { organizationId: "o", secretId: "s", versionId: "v" };
  const binding = valueBinding(organizationBinding("i", "o"), address);

  test("the longest value is sealed and opened, one byte more is neither", () => {
    const longest = sealValue(key, 1, binding, Buffer.alloc(limits.valueBytesMax, "a"));
    expect(longest.length).toBe(limits.valueBytesMax + envelopeOverheadBytes);
    expect(open(key, "i", address, longest)).toHaveLength(limits.valueBytesMax);
    const tooLong = Buffer.alloc(limits.valueBytesMax + 1);
    expect(failure(() => sealValue(key, 1, binding, tooLong)).code).toBe("request.invalid");
    const error = failure(() => parseEnvelope(Buffer.concat([longest, Buffer.alloc(1)]), address));
    expect(error.cause).toBe("too-long");
  });

  test("sealed bytes lie in memory of their own, so nothing else travels with them", () => {
    const sealed = sealValue(key, 1, binding, Buffer.from("x"));
    expect(sealed.buffer.byteLength).toBe(sealed.length);
  });

  test("the opened bytes are wiped once they are text", () => {
    const bytes = Buffer.from("password");
    expect(textOf(bytes, address)).toBe("password");
    expect(bytes.equals(Buffer.alloc(8))).toBe(true);
  });
});

test("frozen hashes of values that lie elsewhere", () => {
  const { key, cases } = JSON.parse(readFileSync(new URL("remote-value.json", folder), "utf8"));
  const secret = createSecretKey(Buffer.from(key, "hex"));
  for (const { comment, installation, organization, version, value, hash, ...ids } of cases) {
    const address = { organizationId: organization, secretId: ids.secret, versionId: version };
    const made = authenticated(secret, installation, address, Buffer.from(value));
    expect(made.toString("hex"), comment).toBe(hash);
  }
});
