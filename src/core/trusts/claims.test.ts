import { describe, expect, test } from "vitest";
import { CofferError } from "../errors.ts";
import { limits } from "../limits.ts";
import { sessionEnd, storeOf } from "./admission.ts";
import { claimValues, parseRequiredClaims, unmetClaim } from "./claims.ts";
import { requireTenant } from "./tenants.ts";

describe("required claims", () => {
  const refused = (claims: Record<string, string | string[]>) => () => parseRequiredClaims(claims);

  test("are named, bounded and not those with a rule of their own", () => {
    const many = Object.fromEntries(Array.from({ length: 21 }, (_, at) => [`claim_${at}`, "x"]));
    const wrong = [
      {},
      many,
      { a: [] },
      { a: "" },
      { a: ["x", ""] },
      { "": "x" },
      { "a b": "x" },
      { "a\n": "x" },
    ];
    for (const claims of [...wrong, { a: "x".repeat(501) }, { a: Array.from({ length: 101 }, () => "x") }]) {
      expect(refused(claims as Record<string, string>)).toThrow(CofferError);
    }
    for (const name of ["iss", "aud", "exp", "nbf", "iat"])
      expect(refused({ [name]: "*" })).toThrow(CofferError);
  });

  test("are met all together, each by any of its values", () => {
    const required = parseRequiredClaims({ owner: ["acme", "acme-*"], ref: "refs/heads/*" });
    expect(unmetClaim(required, { owner: "acme-labs", ref: "refs/heads/main" })).toBeNull();
    expect(unmetClaim(required, { owner: "acme" })).toBe("ref");
    expect(unmetClaim(required, { owner: "evil", ref: "refs/heads/main" })).toBe("owner");
    expect(unmetClaim(required, { owner: ["x", "acme"], ref: "refs/heads/" })).toBeNull();
  });

  test("are not met by what only inherits them", () => {
    expect(unmetClaim(parseRequiredClaims({ constructor: "*" }), {})).toBe("constructor");
    expect(unmetClaim(parseRequiredClaims({ "a/constructor": "*" }), { a: {} })).toBe("a/constructor");
    expect(unmetClaim(parseRequiredClaims({ __proto__x: "*" }), {})).toBe("__proto__x");
  });

  test("are not met by a claim that is absent or empty, not even where any value would do", () => {
    const any = parseRequiredClaims({ claim: "*" });
    for (const value of [undefined, null, "", [], [""], {}, [{}], 1.5, Number.NaN, "\ud800"]) {
      expect(unmetClaim(any, { claim: value })).toBe("claim");
    }
    for (const value of ["x", 0, false, ["", "x"]]) expect(unmetClaim(any, { claim: value })).toBeNull();
  });
});

describe("a claim", () => {
  const kubernetes = {
    "kubernetes.io": { namespace: "prod", pod: { name: "web-1" } },
    "a/b": "flat",
    a: { b: "deep" },
  };

  test("may lie in another one", () => {
    expect(claimValues(kubernetes, "kubernetes.io/namespace")).toEqual(["prod"]);
    expect(claimValues(kubernetes, "kubernetes.io/pod/name")).toEqual(["web-1"]);
    for (const name of [
      "kubernetes.io",
      "kubernetes.io/pod",
      "kubernetes.io/namespace/length",
      "kubernetes.io/x",
    ]) {
      expect(claimValues(kubernetes, name)).toEqual([]);
    }
  });

  test("of exactly that name comes first", () => {
    expect(claimValues(kubernetes, "a/b")).toEqual(["flat"]);
  });

  test("with more values than a claim may have says nothing", () => {
    const values = Array.from({ length: limits.claimValuesMax }, (_, index) => `v${index}`);
    expect(claimValues({ groups: values }, "groups")).toHaveLength(limits.claimValuesMax);
    expect(claimValues({ groups: [...values, "acme"] }, "groups")).toEqual([]);
    expect(unmetClaim({ groups: ["*"] }, { groups: values })).toBeNull();
    expect(unmetClaim({ groups: ["*"] }, { groups: [...values, "acme"] })).toBe("groups");
  });

  test("that is a number or a yes is compared as text", () => {
    expect(claimValues({ id: 42, on: true }, "id")).toEqual(["42"]);
    expect(claimValues({ id: 42, on: true }, "on")).toEqual(["true"]);
  });
});

describe("the foreign tenant", () => {
  const [buildkite, github, gitlab, cluster, other] = [
    "https://agent.buildkite.com",
    "https://token.actions.githubusercontent.com/acme-enterprise",
    "https://gitlab.com",
    "https://oidc.eks.eu-west-1.amazonaws.com/id/ABC",
    "https://ci.example.com",
  ];
  const named = (issuer: string, claims: Record<string, string | string[]>): boolean => {
    try {
      requireTenant(issuer, parseRequiredClaims(claims));
      return true;
    } catch (error) {
      if (error instanceof CofferError) return false;
      throw error;
    }
  };

  test.each([
    [buildkite, { organization_slug: "acme" }],
    [buildkite, { organization_id: "0198a6b0", pipeline_slug: "*" }],
    [github, { repository_owner: "acme" }],
    [github, { repository_owner_id: ["1", "2"] }],
    [github, { repository: "acme/*" }],
    [gitlab, { namespace_path: "acme" }],
    [gitlab, { project_path: ["acme/*", "acme/web"] }],
    [cluster, { sub: "system:serviceaccount:prod:*" }],
    [cluster, { "kubernetes.io/namespace": "prod" }],
    [other, { anything: "acme*" }],
  ])("of %s is named by %j", (issuer, claims) => expect(named(issuer, claims)).toBe(true));

  test.each([
    [buildkite, { pipeline_slug: "web" }],
    [buildkite, { organization_slug: "*" }],
    [buildkite, { organization_slug: "acme*" }],
    [buildkite, { organization_slug: ["acme", "*"] }],
    [buildkite, { repository_owner: "acme" }],
    [github, { repository: "*" }],
    [github, { repository: "acme*" }],
    [github, { repository: "*/web" }],
    [github, { repository: "acme*/web" }],
    [github, { repository: ["acme/*", "/*"] }],
    [github, { repository_owner: "acme-*" }],
    [github, { sub: "repo:acme/web:ref:refs/heads/main" }],
    [gitlab, { namespace_path: "acme*" }],
    [gitlab, { ref: "main" }],
    [cluster, { sub: "system:serviceaccount:*" }],
    [cluster, { sub: "system:serviceaccount:prod*:x" }],
    [other, { anything: "*" }],
    [other, { anything: ["acme", "**"] }],
  ])("of %s is not named by %j", (issuer, claims) => expect(named(issuer, claims)).toBe(false));
});

describe("a session", () => {
  test("ends with the token, and after an hour at the latest", () => {
    expect(sessionEnd(1_000 + 300_000, 1_000)).toBe(301_000);
    expect(sessionEnd(1_000 + 7_200_000, 1_000)).toBe(3_601_000);
  });

  test("is of the store that the claim names, if it names exactly one of the list", () => {
    const stores = [
      { store: "s1", value: "c1" },
      { store: "s2", value: "c2" },
    ];
    const leadsTo = { storeClaim: "cluster_id", stores };
    expect(storeOf({ store: "s1" }, {})).toBe("s1");
    expect(storeOf(leadsTo, { cluster_id: "c2" })).toBe("s2");
    for (const value of ["c3", "", null, undefined, "C2", ["c1", "c2"], "*"]) {
      expect(storeOf(leadsTo, { cluster_id: value })).toBeNull();
    }
  });
});
