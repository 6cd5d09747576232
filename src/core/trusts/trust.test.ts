import { describe, expect, test } from "vitest";
import { CofferError } from "../errors.ts";
import { type GivenTrust, parseTrust } from "./trust.ts";

const organizationId = "0198a6b0-0000-7000-8000-000000000001";
const storeId = "0198a6b0-0000-7000-8000-000000000002";
const rules = { allowedHosts: [], keyFiles: ["/etc/coffer/keys.json"] };

const buildkite: GivenTrust = {
  name: "CI",
  issuer: "https://agent.buildkite.com",
  claims: { organization_slug: "acme" },
  store: storeId,
  as: "job",
};
const parse = (change: Partial<GivenTrust>) => parseTrust({ ...buildkite, ...change }, organizationId, rules);

/** The field and the rule of the refusal; the message never repeats what was given. */
function refusal(change: Partial<GivenTrust>): string {
  try {
    parse(change);
  } catch (error) {
    if (error instanceof CofferError && error.code === "request.invalid") return error.details.field ?? "";
    throw error;
  }
  throw new Error("it was not refused");
}

describe("a trust", () => {
  test("takes no audience that names another organization: it would get the tokens made for that one", () => {
    const other = "0198a6b0-0000-7000-8000-00000000000f";
    for (const audience of [`coffer:${other}`, `COFFER:${other}`, "coffer:", `coffer:${other}/deploy`])
      expect(refusal({ audience }), audience).toBe("audience");
    for (const audience of [`coffer:${organizationId}`, `coffer:${organizationId}/deploy`, "sts.example.org"])
      expect(parse({ audience }).audience).toBe(audience);
  });

  test("is by default for the organization's own audience, with keys by discovery", () => {
    expect(parse({})).toEqual({
      name: "CI",
      issuer: "https://agent.buildkite.com",
      audience: `coffer:${organizationId}`,
      jwks: { discovery: true },
      claims: { organization_slug: ["acme"] },
      leadsTo: { store: storeId },
      as: "job",
    });
  });

  test("keeps the issuer as it is written, because tokens are compared with it", () => {
    for (const issuer of ["https://Issuer.example", "https://issuer.example/", "https://issuer.example/a/"]) {
      expect(parse({ issuer }).issuer).toBe(issuer);
    }
  });

  test.each([
    "",
    "agent.buildkite.com",
    "http://agent.buildkite.com",
    "HTTPS://agent.buildkite.com",
    "https:agent.buildkite.com",
    "https://",
    "https://agent.buildkite.com?x=1",
    "https://agent.buildkite.com#x",
    "https://user@agent.buildkite.com",
    "https://user:pass@agent.buildkite.com",
    " https://agent.buildkite.com",
    "https://agent.buildkite.com\n",
    "https://agent.build\tkite.com",
    "https://evil.example\\@agent.buildkite.com",
    "https://ágent.example",
    `https://issuer.example/${"x".repeat(2_048)}`,
    "file:///etc/passwd",
  ])("does not take %j for an issuer", (issuer) => expect(refusal({ issuer })).toBe("issuer"));

  test("has a bounded name and audience without control characters", () => {
    for (const text of ["", "x".repeat(256), "a\nb", "\ud800"]) {
      expect(refusal({ name: text })).toBe("name");
      expect(refusal({ audience: text })).toBe("audience");
    }
  });
});

describe("its keys", () => {
  const p256 = { kty: "EC", kid: "a", crv: "P-256", x: "x".repeat(43), y: "y".repeat(43) };
  const rsa = { kty: "RSA", kid: "b", alg: "RS256", use: "sig", n: "n".repeat(342), e: "AQAB" };
  const ed25519 = { kty: "OKP", kid: "c", crv: "Ed25519", x: "x".repeat(43) };

  test("come from a URL, from a file that the operator listed, or with the trust", () => {
    expect(parse({ jwks: { url: "https://keys.example/jwks?v=2" } }).jwks).toEqual({
      url: "https://keys.example/jwks?v=2",
    });
    expect(parse({ jwks: { file: "/etc/coffer/keys.json" } }).jwks).toEqual({
      file: "/etc/coffer/keys.json",
    });
    const { use: _, ...kept } = rsa;
    expect(parse({ jwks: { keys: [p256, { ...rsa, x5c: ["MII"] }, ed25519] } }).jwks).toEqual({
      keys: [p256, kept, ed25519],
    });
    for (const jwks of [null, {}, { discovery: true }])
      expect(parse({ jwks }).jwks).toEqual({ discovery: true });
  });

  test("come from one place only, and from one that is said", () => {
    expect(refusal({ jwks: { discovery: true, url: "https://keys.example/" } })).toBe("jwks");
    expect(refusal({ jwks: { url: "https://keys.example/", keys: [p256] } })).toBe("jwks");
    expect(refusal({ jwks: { discovery: false } })).toBe("jwks");
  });

  test("come over https", () => {
    for (const url of [
      "http://keys.example/",
      "file:///etc/passwd",
      "https://a@keys.example/",
      "//keys.example",
    ]) {
      expect(refusal({ jwks: { url } })).toBe("jwks.url");
    }
  });

  test("come from no other file, however its path is written", () => {
    const others = [
      "/etc/passwd",
      "/etc/coffer/../coffer/keys.json",
      "/etc/coffer//keys.json",
      "keys.json",
      "",
    ];
    for (const file of others) expect(refusal({ jwks: { file } })).toBe("jwks.file");
  });

  test.each([
    ["private", { ...rsa, d: "x" }],
    ["half private", { ...p256, d: null }],
    ["shared", { kty: "oct", kid: "a", k: "AAAA" }],
    ["without a kid", { ...p256, kid: undefined }],
    ["for encryption", { ...rsa, use: "enc" }],
    ["for signing only", { ...rsa, key_ops: ["sign"] }],
    ["RSA of 1,024 bits", { ...rsa, n: "n".repeat(171) }],
    ["RSA of 16,384 bits", { ...rsa, n: "n".repeat(2_731) }],
    ["RSA with a long exponent", { ...rsa, e: "n".repeat(342) }],
    ["on a curve of another length", { ...p256, crv: "P-384" }],
    ["on a curve that nobody uses", { ...p256, crv: "secp256k1" }],
    ["on a curve by the name of a method", { ...p256, crv: "constructor" }],
    ["on Ed25519 as EC", { ...ed25519, kty: "EC", y: "y".repeat(43) }],
    ["no object", "key"],
  ])("are refused: %s", (_name, key) => expect(refusal({ jwks: { keys: [key] } })).toBe("jwks.keys"));

  test("are one to a hundred, each with its own kid", () => {
    const keys = Array.from({ length: 101 }, (_, at) => ({ ...p256, kid: `${at}` }));
    expect(refusal({ jwks: { keys } })).toBe("jwks.keys");
    expect(refusal({ jwks: { keys: [] } })).toBe("jwks.keys");
    expect(refusal({ jwks: { keys: [p256, { ...ed25519, kid: "a" }] } })).toBe("jwks.keys");
  });
});

describe("where it leads", () => {
  test("is one store, or one of a list by what a claim says", () => {
    expect(parse({ store: "production" }).leadsTo).toEqual({ store: "production" });
    const stores = [storeId.toUpperCase(), { store: "staging", value: "cluster-2" }];
    expect(parse({ store: null, storeClaim: "cluster_id", stores }).leadsTo).toEqual({
      storeClaim: "cluster_id",
      stores: [
        { store: storeId, value: storeId },
        { store: "staging", value: "cluster-2" },
      ],
    });
  });

  test("must be said for a job; a machine has grants", () => {
    expect(refusal({ store: null })).toBe("store");
    const machine = organizationId.toUpperCase();
    expect(parse({ store: null, as: { machine } })).toMatchObject({
      leadsTo: null,
      as: { machine: organizationId },
    });
    expect(refusal({ as: { machine: "ci" } })).toBe("as.machine");
  });

  test("is said in one way, completely, and without doubt", () => {
    const stores = [storeId];
    expect(refusal({ storeClaim: "cluster_id", stores })).toBe("store");
    expect(refusal({ stores })).toBe("store");
    expect(refusal({ store: null, stores })).toBe("storeClaim");
    expect(refusal({ store: null, storeClaim: "cluster_id" })).toBe("stores");
    expect(refusal({ store: null, storeClaim: "cluster_id", stores: [] })).toBe("stores");
    expect(refusal({ store: null, storeClaim: "aud", stores })).toBe("storeClaim");
    const twice = [storeId, { store: "staging", value: storeId }];
    expect(refusal({ store: null, storeClaim: "cluster_id", stores: twice })).toBe("stores");
  });
});
