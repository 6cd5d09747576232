import { syncBuiltinESMExports } from "node:module";
import os from "node:os";
import { describe, expect, test } from "vitest";
import { configuredNames, guessedNames, isWildcard, parseHostName } from "./names.ts";

describe("the name of a host", () => {
  test.each([
    ["localhost", { kind: "dns", text: "localhost" }],
    ["Coffer.Example.ORG", { kind: "dns", text: "coffer.example.org" }],
    ["xn--mnchen-3ya.example", { kind: "dns", text: "xn--mnchen-3ya.example" }],
    ["coffer_db-1", { kind: "dns", text: "coffer_db-1" }],
    ["10.1.2.3", { kind: "ip", text: "10.1.2.3" }],
    ["[2001:DB8:0::1]", { kind: "ip", text: "2001:db8::1" }],
    ["::ffff:10.1.2.3", { kind: "ip", text: "10.1.2.3" }],
  ])("%s", (text, name) => expect(parseHostName(text)).toEqual(name));

  test.each([
    "",
    "*",
    "*.example.org",
    "example.org.",
    ".example.org",
    "a..b",
    "-a.example.org",
    "host:8200",
    "https://example.org",
    "10.1.2",
    "10.1.2.256",
    "1.2.3.04",
    "fe80::1%eth0",
    "münchen.example",
    "a b",
    "x\n",
    `${"a".repeat(64)}.org`,
    `${"a.".repeat(127)}aa`,
  ])("%j is none", (text) => expect(parseHostName(text)).toBeNull());
});

test("a certificate is for loopback, for where the server listens, and for its URL, once each", () => {
  const at = (host: string, publicUrl: string | null, more: readonly string[] = []) =>
    configuredNames({ listen: { host, port: 1 }, publicUrl }, more).map(({ text }) => text);
  const loopback = ["localhost", "127.0.0.1", "::1"];
  expect(at("127.0.0.1", null)).toEqual(loopback);
  expect(at("0.0.0.0", null)).toEqual(loopback);
  expect(at("::", "https://[2001:db8::1]:8200/coffer")).toEqual([...loopback, "2001:db8::1"]);
  expect(at("10.1.2.3", "https://Vault.example.org", ["LOCALHOST", "10.1.2.3", "b"])).toEqual([
    ...loopback,
    "10.1.2.3",
    "vault.example.org",
    "b",
  ]);
});

test("the machine's own names count only where every address is listened on", () => {
  expect(guessedNames("10.1.2.3")).toEqual([]);
  expect(guessedNames("localhost")).toEqual([]);
  expect(guessedNames("0.0.0.0").every(({ text }) => !/^(127\.|169\.254|fe80|::1$)/.test(text))).toBe(true);
  expect(["0.0.0.0", "::", "0:0:0:0:0:0:0:0"].every(isWildcard)).toBe(true);
  expect(["::1", "10.0.0.0", "localhost"].some(isWildcard)).toBe(false);
});

test("where a sandbox hides the machine's addresses, its name is guessed alone", () => {
  const { networkInterfaces } = os;
  const refuse = () => {
    throw new Error("Address family not supported by protocol");
  };
  try {
    os.networkInterfaces = refuse;
    syncBuiltinESMExports();
    expect(guessedNames("0.0.0.0").every(({ kind }) => kind === "dns")).toBe(true);
  } finally {
    os.networkInterfaces = networkInterfaces;
    syncBuiltinESMExports();
  }
});
