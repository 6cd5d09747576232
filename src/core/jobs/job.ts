// A job: work that somebody started in a pipeline and that may read values for as long as it runs.
import { invalid } from "../errors.ts";
import { limits } from "../limits.ts";
import type { Claims } from "../policies/claims.ts";
import { parseText } from "../text.ts";

/** One admission of a job to one store, with a token of its own. A job may have several. */
export interface JobSession {
  readonly id: string;
  readonly organizationId: string;
  readonly storeId: string;
  /** The name that its runner gave the job. */
  readonly jobId: string;
  readonly claims: Claims;
  readonly createdAt: number;
  readonly expiresAt: number;
}

export function parseJobId(text: string): string {
  return parseText("jobId", text, { min: 1, max: limits.jobIdCharactersMax });
}

/** In milliseconds. */
export function parseJobLife(seconds: number | null): number {
  if (seconds === null) return limits.jobLifeMs;
  const most = limits.jobLifeMsMax / 1_000;
  if (!Number.isSafeInteger(seconds) || seconds < 1 || seconds > most) {
    throw invalid("ttlSeconds", `must be a whole number from 1 to ${most}`, { limit: most });
  }
  return seconds * 1_000;
}
