import { expect, test } from "vitest";
import { CofferError } from "../core/errors.ts";
import { type LoginThrottle, loginThrottle } from "./throttle.ts";

const here = "192.0.2.7";
const neighbour = "192.0.2.200";
const elsewhere = "198.51.100.1";

function heldClock() {
  const clock = { at: 1_000_000, now: () => clock.at };
  return clock;
}

function fail(throttle: LoginThrottle, times: number, address = here, id = "victim"): void {
  for (let count = 0; count < times; count += 1) throttle.failed(address, id);
}

/** Null: it may try. */
function seconds(throttle: LoginThrottle, address: string | null = here, id = "victim"): number | null {
  try {
    throttle.demand(address, id);
    return null;
  } catch (error) {
    if (!(error instanceof CofferError) || error.code !== "caller.throttled") throw error;
    return error.details.retryAfterSeconds ?? null;
  }
}

test("after ten failures a credential is refused from that block until the minute is over", () => {
  const clock = heldClock();
  const throttle = loginThrottle(clock);
  fail(throttle, 9);
  expect(seconds(throttle)).toBeNull();
  clock.at += 20_000;
  fail(throttle, 1);
  expect(seconds(throttle)).toBe(40);
  expect(seconds(throttle, neighbour)).toBe(40);
  clock.at += 39_999;
  expect(seconds(throttle)).toBe(1);
  clock.at += 1;
  expect(seconds(throttle)).toBeNull();
  fail(throttle, 9);
  expect(seconds(throttle)).toBeNull();
});

test("failures that are a minute apart do not add up", () => {
  const clock = heldClock();
  const throttle = loginThrottle(clock);
  fail(throttle, 9);
  clock.at += 60_000;
  fail(throttle, 9);
  expect(seconds(throttle)).toBeNull();
});

test("the credential goes on from elsewhere, and others from there", () => {
  const throttle = loginThrottle(heldClock());
  fail(throttle, 100);
  expect(seconds(throttle, elsewhere)).toBeNull();
  expect(seconds(throttle, null)).toBeNull();
  expect(seconds(throttle, here, "other")).toBeNull();
});

test("an id is the same in every letter case", () => {
  const throttle = loginThrottle(heldClock());
  fail(throttle, 5, here, "Person@Example.com");
  fail(throttle, 5, here, "person@example.COM");
  expect(seconds(throttle, here, "PERSON@example.com")).not.toBeNull();
});

test("a refusal while throttled does not make it longer", () => {
  const clock = heldClock();
  const throttle = loginThrottle(clock);
  fail(throttle, 10);
  for (let step = 0; step < 59; step += 1) {
    clock.at += 1_000;
    expect(seconds(throttle)).toBe(59 - step);
  }
  clock.at += 1_000;
  expect(seconds(throttle)).toBeNull();
});

test("other ids and other addresses, however many, do not open what is closed", () => {
  const throttle = loginThrottle(heldClock(), 100);
  fail(throttle, 10);
  for (let other = 0; other < 10_000; other += 1) {
    fail(throttle, 1, here, `id-${other}`);
    fail(throttle, 1, `10.${other >> 8}.${other & 255}.1`);
  }
  expect(seconds(throttle)).not.toBeNull();
});

test("what is kept is bounded, also of what is closed: the oldest goes", () => {
  const throttle = loginThrottle(heldClock(), 100);
  for (let other = 0; other < 101; other += 1) fail(throttle, 10, here, `id-${other}`);
  expect(seconds(throttle, here, "id-0")).toBeNull();
  expect(seconds(throttle, here, "id-1")).not.toBeNull();
  expect(seconds(throttle, here, "id-100")).not.toBeNull();
});

test("a clock that is set back throttles nobody for longer", () => {
  const clock = heldClock();
  const throttle = loginThrottle(clock);
  fail(throttle, 10);
  clock.at -= 500_000;
  expect(seconds(throttle)).toBeNull();
});
