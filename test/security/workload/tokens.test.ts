// Which tokens are taken, and why each other one is not. Signed by a real issuer, with keys fetched
// from it over TLS.
import { createHmac, createPublicKey, generateKeyPairSync } from "node:crypto";
import { base64url, type JWK, SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { claimedOrigin } from "../../../src/auth/workload/verify.ts";
import { startIssuer, type TestIssuer } from "../../support/oidc-issuer.ts";
import { audience, type Bench, bench, reasonOf } from "./support.ts";

let issuer: TestIssuer;
let here: Bench;

beforeAll(async () => {
  issuer = await startIssuer();
  here = bench(issuer);
});
afterAll(() => issuer.close());

const part = (value: unknown): string => base64url.encode(JSON.stringify(value));
const token = (change: Record<string, unknown> = {}) => issuer.sign(here.claims(change));
const refusal = async (change: Record<string, unknown>) => reasonOf(here.verify(await token(change)));

describe("a token that meets the trust", () => {
  test("gives its claims and the time of its end", async () => {
    const { claims, expiresAt } = await here.verify(await token());
    expect(claims).toEqual(here.claims());
    expect(expiresAt).toBe(here.clock.at + 300_000);
  });

  test("may be for several audiences, of which one is the trust's", async () => {
    await expect(here.verify(await token({ aud: ["sts.amazonaws.com", audience] }))).resolves.toBeDefined();
  });

  test("says by whom and for whom it is before anything is believed", async () => {
    expect(claimedOrigin(await token())).toEqual({ issuer: issuer.url, audiences: [audience] });
    expect(claimedOrigin("coffer_person_0198a6b0_secret")).toBeNull();
    expect(claimedOrigin("a.b.c")).toBeNull();
    expect(claimedOrigin(`${part({})}.${part({ iss: 1 })}.AA`)).toBeNull();
    expect(claimedOrigin(`${"a".repeat(9_000)}.${"b".repeat(9_000)}.c`)).toBeNull();
  });

  test.each(["ES256", "ES384", "PS256", "EdDSA"])("may be signed with %s", async (alg) => {
    const other = await startIssuer(alg);
    const there = bench(other);
    await expect(there.verify(await other.sign(there.claims()))).resolves.toBeDefined();
    await other.close();
  });
});

describe("a forged token is refused:", () => {
  test("unsigned", async () => {
    const claims = part(here.claims());
    for (const alg of ["none", "None", "NONE", ""]) {
      const header = part({ alg, kid: "key-1" });
      expect(await reasonOf(here.verify(`${header}.${claims}.AA`))).toBe("its algorithm is not allowed");
      expect(await reasonOf(here.verify(`${header}.${claims}.`))).toBe(
        "the token does not have three parts in base64url",
      );
    }
  });

  test("signed with the public key as if it were a shared secret", async () => {
    const [jwk] = issuer.keys() as [JWK];
    const key = createPublicKey({ key: { ...jwk }, format: "jwk" });
    const secrets = [
      key.export({ type: "spki", format: "pem" }),
      key.export({ type: "spki", format: "der" }),
      JSON.stringify(jwk),
    ];
    for (const secret of secrets) {
      const input = `${part({ alg: "HS256", kid: "key-1" })}.${part(here.claims())}`;
      const signature = createHmac("sha256", secret).update(input).digest("base64url");
      expect(await reasonOf(here.verify(`${input}.${signature}`))).toBe("its algorithm is not allowed");
    }
  });

  test("signed by another key under the issuer's kid", async () => {
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const forged = await new SignJWT(here.claims())
      .setProtectedHeader({ alg: "RS256", kid: "key-1" })
      .sign(privateKey);
    expect(await reasonOf(here.verify(forged))).toBe("its signature does not verify");
  });

  test("with a key that it brings itself", async () => {
    const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const jwk = publicKey.export({ format: "jwk" });
    const before = issuer.requests.length;
    const forged = await new SignJWT(here.claims())
      .setProtectedHeader({
        alg: "RS256",
        kid: "key-1",
        jwk: { ...jwk, kty: "RSA" },
        jku: `${issuer.url}/mine`,
      })
      .sign(privateKey);
    expect(await reasonOf(here.verify(forged))).toBe("its signature does not verify");
    expect(issuer.requests.slice(before)).not.toContain("/mine");
  });

  test("with claims changed after the signature", async () => {
    const [header, , signature] = (await token()).split(".");
    const changed = `${header}.${part(here.claims({ organization_slug: "evil" }))}.${signature}`;
    expect(await reasonOf(here.verify(changed))).toBe("its signature does not verify");
  });

  test("with another algorithm than the key is for", async () => {
    const other = await issuer.sign(here.claims(), { alg: "RS256" });
    const [, claims, signature] = other.split(".");
    const changed = `${part({ alg: "ES256", kid: "key-1" })}.${claims}.${signature}`;
    expect(await reasonOf(here.verify(changed))).toBe("the key of its kid is not for its algorithm");
  });
});

describe("a malformed token is refused:", () => {
  test("without a kid, with an empty one, with one that is no text", async () => {
    expect(await reasonOf(here.verify(await issuer.sign(here.claims(), { kid: null })))).toBe(
      "it does not name its key by a kid",
    );
    for (const kid of ["", 1, null, ["key-1"]]) {
      const header = part({ alg: "RS256", kid });
      expect(await reasonOf(here.verify(`${header}.${part({})}.AA`))).toBe(
        "it does not name its key by a kid",
      );
    }
  });

  test("longer than 16 KiB", async () => {
    expect(await refusal({ padding: "x".repeat(16_384) })).toBe("the token is too long");
  });

  test("with critical extensions, of which none is understood", async () => {
    const header = part({ alg: "RS256", kid: "key-1", crit: ["b64"], b64: false });
    expect(await reasonOf(here.verify(`${header}.${part({})}.AA`))).toBe(
      "its header has critical extensions",
    );
  });

  const texts = ["", ".", "..", "a.b", "a.b.c.d", "a.b.c ", "a.b\n.c", "é.b.c", `${part([])}.${part({})}.AA`];
  test.each(texts)("%j", async (text) => {
    expect(await reasonOf(here.verify(text))).not.toBeNull();
  });
});

describe("a token of somebody else, of another time or for another purpose is refused:", () => {
  const minutes = (count: number) => here.clock.at / 1000 + count * 60;

  test("of another issuer, also by a slash", async () => {
    for (const iss of [`${issuer.url}/`, issuer.url.toUpperCase(), undefined, [issuer.url], 1]) {
      expect(await refusal({ iss })).toBe("its issuer is not the trust's");
    }
  });

  test("for another audience", async () => {
    const others = [
      `${audience}/`,
      audience.toUpperCase(),
      [],
      ["other"],
      undefined,
      null,
      [audience, 1],
      {},
    ];
    for (const aud of others) expect(await refusal({ aud })).toBe("its audience is not the trust's");
  });

  test("expired, to the second", async () => {
    expect(await refusal({ exp: minutes(0) })).toBe("it has expired");
    await expect(here.verify(await token({ exp: minutes(0) + 1 }))).resolves.toBeDefined();
  });

  test("without an expiry or a time of issue", async () => {
    for (const exp of [undefined, null, "9999999999", {}]) {
      expect(await refusal({ exp })).toBe("it has no time of expiry");
    }
    expect(await refusal({ iat: undefined })).toBe("it has no time of issue");
    expect(await refusal({ nbf: "soon" })).toBe("its nbf is not a time");
  });

  test("not valid yet, but for a minute between the clocks", async () => {
    expect(await refusal({ nbf: minutes(1) + 1 })).toBe("it is not valid yet");
    expect(await refusal({ iat: minutes(1) + 1 })).toBe("it was issued in the future");
    await expect(here.verify(await token({ iat: minutes(1), nbf: minutes(1) }))).resolves.toBeDefined();
  });

  test("for a longer life than a day", async () => {
    expect(await refusal({ exp: minutes(24 * 60) + 1 })).toBe("its lifetime is too long");
    expect(await refusal({ exp: 1e300 })).toBe("its lifetime is too long");
    await expect(here.verify(await token({ exp: minutes(24 * 60) }))).resolves.toBeDefined();
  });

  test("without a required claim, or with another value", async () => {
    const because = "its claim organization_slug is missing or not what the trust requires";
    for (const value of [undefined, null, "", [], "acme2", "ACME", "acm", { acme: true }]) {
      expect(await refusal({ organization_slug: value })).toBe(because);
    }
  });

  test("but for what a star stands for", async () => {
    const claims = { organization_slug: "acme", build_branch: ["main", "release-*"] };
    const trust = here.trust({ claims });
    const verify = async (branch: unknown) => here.verify(await token({ build_branch: branch }), trust);
    await expect(verify("release-1/2")).resolves.toBeDefined();
    await expect(verify("main")).resolves.toBeDefined();
    for (const branch of ["main2", "a-release-1", "release", undefined]) {
      expect(await reasonOf(verify(branch))).toMatch(/^its claim build_branch /);
    }
  });
});
