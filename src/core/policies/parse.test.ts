// What is a policy and what is none, sentence by sentence (the Buildkite contract, 6.2 and 6.4).
import { describe, expect, test } from "vitest";
import { CofferError, type ErrorDetails } from "../errors.ts";
import type { Vocabulary } from "./claims.ts";
import { parsePolicy } from "./parse.ts";

function refusal(text: string): { message: string; details: ErrorDetails } | null {
  try {
    parsePolicy(text);
  } catch (error) {
    if (error instanceof CofferError && error.code === "request.invalid") return error;
    throw error;
  }
  return null;
}

/** Rules as claims with their conditions, as they are matched. */
const rulesOf = (text: string) =>
  parsePolicy(text)?.rules.map(({ requirements }) =>
    Object.fromEntries(
      requirements.map(({ claim, patterns }) => [claim, patterns.map((it) => it.join("*"))]),
    ),
  ) ?? null;

const notText = (claim: string) => `rule 1 claim '${claim}' must be a string or a list of strings`;
const notYaml = (line: number) => `is not valid YAML (line ${line})`;
const many = (count: number, item: (index: number) => string) =>
  Array.from({ length: count }, (_, it) => item(it)).join("");

describe("refused at write time", () => {
  test.each<[string, string, number]>([
    // The list of the contract.
    ["pipeline_slug: web", "must be a list of rules", 1],
    ["[]", "must contain at least one rule", 1],
    ["[{}]", "rule 1 must contain at least one claim", 1],
    ['["web"]', "rule 1 must be a map of claims", 1],
    ["[{branch: main}]", "rule 1 has an unknown claim 'branch'", 1],
    ["[{cluster_id: x}]", "rule 1 has an unknown claim 'cluster_id'", 1],
    ["[{build_branch: []}]", notText("build_branch"), 1],
    ["[{build_branch: {in: [main]}}]", notText("build_branch"), 1],
    ["[{build_branch: [[main]]}]", notText("build_branch"), 1],
    ['[{build_branch: ""}]', notText("build_branch"), 1],
    ["[{build_branch: }]", notText("build_branch"), 1],
    ["any", "must be a list of rules", 1],
    ["- build_branch: a\n---\n- build_branch: b\n", "must be a single document (line 2)", 2],
    ["[&a {build_branch: main}, *a]", "must not use anchors (line 1)", 1],
    ["[{build_branch: a, build_branch: b}]", "rule 1 has the claim 'build_branch' twice", 1],
    ['{pipelines: ["x-*"]}', "must be a list of rules", 1],
    ["[{build_branch: main}", notYaml(1), 1],
    // Where it is, and which rule.
    [
      "# c\n\n- build_branch: a\n- pipeline_slug: b\n  branch: c\n",
      "rule 2 has an unknown claim 'branch'",
      5,
    ],
    ["- build_branch:\n  - a\n  -\n", notText("build_branch"), 3],
    ["[\n{build_branch}]", notText("build_branch"), 2],
    ["- build_branch: [a,\n    {b: c}]", notText("build_branch"), 2],
    ["- build_branch: a\n-\n", "rule 2 must be a map of claims", 2],
    [
      "- build_branch: a\n  pipeline_slug: b\n  build_branch: a",
      "rule 1 has the claim 'build_branch' twice",
      3,
    ],
    ['- "build\\u005fbranch": a\n  build_branch: a', "rule 1 has the claim 'build_branch' twice", 2],
    ["- build_branch: a\n- [x\n\n", notYaml(4), 4],
    ["- build_branch: 'a\n\n", notYaml(3), 3],
    // What YAML can do and a policy does not need.
    [
      "- build_branch: *",
      "must not use aliases; a condition that begins with '*' must be quoted (line 1)",
      1,
    ],
    [
      "- a\n- build_branch: [x, *-rc]",
      "must not use aliases; a condition that begins with '*' must be quoted (line 2)",
      2,
    ],
    ["- &x build_branch: a", "must not use anchors (line 1)", 1],
    ["- build_branch: !!str a", "must not use tags (line 1)", 1],
    ["- !x\n  build_branch: a", "must not use tags (line 1)", 1],
    ["- build_branch: ! a", "must not use tags (line 1)", 1],
    ["%YAML 1.1\n---\n- build_branch: no", "must not use directives (line 1)", 1],
    ["- <<: {build_branch: a}", "rule 1 has an unknown claim", 1],
    ["- build_branch: a\n...\n- build_branch: b", "must be a single document (line 3)", 3],
    ["- build_branch: a\n---\n", "must be a single document (line 2)", 2],
    ["---\n---\n- build_branch: b", "must be a single document (line 2)", 2],
    ["---", "must be a list of rules", 1],
    ["...", "must be a list of rules", 1],
    ["~", "must be a list of rules", 1],
    ["null", "must be a list of rules", 1],
    ["\u00a0", "must be a list of rules", 1],
    ["- ? [build_branch]\n  : a", "rule 1 has an unknown claim", 1],
    ["- : a", "rule 1 has an unknown claim", 1],
    // Tabs as indentation.
    ["\t- build_branch: a", notYaml(1), 1],
    ["-\tbuild_branch: a", notYaml(1), 1],
    ["- build_branch: a\n\tpipeline_slug: b", notYaml(2), 2],
    ["- build_branch:\n\t- a", notYaml(2), 2],
    ["- build_branch: a\n \tpipeline_slug: b", notYaml(2), 2],
    // What some take for the end of a line and others do not.
    ["# c\r- build_branch: a", notYaml(1), 1],
    ["# c\n# c\u2028- build_branch: a", notYaml(2), 2],
    ["# c\u2029- build_branch: a", notYaml(1), 1],
    ["# c\u0085- build_branch: a", notYaml(1), 1],
    ["- build_branch: \u001b", notYaml(1), 1],
    ["- build_branch: \u0000", notYaml(1), 1],
    ["- build_branch: \ud800", notYaml(1), 1],
    // Not in YAML at all.
    ["- build_branch: @x", notYaml(1), 1],
    ["- build_branch: %x", notYaml(1), 1],
    ["- build_branch: a: b", notYaml(1), 1],
    ["[:\n:{\n", notYaml(1), 1],
    ['- build_branch: "\\q"', notYaml(1), 1],
    ["[{build_branch: a},,]", notYaml(1), 1],
    ["]", notYaml(1), 1],
    // Bounds.
    [many(101, () => "- build_branch: a\n"), "must have at most 100 rules", 1],
    [
      `[{build_branch: [${many(101, () => "a,")}]}]`,
      "rule 1 claim 'build_branch' must have at most 100 conditions",
      1,
    ],
    ["[[[[[[[[[", "is nested too deeply (line 1)", 1],
    [many(9, (depth) => `${" ".repeat(depth)}?\n`), "is nested too deeply (line 9)", 9],
  ])("%j: %s", (text, rule, line) => {
    const error = refusal(text);
    expect(error?.details).toMatchObject({ field: "policy", rule, line });
    expect(error?.message).toMatch(new RegExp(`\\(line ${line}[;)]`));
  });

  test("more than 65,536 bytes", () => {
    const fits = "- build_branch: a\n#".padEnd(65_536, "x");
    expect(refusal(fits)).toBeNull();
    for (const text of [`${fits}x`, fits.replace("x", "é")]) {
      expect(refusal(text)).toMatchObject({
        message: '"policy" must have at most 65536 bytes',
        details: { field: "policy", rule: "must have at most 65536 bytes", limit: 65_536 },
      });
    }
  });
});

test("more tokens or lines than its parser should see", () => {
  const tokens = "must have at most 10000 tokens";
  expect(refusal("[]".repeat(32_768))?.details).toMatchObject({ rule: `${tokens} (line 1)`, line: 1 });
  const comments = `- build_branch: a\n${many(5_000, () => "#\n")}`;
  expect(refusal(comments.slice(0, 5_000))).toBeNull();
  expect(refusal(comments)?.details.rule).toMatch(`${tokens} (line 49`);
  expect(refusal(`- build_branch: |\n${"\n".repeat(40_000)}    a`)?.details.rule).toMatch(
    "must have at most 32768 lines",
  );
});

describe("an unknown claim", () => {
  test.each([
    ["branch", "build_branch"],
    ["Branch", "build_branch"],
    ["slug", "pipeline_slug"],
    ["build-branch", "build_branch"],
    ["pipeline", "pipeline_id"],
    ["pipelin_slug", "pipeline_slug"],
    ["build_creator_teams", "build_creator_team"],
    ["queue_key", "cluster_queue_key"],
    ["creator", "build_creator"],
  ])("%s is told with the nearest, %s", (name, nearest) => {
    const error = refusal(`- build_source: ui\n  ${name}: x`);
    expect(error?.message).toBe(
      `"policy" rule 1 has an unknown claim '${name}' (line 2; did you mean '${nearest}'?)`,
    );
    expect(error?.details).toMatchObject({ rule: `rule 1 has an unknown claim '${name}'`, nearest });
  });

  test.each(["job_id", "repository", "id", "x"])("%s is near none", (name) => {
    const error = refusal(`- ${name}: x`);
    expect(error?.message).toBe(`"policy" rule 1 has an unknown claim '${name}' (line 1)`);
    expect(error?.details).not.toHaveProperty("nearest");
  });
});

test("no error repeats anything of the policy but a short name of a claim", () => {
  const mark = "Zm9vYmFy-hunter2-Zm9vYmFy-hunter2-Zm9v";
  const places = [
    mark,
    `- ${mark}`,
    `- ${mark}: x`,
    `- build_branch: {${mark}: x}`,
    `- build_branch: [${mark}, [x]]`,
    `- build_branch: *${mark}`,
    `- build_branch: !${mark} x`,
    `- &${mark} build_branch: x`,
    `- build_branch: "${mark}`,
    `- build_branch: ${mark}: x`,
    `%${mark}\n---\n`,
    `- build_branch: "\\${mark}"`,
    `- build_branch: @${mark}`,
    `- build_branch: x\n--- ${mark}`,
  ];
  for (const text of places) {
    const error = refusal(text);
    expect(error, text).not.toBeNull();
    expect(JSON.stringify([error?.message, error?.details])).not.toContain("hunter2");
  }
});

describe("taken", () => {
  test.each(["", " ", "\n\n", "\t\n \r\n", "# c", "  # c\n\n#d\r\n", "\ufeff", "\ufeff# c\n"])(
    "as no policy: %j",
    (text) => {
      expect(parsePolicy(text)).toBeNull();
    },
  );

  test.each<[string, string, Record<string, string[]>[]]>([
    [
      "block style",
      "- build_branch:\n  - a\n  - b\n- pipeline_slug: c # d\n",
      [{ build_branch: ["a", "b"] }, { pipeline_slug: ["c"] }],
    ],
    ["a list as deep as its key", "- build_branch:\n    - a\n", [{ build_branch: ["a"] }]],
    ["CRLF", "- build_branch: a\r\n  pipeline_slug: b\r\n", [{ build_branch: ["a"], pipeline_slug: ["b"] }]],
    ["a byte order mark", "\ufeff- build_branch: a", [{ build_branch: ["a"] }]],
    ["JSON", '[\n\t{"build_branch": ["a", "\\u0062"]}\n]', [{ build_branch: ["a", "b"] }]],
    ["one document with its marks", "---\n- build_branch: a\n...\n# c\n", [{ build_branch: ["a"] }]],
    ["an explicit key", "- ? build_branch\n  : a", [{ build_branch: ["a"] }]],
    ["one pair in a list", "[build_branch: a]", [{ build_branch: ["a"] }]],
    [
      "block scalars",
      many(20, () => "- build_branch: |\n    a\n  pipeline_slug: >-\n    b\n    c\n"),
      Array.from({ length: 20 }, () => ({ build_branch: ["a\n"], pipeline_slug: ["b c"] })),
    ],
    ["folded text", "- build_branch: a\n    b", [{ build_branch: ["a b"] }]],
    [
      "anything but strings, as it is written",
      "- build_branch: [no, on, 1.10, 2024-01-01, null, ~, 0x1F, true]",
      [{ build_branch: ["no", "on", "1.10", "2024-01-01", "null", "~", "0x1F", "true"] }],
    ],
    [
      "what only begins like something else",
      "- build_branch: [a&b, a*b, a!b, -a, 'x: y', \"#z\", a#b]",
      [{ build_branch: ["a&b", "a*b", "a!b", "-a", "x: y", "#z", "a#b"] }],
    ],
    [
      "no letter case where a claim has none",
      "- build_creator: '*@EXAMPLE.com'\n  build_branch: Main",
      [{ build_creator: ["*@example.com"], build_branch: ["Main"] }],
    ],
  ])("%s", (_, text, rules) => {
    expect(rulesOf(text)).toEqual(rules);
  });

  test("100 rules, and 100 conditions of a claim", () => {
    expect(rulesOf(many(100, () => "- build_branch: a\n"))).toHaveLength(100);
    expect(rulesOf(`[{build_branch: [${many(100, () => "a,")}]}]`)?.[0]?.build_branch).toHaveLength(100);
  });

  test("the claims of any vocabulary", () => {
    const vocabulary: Vocabulary = new Map([["repository", "text"]]);
    expect(parsePolicy("- repository: a/b", vocabulary)?.rules).toHaveLength(1);
    expect(() => parsePolicy("- build_branch: a", vocabulary)).toThrow("unknown claim 'build_branch'");
  });
});

describe("hostile text of 64 KiB is answered in bounded time:", () => {
  const full = (part: string, before = "", after = "") => {
    const times = Math.floor((65_536 - before.length - after.length) / part.length);
    return before + part.repeat(times) + after;
  };
  const indented = (part: string) => {
    let text = "";
    for (let depth = 0; text.length < 65_000; depth += 1) text += `${" ".repeat(depth)}${part}\n`;
    return text.slice(0, 65_536);
  };
  test.each<[string, string]>([
    ["brackets", full("[")],
    ["closed brackets", "[".repeat(32_768) + "]".repeat(32_768)],
    ["brackets over lines", full("[\n")],
    ["closing brackets", full("]")],
    ["closing braces", full("}")],
    ["maps in maps", full("{a: ")],
    ["lists in maps", full("a: [")],
    ["double quotes", full('"')],
    ["single quotes", full("'")],
    ["an open quote", full("a", '"')],
    ["quoted words", full('"a" ')],
    ["bad escapes", full("\\q", '- "', '"')],
    ["backslashes", full("\\", '"')],
    ["dashes", full("- ")],
    ["dashes over lines", full("-\n")],
    ["question marks", full("? ")],
    ["question marks in a map", full("? ", "{")],
    ["colons", full(": ")],
    ["colons in a list", full(": ", "[")],
    ["keys on one line", full("a: ")],
    ["keys over lines", full("a:\n")],
    ["keys that differ", many(9_000, (index) => `a${index}:\n`)],
    ["keys in a rule", many(7_000, (index) => `${index === 0 ? "- " : "  "}a${index}: b\n`)],
    ["a key given again and again", full("  build_branch: a\n", "- build_branch: a\n")],
    ["keys deeper and deeper", indented("a:")],
    ["dashes deeper and deeper", indented("- - - -")],
    ["keys in keys, deeper and deeper", indented("?")],
    ["a long plain scalar", full("a", "- build_branch: ")],
    ["long words", full("a b ", "- build_branch: ")],
    ["a plain scalar over lines", full(" a\n", "- build_branch: a\n")],
    ["blank lines in a scalar", full("\n", "- build_branch: a", "  b")],
    ["spaces before a colon", full(" ", "- build_branch", ": a")],
    ["comments", full("#\n")],
    ["one comment", full("# ")],
    ["comments in a list", full(" #\n", "[")],
    ["comments after items", full("- #\n")],
    ["commas", full(",", "[")],
    ["items", full("a,", "[", "]")],
    ["empty lists", full("[],", "[", "]")],
    ["pairs", full("a: b,", "[{", "}]")],
    ["conditions", full("a,", "[{build_branch: [", "]}]")],
    ["block scalars", full("- |\n")],
    ["a block scalar", full(" a\n", "- >\n")],
    ["blank lines in a block scalar", full("\n", "- |\n")],
    ["anchors", full("&a ")],
    ["aliases", full("*a ")],
    ["tags", full("! ")],
    ["directives", full("%a\n")],
    ["documents", full("---\n")],
    ["ends of documents", full("...\n")],
    ["line ends", full("\n")],
    ["spaces", full(" ")],
    ["tabs", full("\t")],
    ["carriage returns", full("\r")],
    ["byte order marks", full("\ufeff").slice(0, 21_845)],
    ["emoji", full("\u{1F511}").slice(0, 32_768)],
  ])("%s", (_, text) => {
    const startedAt = performance.now();
    refusal(text);
    // A tenth of it on a quiet machine. What is quadratic here takes minutes.
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });
});
