import { PassThrough } from "node:stream";
import { afterEach, expect, test, vi } from "vitest";
import { progressOf } from "./progress.ts";

afterEach(() => vi.useRealTimers());

/** What a terminal, or a pipe, was told while work went from 1 to 3 in a second. */
function told(isTTY: boolean): string {
  vi.useFakeTimers({ now: 0 });
  let said = "";
  const write = (text: string) => {
    said += text;
    return true;
  };
  const stderr = Object.assign(new PassThrough(), { isTTY, write });
  const quiet = new PassThrough();
  const progress = progressOf({ env: {}, stdin: quiet, stdout: quiet, stderr }, "of 3 keys moved");
  for (const count of [1, 2, 3]) {
    vi.advanceTimersByTime(count === 2 ? 10 : 500);
    progress.at(count);
  }
  progress.end();
  return said;
}

test("a terminal is told how far work has come, on one line, which is empty at the end", () => {
  expect(told(true)).toBe("\r\u001b[K1 of 3 keys moved\r\u001b[K3 of 3 keys moved\r\u001b[K");
});

test("a pipe is told nothing", () => {
  expect(told(false)).toBe("");
});
