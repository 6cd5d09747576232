// How many requests a credential may make in a minute, where the operator has set a limit. Counted by
// the minutes of the clock, in this process alone.
import type { Clock } from "../core/clock.ts";
import { CofferError } from "../core/errors.ts";
import { limits } from "../core/limits.ts";

/** What a client is told of its limit, in each dialect's own headers. */
export interface RateStanding {
  readonly limit: number;
  readonly remaining: number;
  readonly resetSeconds: number;
}

export interface RateLimit {
  /** Counts one request. With none left the standing is told with `exceeded`. */
  take(tokenId: string): RateStanding & { readonly exceeded: boolean };
}

const minuteMs = 60_000;

export function rateLimit(perMinute: number, clock: Clock): RateLimit {
  const used = new Map<string, number>();
  let minute = 0;
  return {
    take(tokenId) {
      const now = clock.now();
      if (Math.floor(now / minuteMs) !== minute) {
        minute = Math.floor(now / minuteMs);
        used.clear();
      }
      const before = used.get(tokenId) ?? 0;
      const [oldest] = before === 0 && used.size >= limits.rateCountsMax ? used.keys() : [];
      if (oldest !== undefined) used.delete(oldest);
      used.set(tokenId, before + 1);
      const resetSeconds = Math.ceil(((minute + 1) * minuteMs - now) / 1_000);
      const remaining = Math.max(0, perMinute - before - 1);
      return { limit: perMinute, remaining, resetSeconds, exceeded: before >= perMinute };
    },
  };
}

export function rateExceeded({ limit, resetSeconds }: RateStanding): CofferError {
  return new CofferError("rate.exceeded", "This credential has made too many requests this minute.", {
    limit,
    retryAfterSeconds: resetSeconds,
  });
}
