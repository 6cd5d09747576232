import { expect, test } from "vitest";
import { checkValues, mayWrite, parametersOf } from "./values.ts";

test("what both engines keep exactly is accepted", () => {
  expect(() => checkValues([null, "x\u{1F511}", 2 ** 53 - 1, -1, new Uint8Array(2)], 5)).not.toThrow();
});

test.each([
  ["a lone surrogate", "a\ud800"],
  ["U+0000", "a\0b"],
  ["a fraction", 1.5],
  ["not a number", Number.NaN],
  ["a number beyond 2^53", 2 ** 53],
])("%s is refused, and not quoted", (_, value) => {
  const refused = () => checkValues([value], 1);
  expect(refused).toThrow(TypeError);
  expect(refused).not.toThrow(/a.?b/);
});

test("a missing value and undefined are refused", () => {
  expect(() => checkValues([], 1)).toThrow(/1 parameters/);
  const holes: never[] = [];
  holes.length = 1;
  expect(() => checkValues(holes, 1)).toThrow(/undefined/);
});

test("parameters are counted by the highest number", () => {
  expect(parametersOf("SELECT $2, $1, $2, $10")).toBe(10);
  expect(parametersOf("SELECT 1")).toBe(0);
});

test("only plain reads are known not to write", () => {
  expect(mayWrite("  SELECT 1")).toBe(false);
  expect(mayWrite("WITH a AS (SELECT 1) SELECT * FROM a")).toBe(false);
  expect(mayWrite("WITH a AS (SELECT 1)\n INSERT INTO b SELECT * FROM a")).toBe(true);
  expect(mayWrite("INSERT INTO a VALUES (1) RETURNING x")).toBe(true);
});
