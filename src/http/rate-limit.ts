// How many requests a credential or an organization may make in a minute, where the operator has set a
// limit. Counted by the minutes of the clock, in this process alone.
import type { Clock } from "../core/clock.ts";
import { CofferError } from "../core/errors.ts";
import { limits } from "../core/limits.ts";

/** What a client is told of a limit, in each dialect's own headers. */
export interface RateStanding {
  readonly of: "credential" | "organization";
  readonly limit: number;
  /** With this request. */
  readonly current: number;
  readonly remaining: number;
  readonly resetSeconds: number;
  /** There was none left for this request. */
  readonly exceeded: boolean;
}

/** The tighter of the limits that a request counts for. */
export interface Rate extends RateStanding {
  readonly all: readonly RateStanding[];
}

export interface RateLimit {
  /** Counts one request. */
  take(id: string): RateStanding;
}

const minuteMs = 60_000;

export function minuteOf(at: number): number {
  return Math.floor(at / minuteMs);
}

export function rateLimit(of: RateStanding["of"], perMinute: number, clock: Clock): RateLimit {
  const used = new Map<string, number>();
  let minute = 0;
  return {
    take(id) {
      const now = clock.now();
      if (minuteOf(now) !== minute) {
        minute = minuteOf(now);
        used.clear();
      }
      const before = used.get(id) ?? 0;
      const [oldest] = before === 0 && used.size >= limits.rateCountsMax ? used.keys() : [];
      if (oldest !== undefined) used.delete(oldest);
      used.set(id, before + 1);
      const resetSeconds = Math.ceil(((minute + 1) * minuteMs - now) / 1_000);
      const current = before + 1;
      const remaining = Math.max(0, perMinute - current);
      return { of, limit: perMinute, current, remaining, resetSeconds, exceeded: current > perMinute };
    },
  };
}

export function rateExceeded({ of, limit, current, resetSeconds }: RateStanding): CofferError {
  return new CofferError("rate.exceeded", `This ${of} has made too many requests this minute.`, {
    field: of,
    limit,
    current,
    retryAfterSeconds: resetSeconds,
  });
}
