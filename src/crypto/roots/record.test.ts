import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { contextBytes, providerError, type RootProvider } from "./provider.ts";
import {
  newRootRecord,
  openLine,
  parseRootRecord,
  readRootRecord,
  rewrappedRecord,
  rootRecordWithout,
} from "./record.ts";

interface Case {
  readonly comment: string;
  readonly result: string;
  readonly text: string;
  readonly active?: string;
  readonly keys?: Readonly<Record<string, string>>;
}

const file = new URL("../../../test/vectors/root-record.json", import.meta.url);
const { cases, wrapping }: { cases: Case[]; wrapping: string } = JSON.parse(readFileSync(file, "utf8"));

/** As a token with AES-GCM, its key in the open. */
function deviceWith(key: Buffer): RootProvider {
  const name = "the device of the test";
  return {
    kind: "pkcs11",
    describe: () => name,
    async wrap(plain, context) {
      const iv = randomBytes(12);
      const cipher = createCipheriv("aes-256-gcm", key, iv).setAAD(contextBytes(context));
      const blob = Buffer.concat([iv, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
      return { keyId: "device/root", algorithm: "aes-gcm", blob };
    },
    async unwrap({ blob }, context) {
      const decipher = createDecipheriv("aes-256-gcm", key, blob.subarray(0, 12), { authTagLength: 16 });
      decipher.setAAD(contextBytes(context)).setAuthTag(blob.subarray(-16));
      const plain = decipher.update(blob.subarray(12, -16));
      try {
        return Buffer.concat([plain, decipher.final()]);
      } catch (cause) {
        throw providerError(name, "damaged", { cause });
      }
    },
  };
}

const device = deviceWith(Buffer.from(wrapping, "hex"));

/** What the message says of each kind of mistake. */
const messages: Readonly<Record<string, RegExp>> = {
  wrong: /what it wrapped does not open/,
  "no-header": /the first line of the record must be "coffer-root-record\/1"/,
  "none-active": /one key must be marked "active"/,
  "two-active": /line 3 of the record: only one key may be active/,
  repeated: /line 3 of the record repeats the key rk_/,
  damaged: /line 2 of the record is damaged/,
  "bad-line": /line 2 of the record is not as it was written/,
  "unknown-provider": /line 2 of the record names a provider that this release does not know/,
  "too-many": /more than 8 keys in the record/,
};

const refusal = (pattern: RegExp) =>
  expect.objectContaining({ code: "server.sealed", message: expect.stringMatching(pattern) });

async function opened(text: string) {
  const lines = parseRootRecord(text);
  const keys = await Promise.all(lines.map((line) => openLine([device], line)));
  return { active: lines.find(({ active }) => active)?.id, keys };
}

describe("frozen records of root keys", () => {
  test.each(cases)("$result: $comment", async (it) => {
    const reading = (async () => opened(it.text))();
    if (it.result === "reads") {
      const { active, keys } = await reading;
      expect(active).toBe(it.active);
      expect(Object.fromEntries(keys.map(({ id, key }) => [id, key.export().toString("hex")]))).toEqual(
        it.keys,
      );
    } else {
      const message = messages[it.result];
      expect(message).toBeDefined();
      await expect(reading).rejects.toThrow(refusal(message ?? /^$/));
    }
  });
});

describe("records of root keys", () => {
  test("a new one opens, and holds nothing of the key", async () => {
    const { text, key } = await newRootRecord(device);
    expect(text).not.toContain(key.key.export().toString("base64").slice(0, 20));
    const { active, keys } = await opened(text);
    expect(active).toBe(key.id);
    expect(keys[0]?.key.equals(key.key)).toBe(true);
  });

  test("one that takes the place of another keeps its keys, and they can be dropped", async () => {
    const first = await newRootRecord(device);
    const second = await newRootRecord(device, first.text);
    const { active, keys } = await opened(second.text);
    expect([active, keys.map(({ id }) => id)]).toEqual([second.key.id, [first.key.id, second.key.id]]);
    expect((await opened(rootRecordWithout(second.text, first.key.id))).keys).toHaveLength(1);
    expect(() => rootRecordWithout(second.text, second.key.id)).toThrow(refusal(/is the active key/));
    expect(() => rootRecordWithout(second.text, "rk_0000000000000000")).toThrow(refusal(/has no key/));
  });

  test("wrapped anew it has the same keys in other bytes", async () => {
    const { text, key } = await newRootRecord(device);
    const again = await rewrappedRecord(device, text);
    expect(again).not.toBe(text);
    expect((await opened(again)).keys[0]?.key.equals(key.key)).toBe(true);
  });

  test("a provider that gives back something else makes no record", async () => {
    const forgetful: RootProvider = { ...device, unwrap: async () => randomBytes(32) };
    await expect(newRootRecord(forgetful)).rejects.toThrow(refusal(/does not open/));
    const talkative: RootProvider = {
      ...device,
      wrap: async (plain, context) => ({ ...(await device.wrap(plain, context)), keyId: "two words" }),
    };
    await expect(newRootRecord(talkative)).rejects.toThrow(refusal(/not as it was written/));
  });

  test("the first provider that opens a line is enough", async () => {
    const { text, key } = await newRootRecord(device);
    const [line] = parseRootRecord(text);
    if (line === undefined) throw new Error("no line");
    const other = deviceWith(Buffer.alloc(32));
    expect((await openLine([other, device], line)).id).toBe(key.id);
    await expect(openLine([other], line)).rejects.toThrow(refusal(/does not open/));
    await expect(openLine([], line)).rejects.toThrow(refusal(/kept by pkcs11, which is not configured/));
  });

  test("where one of two does not answer, that is what is told: it may be over soon", async () => {
    const { text } = await newRootRecord(device);
    const [line] = parseRootRecord(text);
    if (line === undefined) throw new Error("no line");
    const away: RootProvider = {
      ...device,
      unwrap: async () => {
        throw providerError("the other device", "unavailable");
      },
    };
    const other = deviceWith(Buffer.alloc(32));
    await expect(openLine([other, away], line)).rejects.toThrow(
      refusal(/the other device: it does not answer/),
    );
  });

  test("an absent file is none", async () => {
    expect(await readRootRecord("/nowhere/root.record")).toBeNull();
  });
});
