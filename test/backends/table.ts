// `npm test` goes through most rows of the table; `npm run crash:backends -- --table` through all of them,
// with those that go the same ways with another ending.
import { test } from "vitest";

const whole = process.env.COFFER_TEST_BACKENDS === "whole";

/** A row, or a few of them, that only the whole table has. */
export const alsoRow: (name: string, row: () => Promise<void>) => void = whole ? test : () => undefined;
export function some<T>(rows: readonly T[], lean: number): readonly T[] {
  return whole ? rows : rows.slice(0, lean);
}
