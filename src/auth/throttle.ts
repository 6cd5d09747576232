// Failed logins: ten a minute for one credential from one block of addresses, then that credential is
// refused from there, right or wrong, until a minute after the first of them. Nobody else is held up:
// the same credential goes on from elsewhere, and others from there.
// A credential is known by its public id, an e-mail address or a client's name, bounded by who parsed it.
import { blockText } from "../core/addresses.ts";
import type { Clock } from "../core/clock.ts";
import { CofferError } from "../core/errors.ts";
import { limits } from "../core/limits.ts";
import { fold } from "../core/text.ts";

export interface LoginThrottle {
  /**
   * Throws `caller.throttled`. Ask right before comparing, in the same turn as `failed` is told, so that
   * attempts which come at once are not compared all.
   */
  demand(address: string | null, credentialId: string): void;
  failed(address: string | null, credentialId: string): void;
}

interface Failures {
  readonly since: number;
  count: number;
}

const windowMs = 60_000;

/**
 * Each table has a fixed number of places, and the oldest make room. Who floods it with other ids can
 * push out counts that are still open, for some thousands of requests each nine further attempts; what
 * is closed is pushed out only by what was closed as well, at ten times that price.
 */
export function loginThrottle(clock: Clock, placesMax: number = limits.failedLoginsKeptMax): LoginThrottle {
  const open = new Map<string, Failures>();
  const closed = new Map<string, Failures>();
  let allOpenAt = 0;
  return {
    demand(address, credentialId) {
      // All that a request pays while nobody is throttled.
      if (closed.size === 0) return;
      const now = clock.now();
      if (now >= allOpenAt) return closed.clear();
      const failures = closed.get(keyOf(address, credentialId));
      if (failures !== undefined && holds(failures, now)) throw throttled(failures.since + windowMs - now);
    },
    failed(address, credentialId) {
      const key = keyOf(address, credentialId);
      const now = clock.now();
      const before = open.get(key);
      const failures = before !== undefined && holds(before, now) ? before : { since: now, count: 0 };
      failures.count += 1;
      open.delete(key);
      const full = failures.count >= limits.failedLoginsPerMinute;
      keep(full ? closed : open, key, failures, placesMax);
      if (full) allOpenAt = Math.max(allOpenAt, failures.since + windowMs);
    },
  };
}

/** A clock that was set back must not throttle until it has caught up. */
function holds({ since }: Failures, now: number): boolean {
  return now >= since && now < since + windowMs;
}

function keep(table: Map<string, Failures>, key: string, failures: Failures, placesMax: number): void {
  table.delete(key);
  const [oldest] = table.keys();
  if (oldest !== undefined && table.size >= placesMax) table.delete(oldest);
  table.set(key, failures);
}

function keyOf(address: string | null, credentialId: string): string {
  return `${blockText(address)} ${fold(credentialId)}`;
}

/** The same for a right credential and a wrong one. */
function throttled(ms: number): CofferError {
  return new CofferError(
    "caller.throttled",
    "This credential failed too often from this address; try again later.",
    { limit: limits.failedLoginsPerMinute, retryAfterSeconds: Math.ceil(ms / 1_000) },
    { because: "throttled" },
  );
}
