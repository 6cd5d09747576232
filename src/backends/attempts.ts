// One operation at a backend: a few attempts within one bound of time. Only what certainly had no effect is
// tried again; what was sent and not answered goes to who can ask whether it was applied.
import { setTimeout as pause } from "node:timers/promises";
import { BackendError } from "../core/backends/port.ts";

export interface Patience {
  /** Of one request. */
  readonly attemptMs: number;
  /** Of everything that one call of the backend does. */
  readonly operationMs: number;
}

/** Runs one request of the operation, again where that is safe. */
export type Attempt = <T>(once: (signal: AbortSignal) => Promise<T>) => Promise<T>;

/** A backend that is down is said to be down soon: people wait for the answer. */
const triesMax = 3;
const backoffMs = 100;

export function beginOperation({ attemptMs, operationMs }: Patience): Attempt {
  const end = performance.now() + operationMs;
  return async (once) => {
    for (let tries = 1; ; tries += 1) {
      const left = end - performance.now();
      if (left <= 0) throw new BackendError("unavailable");
      try {
        return await once(AbortSignal.timeout(Math.ceil(Math.min(attemptMs, left))));
      } catch (error) {
        // Anywhere in the interval, so that those who failed together do not come back together.
        const wait = Math.random() * backoffMs * 2 ** tries;
        if (!hadNoEffect(error) || tries === triesMax || performance.now() + wait >= end) throw error;
        await pause(wait);
      }
    }
  };
}

function hadNoEffect(error: unknown): boolean {
  return error instanceof BackendError && ["throttled", "unavailable"].includes(error.failure);
}

/** What became of a request that got no answer: nothing left this machine, or nobody knows. */
export function unanswered(cause: unknown, sent: "unavailable" | "ambiguous"): BackendError {
  return new BackendError(neverSent.has(systemCode(cause)) ? "unavailable" : sent, null, { cause });
}

/** There was no connection, so that nothing can have been sent on it. */
const neverSent: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/** `fetch` puts the system's error into its cause. */
function systemCode(error: unknown): string {
  if (!(error instanceof Error)) return "";
  if ("code" in error && typeof error.code === "string") return error.code;
  return systemCode(error.cause);
}
