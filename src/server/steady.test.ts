import { expect, test } from "vitest";
import { steadiness } from "./steady.ts";

const hour = 60 * 60 * 1000;
const day = 24 * hour;

function started(lastSeenAt: number | null = null) {
  const time = { at: 100 * day, ms: 5_000 };
  const warnings: object[] = [];
  const steady = steadiness({
    clock: { now: () => time.at },
    monotonicMs: () => time.ms,
    lastSeenAt,
    log: { warn: (fields) => void warnings.push(fields) },
  });
  const pass = (ms: number, jump = 0) => {
    time.ms += ms;
    time.at += ms + jump;
    return steady.check();
  };
  return { pass, warnings };
}

test("time that passes evenly is steady, on a first start and after a short stop", () => {
  for (const lastSeenAt of [null, 99.5 * day]) {
    const { pass, warnings } = started(lastSeenAt);
    for (let hours = 0; hours < 48; hours += 1) expect(pass(hour, 1_000)).toBe(true);
    expect(warnings).toEqual([]);
  }
});

test.each([2 * day, -2 * day])("a jump by %i ms stops for a day, with one warning", (jump) => {
  const { pass, warnings } = started();
  expect(pass(hour)).toBe(true);
  expect(pass(hour, jump)).toBe(false);
  for (let hours = 0; hours < 23; hours += 1) expect(pass(hour)).toBe(false);
  expect(pass(hour)).toBe(true);
  expect(warnings).toEqual([{ days: jump / day }]);
});

test.each([90 * day, 110 * day])("so does a start far from when it was last seen", (lastSeenAt) => {
  const { pass, warnings } = started(lastSeenAt);
  expect(pass(hour)).toBe(false);
  expect(pass(day)).toBe(true);
  expect(warnings).toHaveLength(1);
});

test("another jump begins the day anew", () => {
  const { pass } = started(90 * day);
  expect(pass(23 * hour, 3 * day)).toBe(false);
  expect(pass(23 * hour)).toBe(false);
  expect(pass(hour)).toBe(true);
});
