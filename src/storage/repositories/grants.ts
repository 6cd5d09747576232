// Grants: which subject holds which level on which object. It decides nothing.
import type { Grant, HeldGrant, Level, ObjectKind, SubjectKind } from "../../core/grants/grant.ts";
import type { GrantReader, GrantRepository } from "../../core/ports.ts";
import { type Queryable, sql } from "../sql.ts";

interface HeldRow {
  object_kind: ObjectKind;
  object_id: string;
  level: Level;
  group_name: string | null;
}

interface GrantRow {
  subject_kind: SubjectKind;
  subject_id: string;
  object_kind: ObjectKind;
  object_id: string;
  level: Level;
}

export const statements = {
  heldByPerson: sql<HeldRow>`
    SELECT object_kind, object_id, level, CAST(NULL AS TEXT) AS group_name FROM grants
    WHERE subject_kind = 'person' AND subject_id = $2 AND organization_id = $1
    UNION ALL
    SELECT g.object_kind, g.object_id, g.level, a.name AS group_name
    FROM access_group_members m
    JOIN access_groups a ON a.id = m.group_id
    JOIN grants g ON g.subject_id = m.group_id AND g.subject_kind = 'group'
    WHERE m.person_id = $2 AND m.organization_id = $1 AND g.organization_id = $1`,
  heldByMachine: sql<HeldRow>`
    SELECT object_kind, object_id, level, CAST(NULL AS TEXT) AS group_name FROM grants
    WHERE subject_kind = 'machine' AND subject_id = $2 AND organization_id = $1`,
  // A part that is not asked for is NULL; the casts tell PostgreSQL the type of such a parameter.
  list: sql<GrantRow>`
    SELECT subject_kind, subject_id, object_kind, object_id, level FROM grants
    WHERE organization_id = $1
      AND (CAST($2 AS TEXT) IS NULL OR (subject_kind = $2 AND subject_id = $3))
      AND (CAST($4 AS TEXT) IS NULL OR (object_kind = $4 AND object_id = $5))
      AND (object_kind, object_id, subject_kind, subject_id) > ($6, $7, $8, $9)
    ORDER BY object_kind, object_id, subject_kind, subject_id LIMIT $10`,
  put: sql`
    INSERT INTO grants (subject_kind, subject_id, object_kind, object_id, organization_id, level, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (subject_id, object_id, subject_kind, object_kind) DO UPDATE SET level = excluded.level
    WHERE grants.level <> excluded.level`,
  remove: sql`
    DELETE FROM grants
    WHERE organization_id = $1 AND subject_kind = $2 AND subject_id = $3 AND object_kind = $4 AND object_id = $5`,
  forgetSubject: sql`
    DELETE FROM grants WHERE organization_id = $1 AND subject_kind = $2 AND subject_id = $3`,
  forgetObject: sql`
    DELETE FROM grants WHERE organization_id = $1 AND object_kind = $2 AND object_id = $3`,
};

function heldOf(row: HeldRow): HeldGrant {
  return {
    object: { kind: row.object_kind, id: row.object_id },
    level: row.level,
    group: row.group_name,
  };
}

function grantOf(row: GrantRow): Grant {
  return {
    subject: { kind: row.subject_kind, id: row.subject_id },
    object: { kind: row.object_kind, id: row.object_id },
    level: row.level,
  };
}

export function grantReader(db: Queryable): GrantReader {
  return {
    async heldBy(organizationId, kind, id) {
      const statement = kind === "person" ? statements.heldByPerson : statements.heldByMachine;
      return (await db.all(statement, [organizationId, id])).map(heldOf);
    },
    async list(organizationId, { subject, object }, { after, limit }) {
      const rows = await db.all(statements.list, [
        organizationId,
        subject?.kind ?? null,
        subject?.id ?? null,
        object?.kind ?? null,
        object?.id ?? null,
        after?.object.kind ?? "",
        after?.object.id ?? "",
        after?.subject.kind ?? "",
        after?.subject.id ?? "",
        limit,
      ]);
      return rows.map(grantOf);
    },
  };
}

export function grantRepository(db: Queryable): GrantRepository {
  return {
    ...grantReader(db),
    async put(organizationId, { subject, object, level }, at) {
      const values = [subject.kind, subject.id, object.kind, object.id, organizationId, level, at];
      return (await db.run(statements.put, values)) > 0;
    },
    async remove(organizationId, subject, object) {
      const values = [organizationId, subject.kind, subject.id, object.kind, object.id];
      return (await db.run(statements.remove, values)) > 0;
    },
    async forgetSubject(organizationId, { kind, id }) {
      await db.run(statements.forgetSubject, [organizationId, kind, id]);
    },
    async forgetObject(organizationId, { kind, id }) {
      await db.run(statements.forgetObject, [organizationId, kind, id]);
    },
  };
}
