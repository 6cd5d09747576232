// What is counted of the server's own jobs, by their names.
import type { JobMeter } from "../jobs.ts";
import type { Page } from "./page.ts";

interface JobCount {
  done: number;
  failed: number;
  succeededAt: number | null;
}

export interface JobCounts {
  meter(job: string): JobMeter;
  show(page: Page): void;
}

export function jobCounts(now: () => number): JobCounts {
  const jobs = new Map<string, JobCount>();
  return {
    meter(job) {
      const count: JobCount = { done: 0, failed: 0, succeededAt: null };
      jobs.set(job, count);
      return (outcome) => {
        count[outcome] += 1;
        if (outcome === "done") count.succeededAt = now();
      };
    },
    show(page) {
      for (const [job, { done, failed }] of jobs) {
        page.add("coffer_job_runs_total", done, { job, outcome: "done" });
        page.add("coffer_job_runs_total", failed, { job, outcome: "failed" });
      }
      for (const [job, { succeededAt }] of jobs) {
        if (succeededAt !== null)
          page.add("coffer_job_succeeded_timestamp_seconds", succeededAt / 1000, { job });
      }
    },
  };
}
