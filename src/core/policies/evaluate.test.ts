// The test vectors of the Buildkite contract (6.4), and what decides where no rule does. Vector 4, a job
// of another cluster, is not the policy's business: such a job does not see the secret at all.
import { describe, expect, test } from "vitest";
import { limits } from "../limits.ts";
import { parseClaims } from "./claims.ts";
import { evaluate, judge } from "./evaluate.ts";
import { explain } from "./explain.ts";
import { parsePolicy } from "./parse.ts";

const base = {
  pipeline_id: "f47ac10b-58cc-4372-a567-0e02b2c3d479",
  pipeline_slug: "web",
  build_branch: "main",
  build_creator: "ann@example.com",
  build_creator_team: ["11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"],
  build_source: "webhook",
  cluster_queue_key: "deploy",
  cluster_queue_id: "01928e5a-1234-7678-9abc-def012345678",
};
const branch = (build_branch: string | null) => ({ build_branch });
const team = "33333333-3333-4333-8333-333333333333";

describe("vectors", () => {
  test.each<[number, string | null, Record<string, unknown>, "allow" | "deny"]>([
    [1, null, {}, "allow"],
    [2, "", {}, "allow"],
    [3, "# a comment\n", {}, "allow"],
    [5, "[{pipeline_slug: web}]", {}, "allow"],
    [6, "[{pipeline_slug: api}]", {}, "deny"],
    [7, "[{pipeline_slug: web, build_branch: main}]", {}, "allow"],
    [8, "[{pipeline_slug: web, build_branch: main}]", branch("dev"), "deny"],
    [9, "[{build_branch: [main, develop]}]", branch("develop"), "allow"],
    [10, "[{build_branch: [main, develop]}]", branch("release"), "deny"],
    [11, "[{pipeline_slug: api}, {build_branch: main}]", {}, "allow"],
    [12, "[{pipeline_slug: web, build_branch: dev}, {pipeline_slug: api, build_branch: main}]", {}, "deny"],
    [13, '[{build_branch: "gh-readonly-queue/*"}]', branch("gh-readonly-queue/main/pr-7-abc"), "allow"],
    [14, '[{build_branch: "gh-readonly-queue/*"}]', branch("gh-readonly-queue"), "deny"],
    [15, '[{build_branch: "gh-readonly-queue/*"}]', branch("x/gh-readonly-queue/y"), "deny"],
    [16, '[{build_branch: "release-*-rc*"}]', branch("release-1.2-rc"), "allow"],
    [17, '[{build_branch: "Main"}]', {}, "deny"],
    [18, '[{build_branch: "main "}]', {}, "deny"],
    [19, '[{build_branch: "ma?n"}]', {}, "deny"],
    [20, '[{build_branch: "*"}]', branch(null), "deny"],
    [21, '[{build_branch: "*"}]', {}, "allow"],
    [22, '[{build_creator: "ANN@example.com"}]', {}, "allow"],
    [23, '[{build_creator: "*@example.com"}]', { build_creator: "eve@example.com.evil.org" }, "deny"],
    [24, `[{build_creator_team: "${base.build_creator_team[1]}"}]`, {}, "allow"],
    [25, `[{build_creator_team: ["${team}", "${base.build_creator_team[0]}"]}]`, {}, "allow"],
    [26, `[{build_creator_team: "${team}"}]`, {}, "deny"],
    [27, '[{build_creator_team: "*"}]', { build_creator_team: [] }, "deny"],
    [28, "[{build_source: [webhook, schedule]}]", { build_source: "api" }, "deny"],
    [29, "[{cluster_queue_key: deploy}]", {}, "allow"],
    [30, '[{cluster_queue_id: "01928E5A-1234-7678-9ABC-DEF012345678"}]', {}, "allow"],
    [
      31,
      `[{pipeline_id: ${base.pipeline_id}, cluster_queue_key: deploy}]`,
      { cluster_queue_key: null },
      "deny",
    ],
    [32, "[{build_branch: 1.10}]", branch("1.10"), "allow"],
    [33, "[{build_branch: no}]", branch("no"), "allow"],
    [34, '[{build_branch: "a.c"}]', branch("abc"), "deny"],
  ])("%i: %s", (_, text, change, expected) => {
    const claims = parseClaims({ ...base, ...change });
    expect(judge(text, claims).allowed).toBe(expected === "allow");
    expect(evaluate(text === null ? null : parsePolicy(text), claims)).toEqual(judge(text, claims));
  });
});

describe("because", () => {
  const claims = parseClaims({ ...base, build_creator: null, build_creator_team: [] });
  test.each([
    [null, "no policy"],
    ["# none", "no policy"],
    ["[{build_branch: dev}, {build_branch: main}, {pipeline_slug: web}]", "policy rule 2"],
    ["[{build_branch: dev}]", "no rule of the policy is met"],
    [
      '[{build_branch: dev}, {build_creator_team: "*", build_creator: "*"}]',
      "no rule of the policy is met; the job has no build_creator_team, build_creator",
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
    return parsePolicy(rule.repeat(Math.min(100, Math.floor(65_536 / rule.length))));
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
