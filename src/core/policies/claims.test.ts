import { describe, expect, test } from "vitest";
import { CofferError } from "../errors.ts";
import { type Claims, claimOf, parseClaims, type Vocabulary } from "./claims.ts";

const one = "11111111-1111-4111-8111-11111111111a";
const two = "22222222-2222-4222-8222-222222222222";

function refused(input: unknown): string {
  try {
    parseClaims(input);
  } catch (error) {
    if (error instanceof CofferError && error.code === "request.invalid") return error.message;
    throw error;
  }
  return "taken";
}

describe("claims", () => {
  test("are canonical: order, letter case of what has none, sets", () => {
    const claims = parseClaims({
      cluster_queue_key: "Deploy",
      build_creator: "Ann@Example.COM",
      build_creator_team: [two, one.toUpperCase(), one],
      build_branch: "Feature/Ä\n",
      pipeline_id: one.toUpperCase(),
    });
    expect(JSON.stringify(claims)).toBe(
      JSON.stringify({
        pipeline_id: one,
        build_branch: "Feature/Ä\n",
        build_creator: "ann@example.com",
        build_creator_team: [one, two],
        cluster_queue_key: "Deploy",
      }),
    );
    expect(parseClaims(claims)).toEqual(claims);
    expect(parseClaims(JSON.parse(JSON.stringify(structuredClone(claims))))).toEqual(claims);
  });

  test("that say nothing are not made", () => {
    const empty = { pipeline_id: "", build_branch: null, build_source: undefined, build_creator_team: [] };
    expect(parseClaims(empty)).toEqual({});
    expect(parseClaims({ build_creator_team: "" })).toEqual({});
    expect(parseClaims({})).toEqual({});
  });

  test("fold ASCII alone", () => {
    expect(parseClaims({ build_creator: "\u212aIM@x" })).toEqual({ build_creator: "\u212aim@x" });
  });

  test.each([
    ["null", null, '"claims" must be an object'],
    ["a list", [], '"claims" must be an object'],
    ["text", "build_branch", '"claims" must be an object'],
    [
      "an unknown claim",
      { branch: "main" },
      "\"claims\" has an unknown claim 'branch' (did you mean 'build_branch'?)",
    ],
    ["an unknown claim that is like none", { whatever: "x" }, "\"claims\" has an unknown claim 'whatever'"],
    ["one that is no name", { "- s3cret": "x" }, '"claims" has an unknown claim'],
    ["the prototype", JSON.parse('{"__proto__":"x"}'), '"claims" has an unknown claim'],
    ["a member of every object", { constructor: "x" }, "\"claims\" has an unknown claim 'constructor'"],
    ["a number", { build_branch: 1 }, '"claims.build_branch" must be text'],
    ["a list for one text", { build_branch: ["main"] }, '"claims.build_branch" must be text'],
    ["text for a set", { build_creator_team: one }, '"claims.build_creator_team" must be a list of UUIDs'],
    [
      "no UUID in a set",
      { build_creator_team: [one, ""] },
      '"claims.build_creator_team" must be a list of UUIDs',
    ],
    ["no UUID", { pipeline_id: `${one} ` }, '"claims.pipeline_id" must be a UUID'],
    ["no e-mail address", { build_creator: "ann" }, '"claims.build_creator" must be an e-mail address'],
    ["two e-mail addresses", { build_creator: "a@b@c" }, '"claims.build_creator" must be an e-mail address'],
    [
      "a long branch",
      { build_branch: "b".repeat(1_025) },
      '"claims.build_branch" must have at most 1024 characters',
    ],
    ["U+0000", { build_branch: "\u0000" }, '"claims.build_branch" must not contain the character U+0000'],
    ["half a pair", { build_branch: "\ud800" }, '"claims.build_branch" must be well-formed Unicode text'],
    [
      "too many teams",
      { build_creator_team: Array.from({ length: 257 }, () => one) },
      '"claims.build_creator_team" must have at most 256 entries',
    ],
  ])("refused: %s", (_, input, message) => {
    expect(refused(input)).toBe(message);
  });

  test("come from any vocabulary", () => {
    const vocabulary: Vocabulary = new Map([["repository", "text"]]);
    expect(parseClaims({ repository: "a/b" }, vocabulary)).toEqual({ repository: "a/b" });
    expect(() => parseClaims({ build_branch: "main" }, vocabulary)).toThrow("unknown claim");
  });

  test("are what the object itself holds", () => {
    const none: Claims = {};
    expect(claimOf(none, "constructor")).toBeNull();
  });
});
