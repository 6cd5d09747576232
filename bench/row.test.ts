import { describe, expect, test } from "vitest";
import { outcomeOf, type Row, spreadOf, verdictOf } from "./row.ts";
import { table } from "./table.ts";

const row: Row = {
  name: "reveal",
  what: "reveal one value",
  unit: "x",
  better: "more",
  must: 0.3,
  aim: 0.5,
  measure: async () => ({ measured: 0, parts: {} }),
};

const outcome = (bounds: Partial<Row>, ...figures: number[]) =>
  outcomeOf(
    { ...row, ...bounds },
    figures.map((measured) => ({ measured, parts: { "reveals/s": measured * 1_000 } })),
  );

describe("a row's figure", () => {
  test("is the median, with the spread", () => {
    expect(spreadOf([10, 9, 2, 100, 8])).toEqual({ median: 9, min: 2, max: 100 });
    expect(spreadOf([4, 1])).toEqual({ median: 2.5, min: 1, max: 4 });
    expect(() => spreadOf([])).toThrow("no figures");
  });

  test("keeps the medians of what it was made of", () => {
    expect(outcome({}, 0.1, 0.3, 0.2).parts).toEqual({ "reveals/s": 200 });
  });
});

describe("the verdict", () => {
  test.each([
    [0.29, "below"],
    [0.3, "must"],
    [0.49, "must"],
    [0.5, "aim"],
  ] as const)("more is better: %d is %s", (figure, verdict) => {
    expect(verdictOf(outcome({}, figure))).toBe(verdict);
  });

  test.each([
    [10.1, "below"],
    [10, "must"],
    [6, "aim"],
  ] as const)("less is better: %d is %s", (figure, verdict) => {
    expect(verdictOf(outcome({ better: "less", must: 10, aim: 6 }, figure))).toBe(verdict);
  });

  test("a figure that is not a number is below in both directions", () => {
    expect(verdictOf(outcome({}, Number.NaN))).toBe("below");
    expect(verdictOf(outcome({ better: "less" }, Number.NaN))).toBe("below");
  });

  test("a row without a bound is only shown", () => {
    expect(verdictOf(outcome({ must: null, aim: null }, 0.01))).toBe("shown");
  });

  test("one lucky run does not lift the median over the bound", () => {
    expect(verdictOf(outcome({}, 0.9, 0.2, 0.2))).toBe("below");
  });
});

describe("the table", () => {
  test("shows figure, spread, bounds and verdict", () => {
    const text = table([outcome({}, 0.123456, 0.35, 0.9), outcome({ must: null, aim: null }, 1_234)], true);
    expect(text.split("\n").map((line) => line.trimEnd())).toEqual([
      "row     measured  min..max      must  aim",
      "------  --------  ------------  ----  ----  --",
      "reveal  0.35x     0.123..0.9    0.3x  0.5x  ok",
      "reveal  1,234x    1,234..1,234  -     -",
      "",
      "reveal: reveal one value",
      "  reveals/s 350",
      "reveal: reveal one value",
      "  reveals/s 1,234,000",
    ]);
  });

  test("judges nothing after a smoke run", () => {
    expect(table([outcome({}, 0.1)], true)).toContain("BELOW MUST");
    expect(table([outcome({}, 0.1)], false)).not.toContain("BELOW");
  });
});
