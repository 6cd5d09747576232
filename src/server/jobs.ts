// Work that comes round by itself. One run at a time; a failure is logged and the next try comes.
import type { Logger } from "pino";

export interface Job {
  /** Lets a run that is under way finish. */
  stop(): Promise<void>;
}

/** Told of each run how it ended. */
export type JobMeter = (outcome: "done" | "failed") => void;

export function every(
  periodMs: number,
  work: () => Promise<void>,
  log: Logger,
  meter: JobMeter = () => {},
): Job {
  let current: Promise<void> | null = null;
  const timer = setInterval(() => {
    if (current !== null) return;
    current = work()
      .then(() => meter("done"))
      .catch((error: unknown) => {
        meter("failed");
        log.warn({ errorName: error instanceof Error ? error.name : "unknown" }, "a job failed");
      })
      .finally(() => {
        current = null;
      });
  }, periodMs);
  timer.unref();
  return {
    async stop() {
      clearInterval(timer);
      await current;
    },
  };
}
