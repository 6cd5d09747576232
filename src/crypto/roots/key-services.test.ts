// The providers that are asked over a network, by the official client where there is one: what they send,
// and what each refusal is to Coffer.
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type KeyService, openKms, openTransit, vendorText } from "../../../test/support/key-services.ts";
import { openAwsKms } from "./aws-kms.ts";
import { isUnavailable, type RootProvider } from "./provider.ts";
import { newRootRecord, openLine, parseRootRecord, rewrappedRecord } from "./record.ts";
import { openVaultTransit } from "./vault-transit.ts";

const token = "hvs.a-token-of-the-test";
const rootKeyId = "rk_0123456789abcdef";

async function refusal(work: Promise<unknown>): Promise<Error> {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof Error)) throw new Error("it was not refused");
  return error;
}

const lineOf = async (provider: RootProvider) => {
  const { text, key } = await newRootRecord(provider);
  const [line] = parseRootRecord(text);
  if (line === undefined) throw new Error("no line");
  return { line, key, text };
};

describe("AWS KMS", () => {
  let kms: KeyService;
  let provider: RootProvider;
  let other: RootProvider;
  const settings = (key: string) =>
    ({ kind: "aws-kms", key, region: "eu-central-1", endpoint: kms.url }) as const;
  beforeAll(async () => {
    process.env.AWS_ACCESS_KEY_ID = "test";
    process.env.AWS_SECRET_ACCESS_KEY = "test";
    kms = await openKms("one", "other");
    provider = await openAwsKms(settings("one"));
    other = await openAwsKms(settings("other"));
  });
  afterAll(() => kms.close());

  test("keeps a root key; the key is named also where it is opened", async () => {
    const { line, key } = await lineOf(provider);
    expect(line.keyId).toMatch(/^arn:aws:kms:.*key\/one$/);
    expect((await openLine([provider], line)).key.equals(key.key)).toBe(true);
    const [asked] = kms.asked.slice(-1);
    expect(asked).toMatchObject({
      target: "TrentService.Decrypt",
      body: {
        KeyId: line.keyId,
        EncryptionContext: {
          coffer: "coffer/root-record/1",
          purpose: "root-key",
          provider: "aws-kms",
          rootKey: key.id,
        },
      },
    });
  });

  test("opens nothing that another key wrapped", async () => {
    const { line } = await lineOf(provider);
    const foreign = await lineOf(other);
    const mixed = { ...line, blob: foreign.line.blob };
    expect((await refusal(openLine([provider], mixed))).message).toMatch(/does not open/);
  });

  test("opens nothing for another root key, and nothing that was changed", async () => {
    const { line } = await lineOf(provider);
    // Of the provider itself: the id of what comes out would tell it too.
    const elsewhere = { provider: "aws-kms", rootKeyId } as const;
    expect((await refusal(provider.unwrap(line, elsewhere))).message).toMatch(/does not open/);
    for (const at of [100, line.blob.length - 1]) {
      const blob = Buffer.from(line.blob);
      blob[at] = (blob[at] ?? 0) ^ 1;
      expect((await refusal(openLine([provider], { ...line, blob }))).message).toMatch(/does not open/);
    }
  });

  test.each([
    ["AccessDeniedException", 400, /refuses the credential/, false],
    ["UnrecognizedClientException", 400, /refuses the credential/, false],
    ["DisabledException", 400, /disabled or about to be deleted/, false],
    ["KMSInvalidStateException", 400, /disabled or about to be deleted/, false],
    ["NotFoundException", 400, /no such key/, false],
    ["InvalidKeyUsageException", 400, /refuses to use that key/, false],
    ["NobodyKnowsThisException", 400, /refuses to use that key/, false],
    ["KeyUnavailableException", 500, /does not answer/, true],
    ["KMSInternalException", 500, /does not answer/, true],
    ["DependencyTimeoutException", 503, /does not answer/, true],
    ["ThrottlingException", 400, /does not answer/, true],
    ["NobodyKnowsThisException", 502, /does not answer/, true],
  ])("%s (%i)", async (name, status, message, again) => {
    kms.answers = { status, body: { __type: name, message: vendorText } };
    try {
      const error = await refusal(lineOf(provider));
      expect(error).toMatchObject({ code: "server.sealed", message: expect.stringMatching(message) });
      expect(error.message).toContain("AWS KMS key one in eu-central-1");
      expect(error.message).not.toContain(vendorText);
      expect(isUnavailable(error)).toBe(again);
    } finally {
      kms.answers = null;
    }
  });

  test("that breaks off, or is not there, may be asked again", async () => {
    kms.answers = "silence";
    expect(isUnavailable(await refusal(lineOf(provider)))).toBe(true);
    kms.answers = null;
    await kms.leave();
    expect(isUnavailable(await refusal(lineOf(provider)))).toBe(true);
    await kms.back();
    await lineOf(provider);
  });
});

describe("a transit engine", () => {
  let transit: KeyService & { rotate(): void };
  const providerOf = (key = "root", given = token) =>
    openVaultTransit(
      { kind: "vault-transit", address: transit.url, mount: "transit", key, namespace: null },
      async () => given,
    );
  beforeAll(async () => {
    transit = await openTransit("root", token);
  });
  afterAll(() => transit.close());

  test("keeps a root key; its older versions open, and a record can be brought to the newest", async () => {
    const provider = providerOf();
    const { line, key, text } = await lineOf(provider);
    expect(line.keyId).toBe("transit/root");
    expect(line.blob.toString()).toMatch(/^vault:v1:/);
    transit.rotate();
    expect((await openLine([provider], line)).key.equals(key.key)).toBe(true);
    const [newer] = parseRootRecord(await rewrappedRecord(provider, text));
    expect(newer?.blob.toString()).toMatch(/^vault:v2:/);
    expect(newer?.id).toBe(key.id);
    if (newer !== undefined) expect((await openLine([provider], newer)).key.equals(key.key)).toBe(true);
  });

  test("opens nothing for another root key, nothing changed, nothing of another key's name", async () => {
    const provider = providerOf();
    const { line } = await lineOf(provider);
    const flipped = Buffer.from(line.blob);
    flipped[30] = flipped[30] === 65 ? 66 : 65;
    const elsewhere = { provider: "vault-transit", rootKeyId } as const;
    expect((await refusal(provider.unwrap(line, elsewhere))).message).toMatch(/does not open/);
    const cases = [
      { ...line, blob: flipped },
      { ...line, blob: Buffer.from("vault:v1:") },
      { ...line, keyId: "transit/other" },
      { ...line, algorithm: "plain" },
    ];
    for (const changed of cases) {
      expect((await refusal(openLine([provider], changed))).message).toMatch(/does not open/);
    }
  });

  test("is shown the token, which no message repeats", async () => {
    const error = await refusal(lineOf(providerOf("root", "hvs.a-wrong-token")));
    expect(error.message).toMatch(/refuses the credential/);
    expect(error.message).not.toContain("hvs.");
    expect(transit.asked.at(-1)?.token).toBe("hvs.a-wrong-token");
    expect((await refusal(lineOf(providerOf("none")))).message).toMatch(/refuses to use that key/);
  });

  test.each([
    [400, /refuses to use that key/, false],
    [403, /refuses the credential/, false],
    [404, /no such key/, false],
    [429, /does not answer/, true],
    [473, /does not answer/, true],
    [500, /does not answer/, true],
    [503, /does not answer/, true],
    [307, /does not answer/, true],
  ])("that answers %i", async (status, message, again) => {
    transit.answers = { status, body: { errors: [vendorText] } };
    try {
      const error = await refusal(lineOf(providerOf()));
      expect(error.message).toMatch(message);
      expect(error.message).not.toContain(vendorText);
      expect(isUnavailable(error)).toBe(again);
    } finally {
      transit.answers = null;
    }
  });

  test.each([
    ["nothing", null],
    ["no data", { data: null }],
    ["no text", { data: { ciphertext: 1 } }],
    ["another form", { data: { ciphertext: "coffer:v1:AAAA" } }],
    ["a key that is not wrapped", { data: { ciphertext: randomBytes(32).toString("base64") } }],
  ])("that answers with %s is not believed", async (_, body) => {
    transit.answers = { status: 200, body };
    try {
      expect((await refusal(lineOf(providerOf()))).message).toMatch(/refuses to use that key/);
    } finally {
      transit.answers = null;
    }
  });

  test("that answers without end is left", async () => {
    transit.answers = { status: 200, body: { data: { ciphertext: "x".repeat(100_000) } } };
    try {
      expect(isUnavailable(await refusal(lineOf(providerOf())))).toBe(true);
    } finally {
      transit.answers = null;
    }
  });
});
