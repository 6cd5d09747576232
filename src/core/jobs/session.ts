// The session of the job that calls: where it reads. That never changes, so it is asked of the tables
// once; whether it still stands, each reveal asks itself.
import { type Call, liveCredential, unauthenticated } from "../access.ts";
import type { Caller } from "../caller.ts";
import { CofferError } from "../errors.ts";
import { limits } from "../limits.ts";
import { callOf, refusedEntry, writeRefusals } from "../operation.ts";
import type { Context, Query } from "../ports.ts";

export interface JobPlace {
  readonly organizationId: string;
  readonly storeId: string;
  readonly jobId: string;
}

export const findSession: Query<Call, JobPlace> = {
  name: "job.session",
  run: async (tx, input) => {
    const { principal } = await liveCredential(tx, input);
    const { job, organizationId, name } = principal;
    if (job === null || organizationId === null) throw unauthenticated("misplaced");
    return { organizationId, storeId: job.storeId, jobId: name };
  },
};

/** Throws `job.not_found`, audited, where the job that is named is another one. */
export type FindSession = (caller: Caller, jobId: string) => Promise<JobPlace>;

export function sessions(ctx: Context): FindSession {
  const places = new Map<string, JobPlace>();
  const find = async (caller: Caller): Promise<JobPlace> => {
    const key = caller.tokenId ?? "";
    const known = places.get(key);
    if (known !== undefined) return known;
    const place = await ctx.database.point(findSession, callOf(ctx, caller));
    if (places.size >= limits.accessCacheEntriesMax) places.clear();
    places.set(key, place);
    return place;
  };
  return async (caller, jobId) => {
    const place = await find(caller);
    if (sameJob(place.jobId, jobId)) return place;
    const error = new CofferError(
      "job.not_found",
      "No such job, or not the job of this credential.",
      {},
      { because: "job: another one is named" },
    );
    const call = { ...callOf(ctx, caller), organizationId: place.organizationId };
    const target = { kind: "job", id: caller.id, name: place.jobId, storeId: place.storeId };
    const entry = refusedEntry(call, "secret.reveal", target, error);
    if (entry !== null) await writeRefusals(ctx, [entry]);
    throw error;
  };
}

/** Runners name jobs by UUIDs, in either letter case. */
function sameJob(own: string, named: string): boolean {
  return own.toLowerCase() === named.toLowerCase();
}
