// Secrets without their values, except where one statement fetches both for a reveal.
// It knows no rule of who may see what; lists are in secret-list.ts.
// Keeps: labels and consumers in their own tables are always those of the row.
import { RunAgain } from "../../core/errors.ts";
import type {
  SealedSecret,
  SecretReader,
  SecretRepository,
  SecretStanding,
} from "../../core/secrets/port.ts";
import { nameTaken, type Secret } from "../../core/secrets/secret.ts";
import { type Queryable, type SqlValue, sql, UniqueViolation, unlessHeld } from "../sql.ts";
import { jsonOrNull } from "./columns.ts";
import { countStatement, listStatement } from "./secret-list.ts";
import {
  changeableColumns,
  nameFold,
  type SecretRow,
  secretColumns,
  secretOf,
  secretValues,
} from "./secret-rows.ts";
import { oneOf, parametersInto, shapesOf } from "./shapes.ts";

type SealedRow = SecretRow & { sealed: Uint8Array | null };

const insertColumns = [
  "id",
  ...changeableColumns,
  "organization_id",
  "created_at",
  "created_by",
  "last_read_at",
];

const activeSealed = `SELECT ${secretColumns}, v.sealed
    FROM secrets s LEFT JOIN secret_versions v ON v.id = s.version_id
    WHERE s.store_id = $1 AND s.state = 'active'`;

const manySealed = shapesOf<SealedRow>();
const many = shapesOf<SecretRow>();
const homeless = shapesOf<never>();
/** Named in one statement. */
const idsAtOnce = 256;

export const statements = {
  byId: sql<SecretRow>`
    SELECT ${secretColumns} FROM secrets s WHERE s.id = $2 AND s.store_id = $1 AND s.state = 'active'`,
  byName: sql<SecretRow>`
    SELECT ${secretColumns} FROM secrets s WHERE s.store_id = $1 AND s.name = $2 AND s.state = 'active'`,
  get: sql<SecretRow>`SELECT ${secretColumns} FROM secrets s WHERE s.id = $2 AND s.organization_id = $1`,
  sealedById: sql<SealedRow>`${activeSealed} AND s.id = $2`,
  sealedByName: sql<SealedRow>`${activeSealed} AND s.name = $2`,
  byFold: sql<SecretRow>`
    SELECT ${secretColumns} FROM secrets s
    WHERE s.store_id = $1 AND s.name_fold = $2 AND s.state = 'active'
    ORDER BY s.name LIMIT 2`,
  placed: sql<{ name: string; created_at: number; updated_at: number | null }>`
    SELECT name, created_at, updated_at FROM secrets WHERE id = $2 AND store_id = $1 AND orphaned = 0
    UNION ALL
    SELECT name, created_at, updated_at FROM tombstones WHERE id = $2 AND store_id = $1
    LIMIT 1`,
  idsIn: sql<{ id: string }>`
    SELECT id FROM secrets WHERE store_id = $1 AND state = $2 ORDER BY created_at, id LIMIT $3`,
  idsAfter: sql<{ id: string }>`
    SELECT id FROM secrets
    WHERE store_id = $1 AND state = $2 AND (created_at, id) > (COALESCE(
      (SELECT created_at FROM secrets WHERE id = $4),
      (SELECT created_at FROM tombstones WHERE id = $4), 0), $4)
    ORDER BY created_at, id LIMIT $3`,
  duePurge: sql<{ id: string; organization_id: string }>`
    SELECT id, organization_id FROM secrets
    WHERE state = 'trashed' AND purge_at <= $1
      AND organization_id NOT IN (SELECT id FROM organizations WHERE deleted_at IS NOT NULL)
    ORDER BY purge_at, id LIMIT $2`,
  sealedOf: sql<{ sealed: Uint8Array | null }>`SELECT sealed FROM secret_versions WHERE id = $1`,
  // A clash is a row that was not inserted, not an error: on PostgreSQL an error would end the
  // transaction, and an import goes on with its next item.
  insert: sql`
    INSERT INTO secrets (${insertColumns.join(", ")})
    VALUES (${insertColumns.map((_, index) => `$${index + 1}`).join(", ")})
    ON CONFLICT (store_id, name) WHERE state = 'creating' OR state = 'active' DO NOTHING`,
  selectors: sql<{ labels: string | null; consumers: string | null }>`
    SELECT labels, consumers FROM secrets WHERE id = $1 AND revision = $2`,
  // Not last_read_at: that moves by itself, and a writer may hold an older one.
  update: sql`
    UPDATE secrets SET ${changeableColumns.map((column, index) => `${column} = $${index + 3}`).join(", ")}
    WHERE id = $1 AND revision = $2`,
  removeLabels: sql`DELETE FROM secret_labels WHERE secret_id = $1`,
  insertLabel: sql`INSERT INTO secret_labels (secret_id, key, value) VALUES ($1, $2, $3)`,
  removeConsumers: sql`DELETE FROM secret_consumers WHERE secret_id = $1`,
  insertConsumer: sql`INSERT INTO secret_consumers (secret_id, consumer) VALUES ($1, $2)`,
  standing: sql<SecretStanding>`SELECT revision, state FROM secrets WHERE id = $1`,
  // Who changes the secret may hold it for long, and records of reveals wait for nobody.
  touchRead: sql`
    UPDATE secrets SET last_read_at = $2 WHERE id = (
      SELECT id FROM secrets WHERE id = $1 AND (last_read_at IS NULL OR last_read_at <= $3) ${unlessHeld})`,
  // What lies elsewhere is forgotten there first.
  remove: sql`
    DELETE FROM secrets WHERE id = $1 AND revision = $2 AND NOT EXISTS (
      SELECT 1 FROM secret_versions v WHERE v.secret_id = $1 AND v.backend <> 'embedded')`,
  lyingElsewhere: sql<{ id: string }>`
    SELECT v.id FROM secret_versions v JOIN secrets s ON s.id = v.secret_id
    WHERE s.id = $1 AND s.revision = $2 AND v.backend <> 'embedded' LIMIT 1`,
  insertTombstone: sql`
    INSERT INTO tombstones (id, organization_id, store_id, name, created_at, updated_at, purged_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)`,
  forgetGrants: sql`
    DELETE FROM grants WHERE organization_id = $1 AND object_kind = 'secret' AND object_id = $2`,
  sweepTombstones: sql`
    DELETE FROM tombstones WHERE id IN (
      SELECT id FROM tombstones WHERE purged_at < $1 ORDER BY purged_at, id LIMIT $2)`,
};

function sealedOf(row: SealedRow): SealedSecret {
  return { secret: secretOf(row), sealed: row.sealed };
}

async function sealedBy(
  db: Queryable,
  storeId: string,
  column: "id" | "name",
  keys: readonly string[],
): Promise<ReadonlyMap<string, SealedSecret>> {
  const found = new Map<string, SealedSecret>();
  for (let from = 0; from < keys.length; from += idsAtOnce) {
    const values: SqlValue[] = [storeId];
    const list = oneOf(keys.slice(from, from + idsAtOnce), parametersInto(values));
    const statement = manySealed(`${activeSealed} AND s.${column} IN ${list}`);
    for (const row of await db.all(statement, values)) found.set(row[column], sealedOf(row));
  }
  return found;
}

export function secretReader(db: Queryable): SecretReader {
  return {
    async find(storeId, ref) {
      const row =
        "id" in ref
          ? await db.one(statements.byId, [storeId, ref.id])
          : await db.one(statements.byName, [storeId, ref.name]);
      return row === undefined ? null : secretOf(row);
    },
    async get(organizationId, id) {
      const row = await db.one(statements.get, [organizationId, id]);
      return row === undefined ? null : secretOf(row);
    },
    async getAll(organizationId, ids) {
      const found = new Map<string, Secret>();
      for (let from = 0; from < ids.length; from += idsAtOnce) {
        const values: SqlValue[] = [organizationId];
        const list = oneOf(ids.slice(from, from + idsAtOnce), parametersInto(values));
        const text = `SELECT ${secretColumns} FROM secrets s WHERE s.organization_id = $1 AND s.id IN ${list}`;
        for (const row of await db.all(many(text), values)) found.set(row.id, secretOf(row));
      }
      return ids.map((id) => found.get(id) ?? null);
    },
    async findSealed(storeId, ref) {
      const row =
        "id" in ref
          ? await db.one(statements.sealedById, [storeId, ref.id])
          : await db.one(statements.sealedByName, [storeId, ref.name]);
      return row === undefined ? null : sealedOf(row);
    },
    async findAllSealed(storeId, refs) {
      const ids = refs.flatMap((ref) => ("id" in ref ? [ref.id] : []));
      const names = refs.flatMap((ref) => ("name" in ref ? [ref.name] : []));
      const byId = await sealedBy(db, storeId, "id", ids);
      const byName = await sealedBy(db, storeId, "name", names);
      return refs.map((ref) => ("id" in ref ? byId.get(ref.id) : byName.get(ref.name)) ?? null);
    },
    async findFolded(storeId, name) {
      return (await db.all(statements.byFold, [storeId, nameFold(name)])).map(secretOf);
    },
    async list(query) {
      const { statement, values } = listStatement(query);
      return (await db.all(statement, values)).map(secretOf);
    },
    async count(filter) {
      const { statement, values } = countStatement(filter);
      return (await db.one(statement, values))?.count ?? 0;
    },
    async placed(storeId, id) {
      const row = await db.one(statements.placed, [storeId, id]);
      if (row === undefined) return null;
      return { id, name: row.name, createdAt: row.created_at, updatedAt: row.updated_at };
    },
    async idsIn(storeId, state, after, limit) {
      const rows =
        after === null
          ? await db.all(statements.idsIn, [storeId, state, limit])
          : await db.all(statements.idsAfter, [storeId, state, limit, after]);
      return rows.map((row) => row.id);
    },
    async duePurge(at, limit) {
      const rows = await db.all(statements.duePurge, [at, limit]);
      return rows.map((row) => ({ id: row.id, organizationId: row.organization_id }));
    },
    async sealedOf(versionId) {
      return (await db.one(statements.sealedOf, [versionId]))?.sealed ?? null;
    },
  };
}

export function secretRepository(db: Queryable): SecretRepository {
  return {
    ...secretReader(db),
    async insert(secret) {
      const inserted = await db.run(statements.insert, [
        secret.id,
        ...secretValues(secret),
        secret.organizationId,
        secret.createdAt,
        JSON.stringify(secret.createdBy),
        secret.lastReadAt,
      ]);
      if (inserted === 0) throw nameTaken();
      await insertLabels(db, secret);
      await insertConsumers(db, secret);
    },
    async update(secret, revision) {
      const before = await db.one(statements.selectors, [secret.id, revision]);
      if (before === undefined || !(await updateRow(db, secret, revision))) return false;
      if (before.labels !== jsonOrNull(secret.labels)) {
        await db.run(statements.removeLabels, [secret.id]);
        await insertLabels(db, secret);
      }
      if (before.consumers !== jsonOrNull(secret.consumers)) {
        await db.run(statements.removeConsumers, [secret.id]);
        await insertConsumers(db, secret);
      }
      return true;
    },
    async standing(id) {
      return (await db.one(statements.standing, [id])) ?? null;
    },
    async touchRead(id, at, unlessAfter) {
      await db.run(statements.touchRead, [id, at, unlessAfter]);
    },
    async rehome(ids, storeId) {
      for (let from = 0; from < ids.length; from += idsAtOnce) {
        const values: SqlValue[] = [storeId];
        const list = oneOf(ids.slice(from, from + idsAtOnce), parametersInto(values));
        const text = `UPDATE secrets SET store_id = $1, orphaned = 1 WHERE state = 'trashed' AND id IN ${list}`;
        await db.run(homeless(text), values);
      }
    },
    async purge(secret, at) {
      // What another writer changed since it was read is not what the caller decided to purge.
      const removed = await db.run(statements.remove, [secret.id, secret.revision]);
      if (removed === 0) {
        const elsewhere = await db.one(statements.lyingElsewhere, [secret.id, secret.revision]);
        if (elsewhere === undefined) throw new RunAgain("the secret changed");
      }
      await db.run(statements.forgetGrants, [secret.organizationId, secret.id]);
      if (removed === 0) return false;
      await db.run(statements.insertTombstone, [
        secret.id,
        secret.organizationId,
        secret.orphaned ? null : secret.storeId,
        secret.name,
        secret.createdAt,
        secret.updatedAt,
        at,
      ]);
      return true;
    },
    sweepTombstones: (before, limit) => db.run(statements.sweepTombstones, [before, limit]),
  };
}

async function updateRow(db: Queryable, secret: Secret, revision: number): Promise<boolean> {
  try {
    return (await db.run(statements.update, [secret.id, revision, ...secretValues(secret)])) === 1;
  } catch (error) {
    throw error instanceof UniqueViolation ? nameTaken() : error;
  }
}

async function insertLabels(db: Queryable, { id, labels }: Secret): Promise<void> {
  for (const [key, value] of Object.entries(labels ?? {})) {
    await db.run(statements.insertLabel, [id, key, value]);
  }
}

async function insertConsumers(db: Queryable, { id, consumers }: Secret): Promise<void> {
  for (const consumer of consumers ?? []) await db.run(statements.insertConsumer, [id, consumer]);
}
