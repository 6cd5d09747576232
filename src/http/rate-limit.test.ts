import { expect, test } from "vitest";
import { limits } from "../core/limits.ts";
import { rateLimit } from "./rate-limit.ts";

test("a credential has its requests anew each minute, and takes none of another's", () => {
  const clock = { at: 70_000, now: () => clock.at };
  const rate = rateLimit("credential", 2, clock);
  expect(rate.take("a")).toEqual({
    of: "credential",
    limit: 2,
    current: 1,
    remaining: 1,
    resetSeconds: 50,
    exceeded: false,
  });
  clock.at = 119_500;
  expect(rate.take("a")).toEqual({
    of: "credential",
    limit: 2,
    current: 2,
    remaining: 0,
    resetSeconds: 1,
    exceeded: false,
  });
  expect(rate.take("a")).toEqual({
    of: "credential",
    limit: 2,
    current: 3,
    remaining: 0,
    resetSeconds: 1,
    exceeded: true,
  });
  expect(rate.take("b")).toMatchObject({ remaining: 1, exceeded: false });
  clock.at = 120_000;
  expect(rate.take("a")).toEqual({
    of: "credential",
    limit: 2,
    current: 1,
    remaining: 1,
    resetSeconds: 60,
    exceeded: false,
  });
});

test("what it remembers is bounded: the oldest goes", () => {
  const rate = rateLimit("organization", 1, { now: () => 0 });
  for (let token = 0; token < limits.rateCountsMax; token += 1) rate.take(`t-${token}`);
  expect(rate.take("t-0").exceeded).toBe(true);
  rate.take("new");
  expect(rate.take("t-1").exceeded).toBe(true);
  expect(rate.take("t-0").exceeded).toBe(false);
});
