import { isIPv4, isIPv6 } from "node:net";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Address,
  accepts,
  addressText,
  blockOf,
  blockText,
  covers,
  type Network,
  narrower,
  networkText,
  parseAddress,
  parseNetwork,
  parseNetworks,
  storedNetworks,
} from "./addresses.ts";

const anyIpv4 = fc.ipV4();
const anyIpv6 = fc.ipV6();
const anyText = fc.oneof(anyIpv4, anyIpv6);

const anyAddress: fc.Arbitrary<Address> = anyText.map((text) => address(text));

const anyNetwork: fc.Arbitrary<Network> = fc
  .tuple(anyAddress, fc.nat({ max: 128 }))
  .map(([{ version, bits }, seed]) => {
    const width = version === 4 ? 32 : 128;
    const prefix = seed % (width + 1);
    const rest = BigInt(width - prefix);
    return { version, bits: (bits >> rest) << rest, prefix };
  });

function address(text: string): Address {
  const parsed = parseAddress(text);
  if (parsed === null) throw new Error(`not an address: ${text}`);
  return parsed;
}

function network(text: string): Network {
  const parsed = parseNetwork(text);
  if (parsed === null) throw new Error(`not a network: ${text}`);
  return parsed;
}

describe("an address", () => {
  test.each([
    ["192.0.2.7", "192.0.2.7"],
    ["::", "::"],
    ["::1", "::1"],
    ["2001:DB8::0:1", "2001:db8::1"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["1:0:0:2:0:0:0:3", "1:0:0:2::3"],
    ["1:0:0:2:3:0:0:4", "1::2:3:0:0:4"],
    ["::ffff:192.0.2.7", "192.0.2.7"],
    ["::FFFF:c000:207", "192.0.2.7"],
    ["0:0:0:0:0:ffff:192.0.2.7", "192.0.2.7"],
    ["64:ff9b::192.0.2.7", "64:ff9b::c000:207"],
  ])("%s is shown as %s", (text, shown) => {
    expect(addressText(address(text))).toBe(shown);
  });

  test.each([
    "",
    "192.0.2",
    "192.0.2.256",
    "192.0.2.07",
    "0xc0.0.2.7",
    "3221225991",
    " 192.0.2.7",
    "192.0.2.7:80",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1::2:3:4:5:6:7:8",
    "1::2::3",
    ":::",
    ":1",
    "1:",
    "12345::",
    "::g",
    "[::1]",
    "fe80::1%eth0",
    "192.0.2.7::",
    "::192.0.2.7:1",
    "::1.2.3",
    `${"0:".repeat(40)}1`,
  ])("%j is none", (text) => {
    expect(parseAddress(text)).toBeNull();
  });

  test("is read and shown as the system and the URL standard do", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const { version } = address(text);
        const shown = addressText(address(text));
        if (version === 4) expect(isIPv4(shown)).toBe(true);
        else expect(`[${shown}]`).toBe(new URL(`http://[${text}]`).hostname);
        expect(address(shown)).toEqual(address(text));
      }),
    );
  });

  test("is accepted exactly where the system accepts one without a zone", () => {
    const likely = fc.string({ unit: fc.constantFrom(..."0123456789af:.".split("")), maxLength: 24 });
    fc.assert(
      fc.property(fc.oneof(likely, anyText, fc.string()), (text) => {
        const known = isIPv4(text) || (isIPv6(text) && !text.includes("%"));
        expect(parseAddress(text) !== null).toBe(known);
      }),
      { numRuns: 5_000 },
    );
  });
});

describe("a network", () => {
  test.each([
    ["192.0.2.0/24", "192.0.2.0/24"],
    ["192.0.2.7", "192.0.2.7"],
    ["192.0.2.7/32", "192.0.2.7"],
    ["0.0.0.0/0", "0.0.0.0/0"],
    ["2001:DB8::/32", "2001:db8::/32"],
    ["::ffff:192.0.2.0/120", "192.0.2.0/24"],
    ["::1/128", "::1"],
    ["::/0", "::/0"],
  ])("%s is shown as %s", (text, shown) => {
    expect(networkText(network(text))).toBe(shown);
  });

  test.each([
    "192.0.2.7/24",
    "192.0.2.0/33",
    "192.0.2.0/024",
    "192.0.2.0/",
    "192.0.2.0/-1",
    "192.0.2.0/24/24",
    "2001:db8::1/64",
    "2001:db8::/129",
    "::ffff:192.0.2.0/24",
    "any",
    "",
  ])("%j is none", (text) => {
    expect(parseNetwork(text)).toBeNull();
  });

  test("is read back from its text", () => {
    fc.assert(
      fc.property(anyNetwork, (one) => {
        expect(network(networkText(one))).toEqual(one);
      }),
    );
  });

  test("covers exactly the addresses that share its first bits", () => {
    fc.assert(
      fc.property(anyNetwork, fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }), (one, noise) => {
        const width = one.version === 4 ? 32 : 128;
        const rest = BigInt(width - one.prefix);
        const inside = { version: one.version, bits: one.bits | (noise & ((1n << rest) - 1n)) };
        expect(covers([one], inside)).toBe(true);
        if (one.prefix === 0) return;
        expect(covers([one], { version: one.version, bits: inside.bits ^ (1n << rest) })).toBe(false);
      }),
    );
  });

  test("of IPv6 covers no IPv4 address, however that is written", () => {
    expect(covers([network("::/0")], address("192.0.2.7"))).toBe(false);
    expect(covers([network("::/0")], address("::ffff:192.0.2.7"))).toBe(false);
    expect(covers([network("192.0.2.0/24")], address("::ffff:192.0.2.7"))).toBe(true);
    expect(covers([network("0.0.0.0/0")], address("::1"))).toBe(false);
  });
});

test("a list lets in whom it covers, and nobody whose address is not known", () => {
  const accepted = (list: readonly string[] | null, from: string | null) =>
    accepts(storedNetworks(list), from);
  expect(accepted(null, null)).toBe(true);
  expect(accepted(null, "192.0.2.7")).toBe(true);
  expect(accepted(["::1", "192.0.2.0/24"], "192.0.2.7")).toBe(true);
  expect(accepted(["192.0.2.0/24"], "::ffff:192.0.2.7")).toBe(true);
  expect(accepted(["192.0.2.0/24"], "192.0.3.7")).toBe(false);
  expect(accepted(["192.0.2.0/24"], null)).toBe(false);
  expect(accepted(["0.0.0.0/0", "::/0"], "unknown")).toBe(false);
  expect(accepted(["broken"], "192.0.2.7")).toBe(false);
  expect(accepted([], "192.0.2.7")).toBe(false);
});

describe("a list is narrower than another", () => {
  test("where whoever it lets in is let in there too", () => {
    const lists = fc.array(anyNetwork, { maxLength: 4 });
    fc.assert(
      fc.property(lists, lists, anyAddress, (inner, outer, one) => {
        if (narrower(inner, outer) && covers(inner, one)) expect(covers(outer, one)).toBe(true);
        expect(narrower(inner, [...outer, ...inner])).toBe(true);
      }),
    );
  });

  test("by the networks' own bounds", () => {
    const is = (inner: readonly string[] | null, outer: readonly string[] | null) =>
      narrower(inner?.map(network) ?? null, outer?.map(network) ?? null);
    expect(is(["192.0.2.0/25"], ["192.0.2.0/24"])).toBe(true);
    expect(is(["192.0.2.0/24"], ["192.0.2.0/24", "::1"])).toBe(true);
    expect(is(["192.0.2.0/23"], ["192.0.2.0/24"])).toBe(false);
    expect(is(["192.0.2.0/24", "::1"], ["192.0.2.0/24"])).toBe(false);
    expect(is(["192.0.2.0/24"], ["::/0"])).toBe(false);
    expect(is(["192.0.2.0/24"], ["192.0.2.0/25", "192.0.2.128/25"])).toBe(false);
    expect(is(null, ["192.0.2.0/24"])).toBe(false);
    expect(is(["192.0.2.0/24"], null)).toBe(true);
    expect(is(null, null)).toBe(true);
  });
});

test("a list from outside is refused whole, by field and place", () => {
  expect(parseNetworks("addresses", ["192.0.2.0/24", "::1"]).map(networkText)).toEqual([
    "192.0.2.0/24",
    "::1",
  ]);
  const refusal = (texts: readonly string[]) => {
    try {
      parseNetworks("addresses", texts);
    } catch (error) {
      return error;
    }
    return null;
  };
  expect(refusal([])).toMatchObject({ code: "request.invalid", details: { field: "addresses" } });
  expect(refusal(["::1", "not one"])).toMatchObject({ details: { field: "addresses", index: 1 } });
  expect(String(refusal(["::1", "not one"]))).not.toContain("not one");
  expect(refusal(new Array<string>(65).fill("::1"))).toMatchObject({ details: { limit: 64 } });
});

test("the block of an address holds it, and is shared by its neighbours", () => {
  fc.assert(
    fc.property(anyAddress, (one) => {
      expect(covers([blockOf(one)], one)).toBe(true);
    }),
  );
  expect(blockText("192.0.2.7")).toBe("192.0.2.0/24");
  expect(blockText("::ffff:192.0.2.200")).toBe("192.0.2.0/24");
  expect(blockText("2001:db8:1:2:3::4")).toBe("2001:db8:1::/48");
  expect(blockText("not an address")).toBe("unknown");
  expect(blockText(null)).toBe("unknown");
});
