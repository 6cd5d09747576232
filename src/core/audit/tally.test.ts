import { describe, expect, test } from "vitest";
import { type Refused, tally } from "./tally.ts";

const minuteMs = 60_000;

function from(block: string, kind = "missing"): Refused {
  return { kind, block, organizationId: null, tokenId: null };
}

function counts(taken: readonly { kind: string; block: string; count: number }[]): Record<string, number> {
  return Object.fromEntries(taken.map(({ kind, block, count }) => [`${kind} ${block}`, count]));
}

describe("a tally", () => {
  test("gives out minutes that are over, each thing once, with its first and last time", () => {
    const refused = tally();
    refused.add(from("a"), 10);
    refused.add(from("a"), 500);
    refused.add(from("b"), 500);
    expect(refused.take(minuteMs - 1, "over")).toEqual([]);
    refused.add(from("a"), minuteMs);
    const taken = refused.take(minuteMs, "over");
    expect(taken).toEqual([
      { ...from("a"), count: 2, from: 10, to: 500 },
      { ...from("b"), count: 1, from: 500, to: 500 },
    ]);
    expect(refused.take(minuteMs, "over")).toEqual([]);
    expect(counts(refused.take(minuteMs, "all"))).toEqual({ "missing a": 1 });
    expect(refused.take(3 * minuteMs, "all")).toEqual([]);
  });

  test("loses nothing that waits while minutes pass, or that comes back", () => {
    const refused = tally();
    for (let minute = 0; minute < 5; minute += 1) refused.add(from("a"), minute * minuteMs);
    const taken = refused.take(5 * minuteMs, "over");
    expect(taken).toEqual([{ ...from("a"), count: 5, from: 0, to: 4 * minuteMs }]);
    refused.add(from("a"), 6 * minuteMs);
    refused.putBack(taken);
    expect(counts(refused.take(7 * minuteMs, "over"))).toEqual({ "missing a": 6 });
  });

  test("counts together what finds no place of its own, by kind", () => {
    const refused = tally(3);
    for (let block = 0; block < 1_000; block += 1) {
      refused.add(from(`b${block}`), 0);
      refused.add(from(`b${block}`, "unknown"), 0);
    }
    expect(counts(refused.take(minuteMs, "over"))).toEqual({
      "missing b0": 1,
      "unknown b0": 1,
      "missing b1": 1,
      "unknown other": 999,
      "missing other": 998,
    });
  });

  test("goes on after a clock was set back", () => {
    const refused = tally();
    refused.add(from("a"), 10 * minuteMs);
    refused.add(from("a"), 2 * minuteMs);
    expect(counts(refused.take(2 * minuteMs, "all"))).toEqual({ "missing a": 2 });
  });
});
