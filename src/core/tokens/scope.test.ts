import { describe, expect, test } from "vitest";
import { parseScope, type Scope, scopeCovers, scopesWithin } from "./scope.ts";

const scope = (action: string, storeId: string | null = null, name: string | null = null): Scope => ({
  action,
  storeId,
  name,
});

describe("a scope as text", () => {
  test.each([
    ["secret.reveal", { action: "secret.reveal", store: null, name: null }],
    ["secret.*", { action: "secret.*", store: null, name: null }],
    ["secret.reveal@prod", { action: "secret.reveal", store: "prod", name: null }],
    ["secret.reveal@prod/a/b@c", { action: "secret.reveal", store: "prod", name: "a/b@c" }],
  ])("%s", (text, parts) => {
    expect(parseScope("scopes[0]", text)).toEqual({ field: "scopes[0]", ...parts });
  });

  test.each([
    "",
    "*",
    ".*",
    "secret",
    "secret.",
    "sec.*",
    "secret.reveal.*",
    "Secret.*",
    "secret.reveal@",
    "secret.reveal@/NAME",
    "secret.reveal@prod/",
    "audit.read@prod",
    `secret.reveal@prod/${"x".repeat(600)}`,
  ])("%j is none", (text) => {
    expect(() => parseScope("scopes[0]", text)).toThrow(expect.objectContaining({ code: "request.invalid" }));
  });
});

test("a scope covers its action at its place", () => {
  const place = { storeId: "s", name: "n" };
  expect(scopeCovers(scope("secret.*"), "secret.purge", place)).toBe(true);
  expect(scopeCovers(scope("secret.*"), "store.read", place)).toBe(false);
  expect(scopeCovers(scope("secret.read", "s"), "secret.read", place)).toBe(true);
  expect(scopeCovers(scope("secret.read", "t"), "secret.read", place)).toBe(false);
  expect(scopeCovers(scope("secret.read", "s", "n"), "secret.read", place)).toBe(true);
  expect(scopeCovers(scope("secret.read", "s", "m"), "secret.read", place)).toBe(false);
  expect(scopeCovers(scope("secret.read", "s", "n"), "secret.read", { storeId: "s", name: null })).toBe(
    false,
  );
});

test("what lies within covers nothing that the wider does not: by every pair and every request", () => {
  const all = ["secret.*", "secret.read", "secret.purge", "store.read"].flatMap((action) =>
    [null, "s", "t"].flatMap((store) =>
      [null, "n", "m"].map((name) => scope(action, store, store === null ? null : name)),
    ),
  );
  const requests = (["secret.read", "secret.purge", "secret.list", "store.read"] as const).flatMap((action) =>
    ["s", "t", null].flatMap((storeId) =>
      ["n", "m", null].map((name) => ({ action, place: { storeId, name } })),
    ),
  );
  for (const inner of all) {
    for (const outer of all) {
      if (!scopesWithin([inner], [outer])) continue;
      const wider = requests.filter(
        ({ action, place }) => scopeCovers(inner, action, place) && !scopeCovers(outer, action, place),
      );
      expect([inner, outer, wider]).toEqual([inner, outer, []]);
    }
  }
  expect(scopesWithin(null, [scope("secret.*")])).toBe(false);
  expect(scopesWithin(null, null)).toBe(true);
  expect(scopesWithin([scope("secret.read", "s", "n")], [scope("store.read"), scope("secret.*", "s")])).toBe(
    true,
  );
});
