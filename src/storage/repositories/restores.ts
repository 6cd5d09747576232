// Restores that this database came by, and the steps by which it starts anew after one. What those steps
// mean is the core's to say.
import type { Restore, RestoreReader, RestoreRepository } from "../../core/restores/port.ts";
import { claiming, type Queryable, sql } from "../sql.ts";

interface RestoreRow {
  readonly number: number;
  readonly backup: string | null;
  readonly taken_at: number;
  readonly restored_at: number;
  readonly reached: string | null;
  readonly started_at: number | null;
}

const columns = "number, backup, taken_at, restored_at, reached, started_at";
const newest = `SELECT ${columns} FROM restores ORDER BY number DESC LIMIT 1`;

export const statements = {
  newest: sql<RestoreRow>`${newest}`,
  claim: claiming(sql<RestoreRow>`${newest}`),
  insert: sql`INSERT INTO restores (number, backup, taken_at, restored_at) VALUES ($1, $2, $3, $4)`,
  organizations: sql<{ id: string }>`
    SELECT id FROM organizations WHERE id > $1 AND deleted_at IS NULL ORDER BY id LIMIT $2`,
  jump: sql<{ revision: number }>`
    UPDATE organizations SET revision = revision + $2, forgotten_revision = revision + $2
    WHERE id = $1 RETURNING revision`,
  reach: sql`UPDATE restores SET reached = $2 WHERE number = $1`,
  finish: sql`UPDATE restores SET started_at = $2 WHERE number <= $1 AND started_at IS NULL`,
};

function restoreOf(row: RestoreRow): Restore {
  return {
    number: row.number,
    backup: row.backup,
    takenAt: row.taken_at,
    restoredAt: row.restored_at,
    reached: row.reached,
    startedAt: row.started_at,
  };
}

/** The last thing a restore writes. */
export async function restoreMark(
  db: Queryable,
  { backup, takenAt, at }: { readonly backup: string | null; readonly takenAt: number; readonly at: number },
): Promise<void> {
  const before = (await db.one(statements.newest, []))?.number ?? 0;
  await db.run(statements.insert, [before + 1, backup, takenAt, at]);
}

export function restoreReader(db: Queryable): RestoreReader {
  return {
    async epoch() {
      return (await db.one(statements.newest, []))?.number ?? 0;
    },
    async pending() {
      const row = await db.one(statements.newest, []);
      return row === undefined || row.started_at !== null ? null : restoreOf(row);
    },
    async organizationsAfter(id, limit) {
      const rows = await db.all(statements.organizations, [id ?? "", limit]);
      return rows.map((row) => row.id);
    },
  };
}

export function restoreRepository(db: Queryable): RestoreRepository {
  return {
    ...restoreReader(db),
    async claim() {
      const row = await db.one(statements.claim, []);
      return row === undefined || row.started_at !== null ? null : restoreOf(row);
    },
    async jump(organizationId, revisions) {
      await db.run(statements.jump, [organizationId, revisions]);
    },
    async reach(number, organizationId) {
      await db.run(statements.reach, [number, organizationId]);
    },
    async finish(number, at) {
      await db.run(statements.finish, [number, at]);
    },
  };
}
