import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { bug, outcomeUnknown } from "./engine.ts";
import { WaitingLine } from "./waiting.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] }));
afterEach(() => void vi.useRealTimers());

function ask(line: WaitingLine, shared = false): Promise<unknown> {
  const answer = new Promise((resolve, reject) => line.join({ shared, resolve, reject }));
  return answer.catch((error) => error.code);
}

test("answers go to those who asked, in their order", async () => {
  const line = new WaitingLine(1_000);
  const answers = [ask(line), ask(line), ask(line)];
  line.next({ result: 1 });
  line.next({ error: bug() });
  line.next({ result: 3 });
  expect(await Promise.all(answers)).toEqual([1, "internal", 3]);
  expect(line.length).toBe(0);
});

test("who waits too long is told so, and the late answer is not given to the next", async () => {
  const line = new WaitingLine(1_000);
  const [write, record] = [ask(line), ask(line, true)];
  vi.advanceTimersByTime(900);
  const patient = ask(line);
  vi.advanceTimersByTime(200);
  expect(await write).toBe("storage.outcome_unknown");
  expect(await record).toBe("storage.unavailable");
  expect(line.length).toBe(3); // their places stay taken: the writer still has their work
  for (const result of [1, 2, 3]) line.next({ result });
  expect(await patient).toBe(3);
});

test("an unknown outcome of a record is just a failure", async () => {
  const line = new WaitingLine(1_000);
  const answers = [ask(line), ask(line, true)];
  line.next({ error: outcomeUnknown() });
  line.next({ error: outcomeUnknown() });
  expect(await Promise.all(answers)).toEqual(["storage.outcome_unknown", "storage.unavailable"]);
});

test("when the writer is gone nobody is left waiting", async () => {
  const line = new WaitingLine(1_000);
  const answers = [ask(line), ask(line, true)];
  line.dismiss();
  expect(await Promise.all(answers)).toEqual(["storage.outcome_unknown", "storage.unavailable"]);
  expect(line.length).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
});

test("a long line stays in order while its front is forgotten", async () => {
  const line = new WaitingLine(1_000);
  const answers = Array.from({ length: 3_000 }, () => ask(line));
  for (let result = 0; result < 3_000; result += 1) line.next({ result });
  expect(await Promise.all(answers)).toEqual(Array.from({ length: 3_000 }, (_, index) => index));
});
