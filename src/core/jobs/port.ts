// What the core needs of a database for the sessions of jobs.
import type { JobSession } from "./job.ts";

export interface JobRepository {
  insert(session: JobSession): Promise<void>;
  /** Revokes the tokens of all sessions of the job in that store, at most `limit`; answers how many. */
  end(storeId: string, jobId: string, at: number, limit: number): Promise<number>;
  /** Whether a session of the job in that store was ended, for as long as its token is kept. */
  wasEnded(storeId: string, jobId: string): Promise<boolean>;
  /** Forgets sessions that ended up to that time. */
  sweep(until: number, limit: number): Promise<number>;
}
