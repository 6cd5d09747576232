import { describe, expect, test } from "vitest";
import { childEnvironment, isVariableName } from "./child-environment.ts";

describe("the environment behind `coffer run`", () => {
  test("keeps what was there, drops coffer's own settings, adds the secrets over it", () => {
    const inherited = {
      PATH: "/bin",
      HOME: "/root",
      COFFER_TOKEN: "t",
      COFFER_URL: "u",
      coffer_org: "o",
      API_KEY: "old",
    };
    const { env, skipped } = childEnvironment(inherited, [
      { name: "API_KEY", value: "new" },
      { name: "EMPTY", value: "" },
      { name: "LINES", value: "a\nb\n" },
    ]);
    expect(env).toEqual({ PATH: "/bin", HOME: "/root", API_KEY: "new", EMPTY: "", LINES: "a\nb\n" });
    expect(skipped).toEqual([]);
  });

  test("names what cannot be handed over, without its value", () => {
    const { env, skipped } = childEnvironment({}, [
      { name: "tls/key", value: "hidden" },
      { name: "BINARY", value: "a\0b" },
      { name: "GOOD", value: "1" },
    ]);
    expect(env).toEqual({ GOOD: "1" });
    expect(skipped.map(({ name }) => name)).toEqual(["tls/key", "BINARY"]);
    expect(JSON.stringify(skipped)).not.toContain("hidden");
  });

  test("what a store names and cannot give is not taken from elsewhere", () => {
    const inherited = { EXPIRED: "old", BINARY: "old", KEPT: "old" };
    const { env } = childEnvironment(inherited, [{ name: "BINARY", value: "a\0b" }], ["EXPIRED", "tls/key"]);
    expect(env).toEqual({ KEPT: "old" });
  });

  test("a secret is none of coffer's own settings", () => {
    const { env, skipped } = childEnvironment({}, [{ name: "coffer_URL", value: "https://elsewhere" }]);
    expect(env).toEqual({});
    expect(skipped.map(({ name }) => name)).toEqual(["coffer_URL"]);
  });

  test.each(["A", "_a1", "DATABASE_URL"])("%s is a variable's name", (name) => {
    expect(isVariableName(name)).toBe(true);
  });

  test.each(["", "1A", "A-B", "A B", "A=B", "Ä", "A\n"])("%j is not", (name) => {
    expect(isVariableName(name)).toBe(false);
  });
});
