import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addressText, covers, parseAddress, parseNetworks } from "../core/addresses.ts";
import { CofferError } from "../core/errors.ts";
import { clientAddress } from "./client-address.ts";

const trusted = parseNetworks("trustedProxies", ["10.0.0.0/8", "2001:db8:9::/48"]);

type Headers = Record<string, string | string[] | undefined>;

function client(peer: string | undefined, headers: Headers, networks = trusted): string | null {
  return clientAddress(peer, headers, networks);
}

function refusedField(headers: Headers, peer = "10.0.0.1"): string | undefined {
  try {
    client(peer, headers);
  } catch (error) {
    if (error instanceof CofferError && error.code === "request.invalid") return error.details.field;
    throw error;
  }
  return undefined;
}

describe("the client's address", () => {
  test.each([
    ["192.0.2.7", "192.0.2.7"],
    ["::ffff:192.0.2.7", "192.0.2.7"],
    ["2001:db8::1", "2001:db8::1"],
    ["fe80::1%eth0", "fe80::1"],
    ["::ffff:0:1", "::ffff:0:1"],
    [undefined, null],
  ])("of the peer %s is %s", (peer, shown) => {
    expect(client(peer, {}, [])).toBe(shown);
  });

  test("is the peer's where no proxy is trusted, whatever the headers say", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (listed, forwarded) => {
        const headers = { "x-forwarded-for": listed, forwarded };
        expect(client("192.0.2.7", headers, [])).toBe("192.0.2.7");
        expect(client("192.0.2.7", headers)).toBe("192.0.2.7");
      }),
    );
  });

  test.each([
    ["198.51.100.1", "198.51.100.1"],
    ["203.0.113.9, 198.51.100.1", "198.51.100.1"],
    ["203.0.113.9, 198.51.100.1, 10.0.0.2", "198.51.100.1"],
    ["203.0.113.9,198.51.100.1 ,10.0.0.2,\t2001:db8:9::1", "198.51.100.1"],
    ["no address at all, 198.51.100.1", "198.51.100.1"],
    [`${"x,".repeat(4_000)}198.51.100.1`, "198.51.100.1"],
    ["198.51.100.1:4711", "198.51.100.1"],
    ["[2001:db8::1]:4711", "2001:db8::1"],
    ["[2001:db8::1]", "2001:db8::1"],
    ["2001:DB8:0::1", "2001:db8::1"],
    ["::ffff:198.51.100.1", "198.51.100.1"],
    ["::ffff:10.0.0.2", "10.0.0.2"],
    ["10.0.0.3, 10.0.0.2", "10.0.0.3"],
    ["", "10.0.0.1"],
    ["  ", "10.0.0.1"],
  ])("behind a trusted proxy with x-forwarded-for %j is %s", (value, shown) => {
    expect(client("10.0.0.1", { "x-forwarded-for": value })).toBe(shown);
    expect(client("::ffff:10.0.0.1", { "x-forwarded-for": value })).toBe(shown);
  });

  test.each([
    ["for=198.51.100.1", "198.51.100.1"],
    ["For=198.51.100.1;proto=https;by=10.0.0.1", "198.51.100.1"],
    ["for=203.0.113.9, for=198.51.100.1", "198.51.100.1"],
    ["for=198.51.100.1, proto=http;for=10.0.0.2", "198.51.100.1"],
    ['for="198.51.100.1:4711"', "198.51.100.1"],
    ['for="[2001:db8::1]:4711";host="a, for=203.0.113.9"', "2001:db8::1"],
    ['for=198.51.100.1;host="a\\", for=203.0.113.9"', "198.51.100.1"],
    ["for=_hidden, for=198.51.100.1", "198.51.100.1"],
    ["proto=https, for=198.51.100.1", "198.51.100.1"],
    ["", "10.0.0.1"],
  ])("behind a trusted proxy with forwarded %j is %s", (value, shown) => {
    expect(client("10.0.0.1", { forwarded: value })).toBe(shown);
  });

  test("is the same where headers are repeated", () => {
    const headers = { "x-forwarded-for": ["203.0.113.9", "198.51.100.1, 10.0.0.2"] };
    expect(client("10.0.0.1", headers)).toBe("198.51.100.1");
  });

  test.each([
    "unknown",
    "198.51.100.1, unknown",
    "198.51.100.1,",
    ",",
    "198.51.100.1:x",
    "198.51.100.1 10.0.0.2",
    "2001:db8::1:4711:0:0:0:0:0",
    "[198.51.100.1",
    "198.51.100.1, 10.0.0.2, _hidden",
  ])("cannot be told from x-forwarded-for %j, and the request is refused", (value) => {
    expect(refusedField({ "x-forwarded-for": value })).toBe("x-forwarded-for");
  });

  test.each([
    "for=unknown",
    "for=_hidden",
    "proto=https",
    "198.51.100.1",
    "for=198.51.100.1;",
    "for=198.51.100.1,",
    "for=198.51.100.1;for=203.0.113.9",
    "for=[2001:db8::1]",
    'for="198.51.100.1',
    'for=203.0.113.9;a=", for=198.51.100.1',
    'for=203.0.113.9;a=", for=198.51.100.1;host="b"',
    "for = 198.51.100.1",
  ])("cannot be told from forwarded %j, and the request is refused", (value) => {
    expect(refusedField({ forwarded: value })).toBe("forwarded");
  });

  test("is refused where two headers name two clients, and told where they agree", () => {
    const listed = "203.0.113.9, 198.51.100.1";
    expect(refusedField({ "x-forwarded-for": listed, forwarded: "for=203.0.113.9" })).toBe("forwarded");
    const agreeing = { "x-forwarded-for": listed, forwarded: "for=198.51.100.1;proto=https" };
    expect(client("10.0.0.1", agreeing)).toBe("198.51.100.1");
    expect(client("10.0.0.1", { "x-forwarded-for": listed, forwarded: "" })).toBe("198.51.100.1");
  });

  test("is refused behind more proxies than there can be", () => {
    const chain = (hops: number) => ["198.51.100.1", ...new Array<string>(hops).fill("10.0.0.2")].join(",");
    expect(client("10.0.0.1", { "x-forwarded-for": chain(15) })).toBe("198.51.100.1");
    expect(refusedField({ "x-forwarded-for": chain(16) })).toBe("x-forwarded-for");
  });

  test("is what the last trusted proxy saw, whatever the client sent", () => {
    const seen = fc.ipV4().map((text) => parseAddress(text));
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), seen, (sent, address) => {
        fc.pre(address !== null && !covers(trusted, address));
        const real = addressText(address);
        expect(client("10.0.0.1", { "x-forwarded-for": `${sent}, ${real}` })).toBe(real);
        const forwarded = () => client("10.0.0.1", { forwarded: `${sent}, for=${real}` });
        // What the client broke is refused; it is never read as something else.
        if (refusedField({ forwarded: `${sent}, for=${real}` }) === undefined) {
          expect(forwarded()).toBe(real);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
