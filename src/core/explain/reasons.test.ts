// What an explanation says of the credential: the verdict's reason once, and never the opposite beside it.
import { expect, test } from "vitest";
import { type Authority, holdingsOf, type Target } from "../authorize.ts";
import { reasons } from "./reasons.ts";

const mine: Target = { kind: "store", storeId: "mine" };
const owner: Authority = {
  principalId: "p",
  standing: { kind: "person", role: "owner", holdings: holdingsOf([]) },
  operator: false,
  membersCreate: true,
  scopes: null,
  stores: null,
};
const bound = { action: "secret.list", storeId: "mine", name: null } as const;
const within = "token: narrowed, and this is within it";
const standing = ["membership: owner", "no grant there"];

test.each([
  ["one that narrows nothing", {}, true, ["role: owner", ...standing]],
  ["a scope that covers it", { scopes: [bound] }, true, ["role: owner", within, ...standing]],
  ["its store", { stores: ["mine"] }, true, ["role: owner", within, ...standing]],
  ["no scope for it", { scopes: [] }, false, ["token: no scope covers secret.list", ...standing]],
  [
    "a scope for another store",
    { scopes: [{ ...bound, storeId: "other" }] },
    false,
    ["token: no scope covers secret.list", ...standing],
  ],
  ["another store", { stores: ["other"] }, false, ["token: bound to other stores", ...standing]],
] as const)("a token with %s", (_, narrowed, allowed, because) => {
  expect(reasons({ ...owner, ...narrowed }, "secret.list", mine)).toEqual({ allowed, because });
});
