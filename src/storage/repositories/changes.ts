// The change feed as it lies in its table. Revisions come from organizations.advance.
import type { Change, ChangeKind } from "../../core/changes.ts";
import { limits } from "../../core/limits.ts";
import type { ChangeReader, ChangeRepository } from "../../core/ports.ts";
import type { Labels, Secret } from "../../core/secrets/secret.ts";
import { type Queryable, type SqlValue, sql } from "../sql.ts";
import { jsonOrNull, parsedOrNull } from "./columns.ts";
import { oneOfIds, type Prepared, parametersInto, shapesOf } from "./shapes.ts";

interface ChangeRow {
  organization_id: string;
  revision: number;
  at: number;
  kind: ChangeKind;
  store_id: string | null;
  store_slug: string | null;
  store_id_before: string | null;
  secret_id: string | null;
  name: string | null;
  labels_before: string | null;
  secret_after: string | null;
  name_before: string | null;
  concerns: string | null;
}

const columns = `organization_id, revision, at, kind, store_id, store_slug, store_id_before, secret_id, name,
  labels_before, secret_after, name_before, concerns`;

export const statements = {
  list: sql<ChangeRow>`
    SELECT ${columns} FROM changes WHERE organization_id = $1 AND revision > $2 ORDER BY revision LIMIT $3`,
  forgottenUpTo: sql<{ forgotten_revision: number }>`
    SELECT forgotten_revision FROM organizations WHERE id = $1`,
  append: sql`
    INSERT INTO changes (${columns}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
  // Three looks into the index, not one condition: SQLite would walk the feed of the organization.
  // The oldest that is still told; null where none was forgotten yet.
  oldestKept: sql<{ at: number }>`
    SELECT c.at FROM changes c JOIN organizations o ON o.id = c.organization_id
    WHERE c.organization_id = $1 AND o.forgotten_revision > 0 AND c.revision > o.forgotten_revision
    ORDER BY c.revision LIMIT 1`,
  accessChangedAt: sql<{ revision: number | null }>`
    SELECT MAX(revision) AS revision FROM (
      SELECT MAX(revision) AS revision FROM changes WHERE organization_id = $1 AND concerns = $1
      UNION ALL
      SELECT MAX(revision) FROM changes WHERE organization_id = $1 AND concerns = $2
      UNION ALL
      SELECT MAX(c.revision)
      FROM access_group_members m CROSS JOIN changes c
      WHERE m.person_id = $2 AND m.organization_id = $1
        AND c.organization_id = $1 AND c.concerns = m.group_id) latest`,
  pruneBound: sql<{ revision: number | null }>`
    SELECT MAX(revision) AS revision FROM (
      SELECT revision FROM changes
      WHERE organization_id = $1 AND revision <= $2 ORDER BY revision LIMIT $3) oldest`,
  prune: sql`DELETE FROM changes WHERE organization_id = $1 AND revision <= $2`,
  forget: sql`
    UPDATE organizations SET forgotten_revision = $2 WHERE id = $1 AND forgotten_revision < $2`,
};

function changeOf(row: ChangeRow): Change {
  return {
    organizationId: row.organization_id,
    revision: row.revision,
    at: row.at,
    kind: row.kind,
    storeId: row.store_id,
    storeSlug: row.store_slug,
    storeIdBefore: row.store_id_before,
    nameBefore: row.name_before,
    concerns: row.concerns,
    secretId: row.secret_id,
    name: row.name,
    labelsBefore: parsedOrNull<Labels>(row.labels_before),
    after: parsedOrNull<Secret>(row.secret_after),
  };
}

const moves = shapesOf<{ revision: number }>();

/** Newest first, so that what moved a moment ago ends the search at once. */
export function movedStatement(
  organizationId: string,
  since: number,
  { principalId, storeIds, secretIds }: Parameters<ChangeReader["movedSince"]>[2],
): Prepared<{ revision: number }> {
  const values: SqlValue[] = [];
  const parameter = parametersInto(values);
  const conditions = [`concerns IN (${parameter(principalId)}, ${parameter(organizationId)})`];
  if (storeIds === null) conditions.push("store_id IS NOT NULL");
  else if (storeIds.length > 0) {
    const stores = oneOfIds(storeIds, parameter);
    conditions.push(`store_id IN ${stores}`, `store_id_before IN ${stores}`);
  }
  if (secretIds.length > 0) conditions.push(`secret_id IN ${oneOfIds(secretIds, parameter)}`);
  const text = `SELECT revision FROM changes
    WHERE organization_id = ${parameter(organizationId)} AND at >= ${parameter(since)}
      AND (${conditions.join(" OR ")})
    ORDER BY revision DESC LIMIT 1`;
  return { statement: moves(text), values };
}

export function changeReader(db: Queryable): ChangeReader {
  return {
    async list(organizationId, since, limit) {
      return (await db.all(statements.list, [organizationId, since, limit])).map(changeOf);
    },
    async forgottenUpTo(organizationId) {
      return (await db.one(statements.forgottenUpTo, [organizationId]))?.forgotten_revision ?? 0;
    },
    async accessChangedAt(organizationId, principalId) {
      return (await db.one(statements.accessChangedAt, [organizationId, principalId]))?.revision ?? 0;
    },
    async movedSince(organizationId, since, of) {
      const oldest = await db.one(statements.oldestKept, [organizationId]);
      if (oldest !== undefined && oldest.at > since) return true;
      const { statement, values } = movedStatement(organizationId, since, of);
      return (await db.one(statement, values)) !== undefined;
    },
  };
}

export function changeRepository(db: Queryable): ChangeRepository {
  return {
    ...changeReader(db),
    async append(changes) {
      for (const change of changes) {
        await db.run(statements.append, [
          change.organizationId,
          change.revision,
          change.at,
          change.kind,
          change.storeId,
          change.storeSlug,
          change.storeIdBefore,
          change.secretId,
          change.name,
          jsonOrNull(change.labelsBefore),
          jsonOrNull(change.after),
          change.nameBefore,
          change.concerns,
        ]);
      }
    },
    async prune(organizationId, upTo) {
      const found = await db.one(statements.pruneBound, [organizationId, upTo, limits.changesPageMax]);
      const bound = found?.revision ?? null;
      if (bound === null) return;
      await db.run(statements.prune, [organizationId, bound]);
      await db.run(statements.forget, [organizationId, bound]);
    },
  };
}
