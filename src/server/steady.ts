// Whether time can be trusted with what is never undone. A clock that was set wrong must not make
// everything old at once: after a jump of over a day retention waits until time has passed evenly
// for a day.
import type { Clock } from "../core/clock.ts";
import type { EngineLog } from "../storage/engine.ts";

const dayMs = 24 * 60 * 60 * 1000;

export interface Steadiness {
  /** True if no jump was seen for a day. Call it before each run, at least every few hours. */
  check(): boolean;
}

export function steadiness(parts: {
  readonly clock: Clock;
  /** A clock that nobody sets. */
  readonly monotonicMs: () => number;
  /** When the installation was last seen alive, null where it never was. */
  readonly lastSeenAt: number | null;
  readonly log: Pick<EngineLog, "warn">;
}): Steadiness {
  const { clock, monotonicMs, lastSeenAt, log } = parts;
  let base = { at: clock.now(), ms: monotonicMs() };
  let waitsUntilMs = Number.NEGATIVE_INFINITY;
  const jumped = (byMs: number) => {
    waitsUntilMs = base.ms + dayMs;
    log.warn(
      { days: Math.round(byMs / dayMs) },
      "time jumped by over a day: retention is stopped until it has passed evenly for a day; check the clock",
    );
  };
  // A server that was off for long looks like a clock that was set: waiting a day costs nothing.
  if (lastSeenAt !== null && Math.abs(base.at - lastSeenAt) > dayMs) jumped(base.at - lastSeenAt);
  return {
    check() {
      const now = { at: clock.now(), ms: monotonicMs() };
      const byMs = now.at - base.at - (now.ms - base.ms);
      base = now;
      if (Math.abs(byMs) > dayMs) jumped(byMs);
      return base.ms >= waitsUntilMs;
    },
  };
}
