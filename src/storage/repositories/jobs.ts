// Sessions of jobs: the principals of their tokens, which lie with all others.
import type { JobRepository } from "../../core/jobs/port.ts";
import { type Queryable, sql } from "../sql.ts";
import { json } from "./columns.ts";

export const statements = {
  insert: sql`
    INSERT INTO jobs (id, organization_id, store_id, job_id, claims, created_at, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)`,
  end: sql`
    UPDATE tokens SET revoked_at = $3 WHERE id IN (
      SELECT t.id FROM jobs j JOIN tokens t ON t.principal_id = j.id
      WHERE j.store_id = $1 AND j.job_id = $2 AND t.revoked_at IS NULL
      ORDER BY t.id LIMIT $4)`,
  ended: sql<{ id: string }>`
    SELECT t.id FROM jobs j JOIN tokens t ON t.principal_id = j.id
    WHERE j.store_id = $1 AND j.job_id = $2 AND t.revoked_at IS NOT NULL LIMIT 1`,
  sweep: sql`
    DELETE FROM jobs WHERE id IN (
      SELECT id FROM jobs WHERE expires_at <= $1 ORDER BY expires_at, id LIMIT $2)`,
};

export function jobRepository(db: Queryable): JobRepository {
  return {
    async insert({ id, organizationId, storeId, jobId, claims, createdAt, expiresAt }) {
      const values = [id, organizationId, storeId, jobId, json(claims), createdAt, expiresAt];
      await db.run(statements.insert, values);
    },
    end: (storeId, jobId, at, limit) => db.run(statements.end, [storeId, jobId, at, limit]),
    wasEnded: async (storeId, jobId) => (await db.one(statements.ended, [storeId, jobId])) !== undefined,
    sweep: (until, limit) => db.run(statements.sweep, [until, limit]),
  };
}
