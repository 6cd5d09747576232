// When keys are fetched, how long they are kept, and how little a flood of tokens costs the issuer.
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { JWK } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Resolve } from "../../../src/auth/workload/fetch.ts";
import { limits } from "../../../src/core/limits.ts";
import type { TrustTerms } from "../../../src/core/trusts/trust.ts";
import { discoveryPath, keysPath, startIssuer, type TestIssuer } from "../../support/oidc-issuer.ts";
import { type Bench, bench, reasonOf } from "./support.ts";

let issuer: TestIssuer;
let here: Bench;

beforeAll(async () => {
  issuer = await startIssuer();
});
afterAll(() => issuer.close());
beforeEach(() => {
  issuer.instead.clear();
  issuer.requests.length = 0;
  here = bench(issuer);
});

const fresh = () => issuer.sign(here.claims());
const fetches = () => issuer.requests.filter((path) => path === keysPath).length;
const pass = (ms: number) => {
  here.clock.at += ms;
};

describe("keys are fetched", () => {
  test("once for any number of tokens, also at once", async () => {
    const token = await fresh();
    await Promise.all(Array.from({ length: 20 }, () => here.verify(token)));
    await here.verify(token);
    expect(issuer.requests).toEqual([discoveryPath, keysPath]);
  });

  test("from a URL that the trust names, without discovery", async () => {
    await here.verify(await fresh(), here.trust({ jwks: { url: `${issuer.url}${keysPath}` } }));
    expect(issuer.requests).toEqual([keysPath]);
  });

  test("again when they are ten minutes old: a withdrawn key is then refused", async () => {
    const old = await issuer.sign({ ...here.claims(), exp: here.clock.at / 1000 + 7_200 });
    await here.verify(old);
    await issuer.rotate();
    pass(limits.keySetFreshMs - 1);
    await here.verify(old);
    pass(1);
    expect(await reasonOf(here.verify(old))).toBe("its issuer has no key of its kid");
  });

  test("again at once when the clock was set back", async () => {
    await here.verify(await fresh());
    pass(-60_000);
    await here.verify(await fresh());
    expect(fetches()).toBe(2);
  });

  test("not at all for keys that the trust holds itself", async () => {
    const trust = here.trust({ jwks: { keys: issuer.keys() } });
    await here.verify(await fresh(), trust);
    expect(await reasonOf(here.verify(await issuer.sign(here.claims(), { kid: "other" }), trust))).toBe(
      "its issuer has no key of its kid",
    );
    expect(issuer.requests).toEqual([]);
  });
});

describe("an unknown kid", () => {
  test("after a rotation is found by one more fetch, at most once a minute", async () => {
    await here.verify(await fresh());
    await issuer.rotate();
    expect(await reasonOf(here.verify(await fresh()))).toBe("its issuer has no key of its kid");
    expect(fetches()).toBe(1);
    pass(limits.keySetUnknownKeyMs);
    await expect(here.verify(await fresh())).resolves.toBeDefined();
    expect(fetches()).toBe(2);
  });

  test("costs no fetch each, however many there are", async () => {
    await here.verify(await fresh());
    pass(limits.keySetUnknownKeyMs);
    const tokens = await Promise.all(
      Array.from({ length: 100 }, (_, at) => issuer.sign(here.claims(), { kid: `made-up-${at}` })),
    );
    await Promise.all(tokens.map((token) => reasonOf(here.verify(token))));
    for (const token of tokens) await reasonOf(here.verify(token));
    expect(fetches()).toBe(2);
  });

  test("costs no fetch each when the very first set is without it", async () => {
    for (const kid of ["a", "b", "c"]) {
      await reasonOf(here.verify(await issuer.sign(here.claims(), { kid })));
    }
    expect(fetches()).toBe(1);
  });
});

describe("while the issuer does not answer", () => {
  const broken = { status: 500, body: {} };

  test("the keys it gave last are used, for an hour and no longer", async () => {
    await here.verify(await fresh());
    issuer.instead.set(keysPath, broken);
    pass(limits.keySetStaleMs - 1);
    await expect(here.verify(await fresh())).resolves.toBeDefined();
    pass(1);
    expect(await reasonOf(here.verify(await fresh()))).toBe("the keys were answered with status 500");
  });

  test("it is asked again only after a while, then served anew", async () => {
    issuer.instead.set(keysPath, broken);
    for (let count = 0; count < 5; count += 1) {
      expect(await reasonOf(here.verify(await fresh()))).toBe("the keys were answered with status 500");
    }
    expect(fetches()).toBe(1);
    issuer.instead.clear();
    pass(limits.keySetRetryMs);
    await expect(here.verify(await fresh())).resolves.toBeDefined();
  });

  test("another issuer's tokens are not held up", async () => {
    issuer.instead.set(discoveryPath, { body: "silent" });
    const waiting = reasonOf(here.verify(await fresh()));
    await here.verify(await fresh(), here.trust({ jwks: { url: `${issuer.url}${keysPath}` } }));
    expect(await waiting).toBe("the keys did not come in time");
  });
});

describe("what is no key set is refused:", () => {
  const [rsa, oct] = [
    { kty: "RSA", kid: "key-1", n: "AQAB", e: "AQAB" },
    { kty: "oct", kid: "key-1", k: "AAAA" },
  ];
  test.each([
    ["a list", [], "what was answered is not a key set"],
    ["no keys", {}, "what was answered is not a key set"],
    ["an empty list of keys", { keys: [] }, "the key set has no usable key"],
    ["too many keys", { keys: Array.from({ length: 101 }, () => rsa) }, "what was answered is not a key set"],
    ["a shared secret", { keys: [oct] }, "the key set has no usable key"],
    ["an RSA key that is too short", { keys: [rsa] }, "the key set has no usable key"],
    ["text", "<html>", "the answer with the keys is not JSON"],
    ["text that is not UTF-8", Buffer.from([0x22, 0xff, 0x22]), "the answer with the keys is not JSON"],
  ])("%s", async (_name, body, because) => {
    issuer.instead.set(keysPath, { body });
    expect(await reasonOf(here.verify(await fresh()))).toBe(because);
  });

  test("a private key, though its public half would fit", async () => {
    const [jwk] = issuer.keys() as [JWK];
    issuer.instead.set(keysPath, { body: { keys: [{ ...jwk, d: "AQAB" }] } });
    expect(await reasonOf(here.verify(await fresh()))).toBe("the key set has no usable key");
  });

  test("a key for encryption", async () => {
    const [jwk] = issuer.keys() as [JWK];
    issuer.instead.set(keysPath, { body: { keys: [{ ...jwk, use: "enc" }] } });
    expect(await reasonOf(here.verify(await fresh()))).toBe("the key set has no usable key");
  });

  test("but keys of other kinds beside a good one do no harm", async () => {
    issuer.instead.set(keysPath, { body: { keys: [oct, { kty: "AKP" }, null, ...issuer.keys()] } });
    await expect(here.verify(await fresh())).resolves.toBeDefined();
  });
});

describe("discovery is refused", () => {
  test.each([
    [
      "of another issuer",
      { issuer: "https://other.example" },
      "the discovery document is not of the trust's issuer",
    ],
    ["without an issuer", { issuer: undefined }, "the discovery document is not of the trust's issuer"],
    [
      "without a place of keys",
      { jwks_uri: undefined },
      "the discovery document does not say where the keys are",
    ],
    [
      "with a place that is no URL",
      { jwks_uri: "keys" },
      "the discovery document does not say where the keys are",
    ],
    ["with keys over http", { jwks_uri: "http://127.0.0.1/keys" }, "the keys are not at an https URL"],
    ["with keys at a file", { jwks_uri: "file:///etc/passwd" }, "the keys are not at an https URL"],
    [
      "with keys at a private host",
      { jwks_uri: "https://10.0.0.1/" },
      "10.0.0.1 leads to an address that is not public",
    ],
  ])("%s", async (_name, change, because) => {
    const document = { issuer: issuer.url, jwks_uri: `${issuer.url}${keysPath}`, ...change };
    issuer.instead.set(discoveryPath, { body: document });
    expect(await reasonOf(here.verify(await fresh()))).toBe(because);
    expect(fetches()).toBe(0);
  });

  test("by an issuer that differs in a slash at the end, in either direction", async () => {
    const trust = here.trust({ issuer: `${issuer.url}/` });
    const because = "the discovery document is not of the trust's issuer";
    expect(await reasonOf(here.verify(await fresh(), trust))).toBe(because);
    expect(issuer.requests).toEqual([discoveryPath]);
  });
});

describe("a key file", () => {
  const folder = mkdtempSync(join(tmpdir(), "coffer-keys-"));
  const path = join(folder, "keys.json");
  const write = (text: string) => {
    writeFileSync(`${path}.new`, text);
    renameSync(`${path}.new`, path);
  };
  let trust: TrustTerms;

  beforeEach(() => {
    here = bench(issuer, { keyFiles: [path] });
    trust = here.trust({ jwks: { file: path } });
    write(JSON.stringify({ keys: issuer.keys() }));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test("serves without any network, and is read anew when it changed", async () => {
    await here.verify(await fresh(), trust);
    await issuer.rotate();
    write(JSON.stringify({ keys: issuer.keys() }));
    pass(limits.keyFileFreshMs);
    await expect(here.verify(await fresh(), trust)).resolves.toBeDefined();
    expect(issuer.requests).toEqual([]);
  });

  test("that is half-written is forgiven for a minute, one that is gone as well", async () => {
    await here.verify(await fresh(), trust);
    write('{"keys":[');
    pass(limits.keyFileStaleMs - 1);
    await expect(here.verify(await fresh(), trust)).resolves.toBeDefined();
    rmSync(path);
    pass(1);
    expect(await reasonOf(here.verify(await fresh(), trust))).toBe("the key file is not JSON");
    pass(limits.keyFileFreshMs);
    expect(await reasonOf(here.verify(await fresh(), trust))).toBe("the key file cannot be read");
  });

  test.each([
    ["no file", folder, "the key file is not a file"],
    ["endless", "/dev/zero", "the key file is not a file"],
    ["not there", join(folder, "other.json"), "the key file cannot be read"],
  ])("that is %s is refused", async (_name, file, because) => {
    here = bench(issuer, { keyFiles: [file] });
    expect(await reasonOf(here.verify(await fresh(), here.trust({ jwks: { file } })))).toBe(because);
  });

  test("that is too long is refused", async () => {
    write(" ".repeat(limits.keySetBytesMax + 1));
    expect(await reasonOf(here.verify(await fresh(), trust))).toBe("the key file is too long");
  });

  test("that the configuration does not list any more is refused, whatever the trust says", async () => {
    const elsewhere = bench(issuer);
    expect(await reasonOf(elsewhere.verify(await fresh(), trust))).toBe(
      "the configuration does not list the key file",
    );
  });
});

describe("there is a bound", () => {
  test("to fetches at once, and the next may come when they are over", async () => {
    const open = Promise.withResolvers<never>();
    const resolve: Resolve = () => open.promise;
    here = bench(issuer, {}, resolve);
    const token = await fresh();
    const from = (at: number) => here.trust({ jwks: { url: `https://keys-${at}.example/` } });
    const waiting = Array.from({ length: limits.keySetFetchesMax }, (_, at) =>
      reasonOf(here.verify(token, from(at))),
    );
    expect(await reasonOf(here.verify(token, from(-1)))).toBe("too many key sets are being fetched");
    open.reject(new Error("no such name"));
    expect(await Promise.all(waiting)).toContain("keys-0.example cannot be resolved");
    expect(await reasonOf(here.verify(token, from(-1)))).toBe("keys--1.example cannot be resolved");
  });

  test("to the sources that are remembered", async () => {
    let asked = 0;
    const resolve: Resolve = async () => {
      asked += 1;
      return [];
    };
    here = bench(issuer, {}, resolve);
    const token = await fresh();
    const ask = (at: number) =>
      reasonOf(here.verify(token, here.trust({ jwks: { url: `https://keys-${at}.example/` } })));
    for (let at = 0; at <= limits.keySetSourcesMax; at += 1) await ask(at);
    await ask(1);
    expect(asked).toBe(limits.keySetSourcesMax + 1);
    await ask(0); // the oldest was forgotten for the newest
    expect(asked).toBe(limits.keySetSourcesMax + 2);
  });
});
