import { describe, expect, test } from "vitest";
import { list, nullable, object, optional, parseJson, text, texts, whole } from "./shapes.ts";

const shape = object({ name: text, version: whole, note: nullable(text), tags: optional(list(text)) });

describe("shapes", () => {
  test("let pass what fits, with members they do not know", () => {
    expect(shape({ name: "a", version: 1, note: null, more: true })).toBe(true);
    expect(shape({ name: "a", version: 1, note: "n", tags: ["t"] })).toBe(true);
  });

  test.each([
    null,
    [],
    "text",
    {},
    { name: "a", version: 1 },
    { name: 1, version: 1, note: null },
    { name: "a", version: 1.5, note: null },
    { name: "a", version: "1", note: null },
    { name: "a", version: 1, note: null, tags: [1] },
  ])("refuse %j", (value) => expect(shape(value)).toBe(false));

  test("a map of texts holds texts alone", () => {
    expect(texts({ a: "b" })).toBe(true);
    expect([texts({ a: 1 }), texts([]), texts(null)]).toEqual([false, false, false]);
  });

  test("what is not JSON is nothing", () => {
    expect([parseJson("{"), parseJson(""), parseJson("[1]")]).toEqual([undefined, undefined, [1]]);
  });
});
