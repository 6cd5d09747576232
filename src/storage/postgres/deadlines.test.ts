import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Deadlines } from "./deadlines.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] }));
afterEach(() => void vi.useRealTimers());

test("work that ends in time is answered, and leaves no timer behind", async () => {
  const deadlines = new Deadlines(1_000);
  expect(await deadlines.within(Promise.resolve(1), () => new Error("late"))).toBe(1);
  await expect(deadlines.within(Promise.reject(new Error("own")), () => new Error("late"))).rejects.toThrow(
    "own",
  );
  await Promise.resolve();
  expect(vi.getTimerCount()).toBe(0);
});

test("work that does not end is given up when its own time is over", async () => {
  const deadlines = new Deadlines(1_000);
  const never = new Promise<never>(() => undefined);
  const first = deadlines.within(never, () => new Error("first")).catch((error) => error.message);
  vi.advanceTimersByTime(600);
  const second = deadlines.within(never, () => new Error("second")).catch((error) => error.message);
  vi.advanceTimersByTime(500);
  expect(await Promise.race([first, second])).toBe("first");
  expect(vi.getTimerCount()).toBe(1);
  vi.advanceTimersByTime(600);
  expect(await second).toBe("second");
  expect(vi.getTimerCount()).toBe(0);
});
