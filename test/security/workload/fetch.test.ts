// Where the server may be sent for keys. Who may make a trust must not thereby reach the server's own
// network: each way in is tried against real servers on loopback, which must see no request.
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { fetcher, type Resolve } from "../../../src/auth/workload/fetch.ts";
import { CofferError } from "../../../src/core/errors.ts";
import { limits } from "../../../src/core/limits.ts";
import type { WorkloadRules } from "../../../src/core/trusts/rules.ts";
import { keysPath, startIssuer, startPlainServer, type TestIssuer } from "../../support/oidc-issuer.ts";
import { bench, reasonOf } from "./support.ts";

let issuer: TestIssuer;

beforeAll(async () => {
  issuer = await startIssuer();
});
afterAll(() => issuer.close());
beforeEach(() => {
  issuer.instead.clear();
  issuer.requests.length = 0;
});

const strict: WorkloadRules = { allowedHosts: [], keyFiles: [] };
const open = (): WorkloadRules => ({ allowedHosts: [issuer.host], keyFiles: [] });
const resolveTo = (...addresses: readonly string[]): Resolve => {
  return async () => addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
};

describe("no request is sent to", () => {
  const spellings = [
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "0177.0.0.1",
    "127.0.0.1.",
    "①②⑦.0.0.1",
    "0.0.0.0",
    "0",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[0:0:0:0:0:ffff:7f00:0001]",
    "[::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
    "localhost",
    "localhost.",
    "LOCALHOST",
  ];
  test.each(spellings)("the server itself as %s", async (host) => {
    const because = await reasonOf(fetcher(strict).json(`https://${host}:${issuer.port}/`));
    // A machine without IPv6 or with a strict resolver may not know a name at all.
    expect(because).toMatch(/ (leads to an address that is not public|cannot be resolved)$/);
    expect(issuer.requests).toEqual([]);
  });

  test("a public name that resolves to a private address, also to one among others", async () => {
    for (const addresses of [["127.0.0.1"], ["8.8.8.8", "127.0.0.1"], ["2606:4700::1", "::ffff:10.0.0.1"]]) {
      const because = await reasonOf(
        fetcher(strict, resolveTo(...addresses)).json("https://issuer.example/"),
      );
      expect(because).toBe("issuer.example leads to an address that is not public");
    }
  });

  test("a host over http", async () => {
    const plain = await startPlainServer();
    const rules = { allowedHosts: ["127.0.0.1"], keyFiles: [] };
    expect(await reasonOf(fetcher(rules).json(plain.url))).toBe("the keys are not at an https URL");
    expect(plain.visits()).toBe(0);
    await plain.close();
  });

  test("where a redirect leads", async () => {
    const plain = await startPlainServer();
    for (const [status, location] of [
      [301, plain.url],
      [302, `${issuer.url}/elsewhere`],
      [307, "https://169.254.169.254/"],
      [308, keysPath],
    ] as const) {
      issuer.instead.set("/", { status, headers: { location }, body: { keys: issuer.keys() } });
      expect(await reasonOf(fetcher(open()).json(`${issuer.url}/`))).toBe(
        "the keys were answered with a redirect",
      );
    }
    expect(plain.visits()).toBe(0);
    expect(new Set(issuer.requests)).toEqual(new Set(["/"]));
    await plain.close();
  });
});

describe("a name is resolved once", () => {
  test("and the connection made to the address that was checked, whatever the name says later", async () => {
    let asked = 0;
    const rebinding: Resolve = async () => {
      asked += 1;
      return [{ address: asked === 1 ? "127.0.0.1" : "192.0.2.1", family: 4 }];
    };
    // issuer.example exists nowhere: that it answers shows that the checked address was used.
    const rules = { allowedHosts: ["issuer.example"], keyFiles: [] };
    const url = `https://issuer.example:${issuer.port}${keysPath}`;
    expect(await fetcher(rules, rebinding).json(url)).toEqual({ keys: issuer.keys() });
    expect(asked).toBe(1);
  });

  test("and checked anew at each fetch", async () => {
    const answers = ["127.0.0.1", "10.0.0.1"];
    const resolve: Resolve = async () => [{ address: answers.shift() ?? "", family: 4 }];
    const keys = fetcher({ allowedHosts: [], keyFiles: [] }, resolve);
    for (const _ of [1, 2]) {
      expect(await reasonOf(keys.json("https://issuer.example/"))).toMatch(/not public$/);
    }
    expect(answers).toEqual([]);
  });
});

describe("the configuration allows", () => {
  const read = (host: string, url = `https://localhost:${issuer.port}${keysPath}`) =>
    fetcher({ allowedHosts: [host], keyFiles: [] }).json(url);

  test("a host at any port, or at one", async () => {
    await expect(read("localhost")).resolves.toBeDefined();
    await expect(read(`localhost:${issuer.port}`)).resolves.toBeDefined();
  });

  test("no other port, no other spelling and nothing that only begins or ends alike", async () => {
    const others = [
      "localhost:443",
      "localhos",
      "ocalhost",
      ".localhost",
      "*",
      "",
      "127.0.0.1",
      "localhost.",
    ];
    for (const host of others) expect(await reasonOf(read(host))).toMatch(/not public$/);
    expect(issuer.requests).toEqual([]);
  });
});

describe("an answer is refused", () => {
  const answered = async (body: unknown, headers: Record<string, string> = {}, status = 200) => {
    issuer.instead.set("/", { status, headers, body });
    return reasonOf(fetcher(open()).json(`${issuer.url}/`));
  };

  test("that does not come in time", { timeout: limits.keySetFetchMs + 5_000 }, async () => {
    expect(await answered("silent")).toBe("the keys did not come in time");
  });

  test("that a name server does not give in time", { timeout: limits.keySetFetchMs + 5_000 }, async () => {
    const never: Resolve = () => new Promise(() => {});
    expect(await reasonOf(fetcher(strict, never).json("https://issuer.example/"))).toBe(
      "the keys did not come in time",
    );
  });

  test("that does not end", async () => {
    expect(await answered("endless")).toBe("the answer with the keys is too long");
  });

  test("of another status, compressed, or not JSON", async () => {
    expect(await answered({ keys: [] }, {}, 404)).toBe("the keys were answered with status 404");
    expect(await answered({ keys: [] }, {}, 206)).toBe("the keys were answered with status 206");
    expect(await answered("x", { "content-encoding": "gzip" })).toBe("the keys came compressed");
    expect(await answered("<html>")).toBe("the answer with the keys is not JSON");
  });

  test("that breaks off", async () => {
    expect(await answered("{}", { "content-length": "1000" })).toMatch(
      /^(the answer with the keys broke off|127.0.0.1 cannot be asked|the keys did not come)/,
    );
  });

  test("of a host with a certificate for another one, or of nobody known", async () => {
    const rules = { allowedHosts: ["other.example"], keyFiles: [] };
    const other = fetcher(rules, resolveTo("127.0.0.1")).json(
      `https://other.example:${issuer.port}${keysPath}`,
    );
    expect(await reasonOf(other)).toBe("other.example cannot be asked (ERR_TLS_CERT_ALTNAME_INVALID)");
    expect(issuer.requests).toEqual([]);
  });

  test("and its connection closed, also after a good one", async () => {
    await answered("endless");
    await answered("endless", {}, 404);
    await fetcher(open()).json(`${issuer.url}${keysPath}`);
    await vi.waitFor(async () => expect(await issuer.connections()).toBe(0));
  });
});

describe("when a trust is made", () => {
  const refusal = async (work: Promise<void>) => {
    const error = await work.then(
      () => null,
      (cause: unknown) => cause,
    );
    if (!(error instanceof CofferError)) throw new Error("it was not refused", { cause: error });
    const { code, message, details, because } = error;
    return { code, message, details, because };
  };
  const rule = "must be at a public address, unless the server's configuration allows its host";

  test("its URL is checked, and nothing is told of what the server's network resolves", async () => {
    const lookups: readonly [Resolve, string][] = [
      [resolveTo("10.0.0.1"), "keys.example leads to an address that is not public"],
      [resolveTo(), "keys.example has no address"],
      [() => Promise.reject(new Error("no such name")), "keys.example cannot be resolved"],
    ];
    for (const [resolve, because] of lookups) {
      const { keys, trust } = bench(issuer, {}, resolve);
      expect(await refusal(keys.check(trust({ jwks: { url: "https://keys.example/" } })))).toEqual({
        code: "request.invalid",
        message: `"jwks.url" ${rule}`,
        details: { field: "jwks.url", rule },
        because,
      });
    }
  });

  test("its issuer is checked where the keys are to be discovered there", async () => {
    const { keys, trust } = bench(issuer, { allowedHosts: [] });
    expect(await refusal(keys.check(trust()))).toMatchObject({ details: { field: "issuer", rule } });
    await keys.check(trust({ jwks: { keys: issuer.keys() } }));
    await bench(issuer).keys.check(trust());
    expect(issuer.requests).toEqual([]);
  });
});
