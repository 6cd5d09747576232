// How many requests a credential or an organization may make in a minute, where the operator has set a
// limit. Counted by the minutes of the clock, in this process alone.
import type { Clock } from "../core/clock.ts";
import { CofferError } from "../core/errors.ts";
import { limits } from "../core/limits.ts";

/** What a client is told of its limit, in each dialect's own headers. */
export interface RateStanding {
  readonly limit: number;
  readonly remaining: number;
  readonly resetSeconds: number;
}

export interface Rate extends RateStanding {
  /** There was none left for this request. */
  readonly exceeded: boolean;
  readonly of: "credential" | "organization";
}

export interface RateLimit {
  /** Counts one request. */
  take(id: string): Rate;
}

const minuteMs = 60_000;

export function minuteOf(at: number): number {
  return Math.floor(at / minuteMs);
}

export function rateLimit(of: Rate["of"], perMinute: number, clock: Clock): RateLimit {
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
      const remaining = Math.max(0, perMinute - before - 1);
      return { of, limit: perMinute, remaining, resetSeconds, exceeded: before >= perMinute };
    },
  };
}

export function rateExceeded({ of, limit, resetSeconds }: Rate): CofferError {
  return new CofferError("rate.exceeded", `This ${of} has made too many requests this minute.`, {
    limit,
    retryAfterSeconds: resetSeconds,
  });
}
