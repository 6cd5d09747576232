// The immutable versions of a value, sealed. Which one is current stands in the secret's row.
import type { Actor } from "../../core/caller.ts";
import type { VersionReader, VersionRepository } from "../../core/secrets/port.ts";
import type { Version, VersionState } from "../../core/secrets/secret.ts";
import { type Queryable, sql } from "../sql.ts";
import { json, parsed } from "./columns.ts";

interface VersionRow {
  id: string;
  secret_id: string;
  number: number;
  state: VersionState;
  created_at: number;
  created_by: string;
}

const columns = "id, secret_id, number, state, created_at, created_by";

export const statements = {
  // What is unfinished elsewhere, or was given up, is no version that anybody has seen.
  list: sql<VersionRow>`
    SELECT ${columns} FROM secret_versions
    WHERE secret_id = $1 AND number < $2 AND state IN ('active', 'superseded')
    ORDER BY number DESC LIMIT $3`,
  sealed: sql<VersionRow & { sealed: Uint8Array | null }>`
    SELECT ${columns}, sealed FROM secret_versions
    WHERE secret_id = $1 AND number = $2 AND state IN ('active', 'superseded')`,
  fingerprint: sql<{ fingerprint: Uint8Array | null }>`
    SELECT fingerprint FROM secret_versions WHERE id = $1`,
  byId: sql<VersionRow>`
    SELECT ${columns} FROM secret_versions
    WHERE id = $2 AND organization_id = $1 AND state IN ('active', 'superseded')`,
  next: sql<VersionRow>`
    SELECT ${columns} FROM secret_versions
    WHERE secret_id = $1 AND number > $2 AND state IN ('active', 'superseded') ORDER BY number LIMIT 1`,
  // Only what lies here, as in prune.
  remove: sql`
    DELETE FROM secret_versions WHERE id = $1 AND state = 'superseded' AND backend = 'embedded'`,
  // A value that lies here needs no remote write: its id stands for the write's.
  insert: sql`
    INSERT INTO secret_versions (id, organization_id, secret_id, number, state, created_at, created_by,
      write_id, term, size, fingerprint, sealed)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $1, $8, $9, $10, $11)`,
  supersede: sql`UPDATE secret_versions SET state = 'superseded' WHERE id = $1 AND state = 'active'`,
  // Only what lies here: what lies in another backend is forgotten there first.
  prune: sql`
    DELETE FROM secret_versions
    WHERE secret_id = $1 AND number <> $3 AND backend = 'embedded' AND number <= (
      SELECT number FROM secret_versions WHERE secret_id = $1 ORDER BY number DESC LIMIT 1 OFFSET $2)`,
};

function versionOf(row: VersionRow): Version {
  return {
    id: row.id,
    secretId: row.secret_id,
    number: row.number,
    state: row.state,
    createdAt: row.created_at,
    createdBy: parsed<Actor>(row.created_by),
  };
}

export function versionReader(db: Queryable): VersionReader {
  return {
    async list(secretId, { before, limit }) {
      const values = [secretId, before ?? Number.MAX_SAFE_INTEGER, limit];
      return (await db.all(statements.list, values)).map(versionOf);
    },
    async sealed(secretId, number) {
      const row = await db.one(statements.sealed, [secretId, number]);
      if (row === undefined || row.sealed === null) return null;
      return { version: versionOf(row), sealed: row.sealed };
    },
    async find(organizationId, id) {
      const row = await db.one(statements.byId, [organizationId, id]);
      return row === undefined ? null : versionOf(row);
    },
    async next(secretId, number) {
      const row = await db.one(statements.next, [secretId, number]);
      return row === undefined ? null : versionOf(row);
    },
    async fingerprint(versionId) {
      return (await db.one(statements.fingerprint, [versionId]))?.fingerprint ?? null;
    },
  };
}

export function versionRepository(db: Queryable): VersionRepository {
  return {
    ...versionReader(db),
    async insert(version, organizationId, value) {
      await db.run(statements.insert, [
        version.id,
        organizationId,
        version.secretId,
        version.number,
        version.state,
        version.createdAt,
        json(version.createdBy),
        value.term,
        value.bytes,
        value.fingerprint,
        value.sealed,
      ]);
    },
    async supersede(versionId) {
      await db.run(statements.supersede, [versionId]);
    },
    async remove(versionId) {
      await db.run(statements.remove, [versionId]);
    },
    async prune(secretId, keep, current) {
      await db.run(statements.prune, [secretId, keep, current]);
    },
  };
}
