// What a dialect may do with jobs.
import type { Caller } from "../caller.ts";
import { callOf } from "../operation.ts";
import type { Directory } from "../organizations/directory.ts";
import type { Ref } from "../organizations/organization.ts";
import { parseClaims } from "../policies/claims.ts";
import type { Context } from "../ports.ts";
import { endJob } from "./end.ts";
import { parseJobId, parseJobLife } from "./job.ts";
import { type FindSession, sessions } from "./session.ts";
import { jobTarget, startJob } from "./start.ts";

export interface JobRequest {
  readonly jobId: string;
  readonly claims: unknown;
  /** Null or absent: an hour. */
  readonly ttlSeconds?: number | null;
}

/** The token of a session of a job: shown now and never again. */
export interface StartedJob {
  readonly token: string;
  readonly expiresAt: number;
}

export interface JobOperations {
  /** Called again for the same job it opens a session beside the others. */
  start(caller: Caller, org: Ref, store: Ref, request: JobRequest): Promise<StartedJob>;
  /** Ends all sessions of the job in that store. */
  end(caller: Caller, org: Ref, store: Ref, jobId: string): Promise<void>;
  /** The caller's own: of a job that names itself. */
  readonly session: FindSession;
}

export function jobOperations(ctx: Context, directory: Directory): JobOperations {
  return {
    async start(caller, org, store, { jobId, claims, ttlSeconds = null }) {
      const job = { store, jobId: parseJobId(jobId) };
      const session = { claims: parseClaims(claims), lifeMs: parseJobLife(ttlSeconds) };
      const { id } = await directory.locate(caller, org, "job.manage", jobTarget(job));
      const tokenId = ctx.ids.next();
      const { text, hash } = ctx.minting.token("job", tokenId);
      const expiresAt = await ctx.database.execute(startJob, {
        ...callOf(ctx, caller),
        ...job,
        ...session,
        organizationId: id,
        sessionId: ctx.ids.next(),
        tokenId,
        hash,
      });
      return { token: text, expiresAt };
    },
    async end(caller, org, store, text) {
      const job = { store, jobId: parseJobId(text) };
      const { id } = await directory.locate(caller, org, "job.manage", jobTarget(job));
      const input = { ...job, organizationId: id };
      while ((await ctx.database.execute(endJob, { ...callOf(ctx, caller), ...input })) === "more") {
        // Each round is whole in itself and audited.
      }
    },
    session: sessions(ctx),
  };
}
