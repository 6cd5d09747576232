import { expect, test } from "vitest";
import { exitCode, formatReport, type Report } from "./index.ts";

const intact: Report = {
  verdict: "intact",
  streams: 1,
  entries: 22,
  findings: [],
  omitted: 0,
  unproven: [],
  foundLater: [],
  removed: [],
  restored: [],
  archive: null,
  key: { fingerprint: "ak_1", pinned: true },
  tablesCompared: true,
  anchors: null,
};

test("intact", () => {
  expect(formatReport(intact)).toBe("intact: 22 entries in 1 stream\nkey: ak_1 (pinned)\n");
  expect(exitCode(intact)).toBe(0);
});

test("unproven, with a key that nobody pinned, from an export", () => {
  const report: Report = {
    ...intact,
    verdict: "unproven",
    unproven: [{ stream: "a", fromSeq: 5, toSeq: 7 }],
    key: { fingerprint: "ak_1", pinned: false },
    tablesCompared: false,
    anchors: 1,
  };
  expect(formatReport(report).split("\n")).toEqual([
    "unproven: 22 entries in 1 stream; nothing is broken, but not all of it is vouched for",
    "  unproven: stream a: entries 5 to 7, after its newest anchor",
    "key: ak_1 (not pinned: it was taken from the trail itself; compare it, or give --key)",
    "An export carries no tables: secrets were not compared with the trail.",
    "",
  ]);
  expect(exitCode(report)).toBe(3);
});

test("broken, with findings about streams and about secrets", () => {
  const report: Report = {
    ...intact,
    verdict: "broken",
    findings: [
      { kind: "missing", stream: "a", seq: 4, message: "entry 4 is missing" },
      { kind: "digest", stream: null, seq: null, message: "the row of secret s was removed" },
    ],
    omitted: 3,
  };
  expect(formatReport(report).split("\n").slice(0, 4)).toEqual([
    "broken: 5 findings in 22 entries in 1 stream",
    "  missing: stream a: entry 4 is missing",
    "  digest: the row of secret s was removed",
    "  and 3 more findings",
  ]);
  expect(exitCode(report)).toBe(1);
});

test("what stands in a table cannot write over the verdict", () => {
  const stream = "\u001b[1A\rintact: all\u009b\u202e";
  const text = formatReport({
    ...intact,
    verdict: "broken",
    findings: [{ kind: "missing", stream, seq: 1, message: "gone" }],
  });
  expect(text).toContain("\\u001b[1A\\u000dintact: all\\u009b\\u202e");
  for (const character of ["\u001b", "\r", "\u009b", "\u202e"]) expect(text).not.toContain(character);
});

test("a restore is told, with the time that the trail lacks", () => {
  const from = {
    stream: "a",
    seq: 9,
    at: Date.UTC(2026, 10, 21, 22),
    takenAt: Date.UTC(2026, 10, 21),
    backup: "b",
  };
  expect(
    formatReport({ ...intact, restored: [from, { ...from, at: 1e300 }] })
      .split("\n")
      .slice(1, 3),
  ).toEqual([
    "  restored: 2026-11-21T22:00:00.000Z from the backup b, taken 2026-11-21T00:00:00.000Z; the trail lacks what was between",
    "  restored: at no time from the backup b, taken 2026-11-21T00:00:00.000Z; the trail lacks what was between",
  ]);
});
