// The test vectors of the Buildkite contract (6.4), and what decides where no rule does. Vector 4, a job
// of another cluster, is not the policy's business: such a job does not see the secret at all.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { limits } from "../limits.ts";
import { parseClaims } from "./claims.ts";
import { evaluate, judge } from "./evaluate.ts";
import { explain } from "./explain.ts";
import { parsePolicy } from "./parse.ts";

const { job: base, vectors }: Vectors = JSON.parse(
  readFileSync(new URL("../../../test/vectors/policies.json", import.meta.url), "utf8"),
);

interface Vectors {
  readonly job: Record<string, unknown>;
  readonly vectors: readonly {
    readonly number: number;
    readonly policy: string | null;
    readonly change: Record<string, unknown>;
    readonly result: "allow" | "deny";
  }[];
}

test.each(vectors)("vector $number: $policy", ({ policy, change, result }) => {
  const claims = parseClaims({ ...base, ...change });
  expect(judge(policy, claims).allowed).toBe(result === "allow");
  expect(evaluate(policy === null ? null : parsePolicy(policy), claims)).toEqual(judge(policy, claims));
});

describe("because", () => {
  const claims = parseClaims({ ...base, build_creator: null, build_creator_team: [] });
  test.each([
    [null, "no policy"],
    ["# none", "no policy"],
    ["[{build_branch: dev}, {build_branch: main}, {pipeline_slug: web}]", "policy rule 2"],
    ["[{build_branch: dev}]", "no rule of the policy is met (rule 1 by build_branch)"],
    [
      `[${"{build_branch: main, pipeline_slug: api},".repeat(11)}]`,
      `no rule of the policy is met (${Array.from({ length: 10 }, (_, index) => `rule ${index + 1} by pipeline_slug`).join(", ")}, ...)`,
    ],
    [
      '[{build_branch: dev}, {build_creator_team: "*", build_creator: "*"}]',
      "no rule of the policy is met (rule 1 by build_branch, rule 2 by build_creator_team); the job has no build_creator_team, build_creator",
    ],
    ["[{branch: main}]", "the policy cannot be read"],
    ["- build_branch: [", "the policy cannot be read"],
    ["x".repeat(limits.policyBytesMax + 1), "the policy cannot be read"],
  ])("%.40s: %s", (text, because) => {
    const allowed = because === "no policy" || because.startsWith("policy rule");
    expect(judge(text, claims)).toEqual({ allowed, because });
    expect(judge(text, claims)).toEqual({ allowed, because });
  });

  test("never holds a condition or a value of a claim", () => {
    const texts = ["[{build_branch: hunter2}]", "[{hunter2: x}]", "hunter2"];
    const secretive = parseClaims({ build_branch: "s3cret" });
    for (const text of texts) expect(judge(text, secretive).because).not.toMatch(/hunter2|s3cret/);
  });
});

describe("an explanation", () => {
  test("says of each rule and claim whether it was met", () => {
    const policy = parsePolicy(
      "- build_branch: dev\n  pipeline_slug: web\n# c\n- build_creator: '*'\n\n- build_source: [api, webhook]\n",
    );
    const claims = parseClaims({ ...base, build_creator: null });
    expect(explain(policy, claims)).toEqual({
      allowed: true,
      because: "policy rule 3",
      rules: [
        {
          rule: 1,
          line: 1,
          met: false,
          claims: [
            { claim: "build_branch", outcome: "no condition matches" },
            { claim: "pipeline_slug", outcome: "met" },
          ],
        },
        {
          rule: 2,
          line: 4,
          met: false,
          claims: [{ claim: "build_creator", outcome: "the job has no such claim" }],
        },
        { rule: 3, line: 6, met: true, claims: [{ claim: "build_source", outcome: "met" }] },
      ],
    });
  });

  test("has no rules where there is no policy", () => {
    expect(explain(null, {})).toEqual({ allowed: true, because: "no policy", rules: [] });
  });
});

test("the largest policy against the largest claims is decided in bounded time", () => {
  const long = parseClaims({ build_branch: "a".repeat(1_024) });
  const uuid = (index: number) => `${String(index).padStart(8, "0")}-0000-4000-8000-000000000000`;
  const teams = parseClaims({ build_creator_team: Array.from({ length: 256 }, (_, index) => uuid(index)) });
  const policyOf = (claim: string, condition: string) => {
    const rule = `- ${claim}: [${Array.from({ length: 100 }, () => `"${condition}"`).join()}]\n`;
    // As many as its bytes and its tokens let be, two for each condition.
    return parsePolicy(rule.repeat(Math.min(48, Math.floor(65_536 / rule.length))));
  };
  const policies = ["*b*", "*a*a*a*b", `*${"a".repeat(250)}b${"a".repeat(250)}*`].map((it) =>
    policyOf("build_branch", it),
  );
  const startedAt = performance.now();
  for (const policy of policies) expect(evaluate(policy, long).allowed).toBe(false);
  for (const condition of ["*x*", "*0-0*1*x", uuid(999)]) {
    expect(evaluate(policyOf("build_creator_team", condition), teams).allowed).toBe(false);
  }
  expect(performance.now() - startedAt).toBeLessThan(2_000);
});
