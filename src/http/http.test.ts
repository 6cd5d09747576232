// What comes in by headers, queries and bodies, and what is no such thing.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CofferError } from "../core/errors.ts";
import { etag, revisionsOf } from "./conditional.ts";
import { toCofferError } from "./faults.ts";
import { parseJson } from "./json.ts";
import { flag, instant, wholeNumber } from "./queries.ts";

function refused(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof CofferError) return error.message;
    throw error;
  }
  return "taken";
}

describe("conditional requests", () => {
  test("a tag names its revision, one or several", () => {
    expect(revisionsOf("if-match", etag(42))).toEqual([42]);
    expect(revisionsOf("if-match", '"1", "2"')).toEqual([1, 2]);
    expect(revisionsOf("if-match", undefined)).toBeUndefined();
    expect(revisionsOf("if-match", "*")).toBeUndefined();
  });
  test("a weak tag counts where nothing is written", () => {
    expect(revisionsOf("if-none-match", 'W/"7"')).toEqual([7]);
    expect(refused(() => revisionsOf("if-match", 'W/"7"'))).toBe(
      '"if-match" must be an ETag that this server gave',
    );
  });
  test.each(['"x"', "42", '""', '"1', '"-1"', '"1",', ""])("%s is no tag", (text) => {
    expect(refused(() => revisionsOf("if-match", text))).toBe(
      '"if-match" must be an ETag that this server gave',
    );
  });
});

describe("queries", () => {
  const rule = { min: 1, max: 1_000, otherwise: 100 };
  test("whole numbers within their bounds", () => {
    expect(wholeNumber("limit", undefined, rule)).toBe(100);
    expect(wholeNumber("limit", "1000", rule)).toBe(1_000);
  });
  test.each(["0", "1001", "", "1.5", "-1", "1e3", " 1", "0x10", "9".repeat(16)])(
    "limit=%s is refused",
    (text) => {
      expect(refused(() => wholeNumber("limit", text, rule))).toBe(
        '"limit" must be a whole number from 1 to 1000',
      );
    },
  );
  test("flags are true or false", () => {
    expect([flag("force", undefined), flag("force", "true"), flag("force", "false")]).toEqual([
      false,
      true,
      false,
    ]);
    expect(refused(() => flag("force", "1"))).toBe('"force" must be "true" or "false"');
  });
  test("times need a zone", () => {
    expect(instant("since", "2026-01-31T12:00:00.5+01:00")).toBe(Date.UTC(2026, 0, 31, 11, 0, 0, 500));
    for (const text of [
      "2026-01-31",
      "2026-01-31T12:00:00",
      "2026-13-31T12:00:00Z",
      "2026-02-30T12:00:00Z",
      "2026-01-31T24:00:00Z",
      "now",
    ]) {
      expect(refused(() => instant("since", text))).toBe('"since" must be a time like 2026-01-31T12:00:00Z');
    }
  });
});

describe("bodies", () => {
  test("JSON comes back as it was sent", () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        if (!text.includes("__proto__")) expect(parseJson(Buffer.from(text))).toEqual(JSON.parse(text));
      }),
    );
  });
  test("what is no JSON is refused without being repeated", () => {
    for (const text of ['{"value":"canary', "canary", "", "{'a':1}", '{"a":1}canary']) {
      expect(refused(() => parseJson(Buffer.from(text)))).toBe("The body must be valid JSON.");
    }
  });
  test("ill-formed UTF-8 is refused, not repaired", () => {
    expect(refused(() => parseJson(Buffer.from([0x22, 0xff, 0x22])))).toBe(
      "The body must be well-formed UTF-8.",
    );
  });
  test("lists and objects in each other have a bound", () => {
    const lists = (depth: number, inner = "") => "[".repeat(depth) + inner + "]".repeat(depth);
    const objects = (depth: number) => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;
    const deep = '"body" must not be nested deeper than 64';
    for (const made of [lists, objects]) {
      expect(parseJson(Buffer.from(made(64)))).toEqual(JSON.parse(made(64)));
      expect(refused(() => parseJson(Buffer.from(made(65))))).toBe(deep);
      expect(refused(() => parseJson(Buffer.from(`{"a":${made(64)}}`)))).toBe(deep);
    }
    expect(refused(() => parseJson(Buffer.from(lists(400_000, '"__proto__"'))))).toBe(deep);
  });
  test.each(['{"__proto__":{}}', '{"a":[{"__proto__":1}]}', '{"\\u005f_proto__":1}'])(
    "%s is refused",
    (text) => {
      expect(refused(() => parseJson(Buffer.from(text)))).toBe('"body" must not have a member "__proto__"');
    },
  );
});

test("whatever else is thrown is our fault and says nothing", () => {
  for (const thrown of [new Error("canary"), "canary", null, { statusCode: 500, message: "canary" }]) {
    const error = toCofferError(thrown);
    expect(error.code).toBe("internal");
    expect(error.message).not.toContain("canary");
  }
});
