import { expect, test } from "vitest";
import { serverClock } from "./clock.ts";

const hour = 60 * 60 * 1000;

test("the server's time goes on as time passes here, whatever this node's clock says", () => {
  let ms = 1_000;
  const clock = serverClock({ now: () => 10 * hour }, () => ms);
  expect(clock.now()).toBe(10 * hour);
  clock.observe(9 * hour, 1_000, 1_020);
  ms = 1_010;
  expect(clock.now()).toBe(9 * hour);
  ms = 3_010;
  expect(clock.now()).toBe(9 * hour + 2_000);
});

test("an answer that took long moves nothing, unless it is the first", () => {
  let ms = 0;
  const clock = serverClock({ now: () => 0 }, () => ms);
  clock.observe(5 * hour, 0, 2_000);
  ms = 2_000;
  expect(clock.now()).toBe(5 * hour + 1_000);
  clock.observe(7 * hour, 2_000, 4_000);
  expect(clock.now()).toBe(5 * hour + 1_000);
  clock.observe(7 * hour, 2_000, 2_000);
  expect(clock.now()).toBe(7 * hour);
});
