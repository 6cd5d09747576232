// The database's clock, which all nodes share, as far as this process knows it: what was read from it
// last, and the time that has passed since. Nobody sets the clock that measures this, so a node whose
// own clock is wrong ends tokens and takes leases when every other node does.
import type { Clock } from "../../core/clock.ts";

/** An answer that took longer says too little about when it was given. */
const roundTripMsMax = 500;

export interface ServerClock extends Clock {
  /** What the server said, and the process's own monotonic time around the question. */
  observe(serverMs: number, askedMs: number, answeredMs: number): void;
}

export function serverClock(own: Clock, monotonicMs: () => number = () => performance.now()): ServerClock {
  // Until the server has said something; nothing is decided before.
  let base = { atMs: own.now(), ms: monotonicMs() };
  let heard = false;
  return {
    now: () => Math.round(base.atMs + monotonicMs() - base.ms),
    observe(serverMs, askedMs, answeredMs) {
      if (heard && answeredMs - askedMs > roundTripMsMax) return;
      heard = true;
      // The answer was given at some time between; the middle is wrong by half of it at most.
      base = { atMs: serverMs, ms: (askedMs + answeredMs) / 2 };
    },
  };
}
