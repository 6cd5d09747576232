// Grants: which subject holds which level on which object. It decides nothing.
import type {
  Grant,
  GrantObject,
  GrantSubject,
  HeldGrant,
  Level,
  ObjectKind,
  SubjectKind,
} from "../../core/grants/grant.ts";
import type { GrantFilter, GrantReader, GrantRepository } from "../../core/grants/port.ts";
import { type Queryable, type SqlValue, sql } from "../sql.ts";
import { type Prepared, parametersInto, shapesOf } from "./shapes.ts";

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
  // CROSS JOIN keeps SQLite to this order: it would rather walk all grants of the organization.
  heldByPerson: sql<HeldRow>`
    SELECT object_kind, object_id, level, CAST(NULL AS TEXT) AS group_name FROM grants
    WHERE subject_kind = 'person' AND subject_id = $2 AND organization_id = $1
    UNION ALL
    SELECT g.object_kind, g.object_id, g.level, a.name AS group_name
    FROM access_group_members m
    CROSS JOIN access_groups a
    CROSS JOIN grants g
    WHERE m.person_id = $2 AND m.organization_id = $1
      AND a.id = m.group_id AND g.subject_id = a.id AND g.subject_kind = 'group' AND g.organization_id = $1`,
  heldByMachine: sql<HeldRow>`
    SELECT object_kind, object_id, level, CAST(NULL AS TEXT) AS group_name FROM grants
    WHERE subject_kind = 'machine' AND subject_id = $2 AND organization_id = $1`,
  // Where a subject is named, `|| ''` keeps SQLite from walking all grants of the organization instead.
  find: sql<{ level: Level }>`
    SELECT level FROM grants
    WHERE organization_id = $1 AND subject_kind = $2 AND subject_id = $3 AND object_kind = $4 AND object_id = $5`,
  count: sql<{ of_subject: number; on_object: number }>`
    SELECT
      (SELECT COUNT(*) FROM (
        SELECT 1 FROM grants
        WHERE organization_id || '' = $1 AND subject_kind = $2 AND subject_id = $3 LIMIT $6) AS held) AS of_subject,
      (SELECT COUNT(*) FROM (
        SELECT 1 FROM grants
        WHERE organization_id = $1 AND object_kind = $4 AND object_id = $5 LIMIT $7) AS given) AS on_object`,
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

const lists = shapesOf<GrantRow>();

export function listStatement(
  organizationId: string,
  { subject, object, onMachines }: GrantFilter,
  { after, limit }: Parameters<GrantReader["list"]>[2],
): Prepared<GrantRow> {
  const values: SqlValue[] = [];
  const parameter = parametersInto(values);
  const place = [after?.object.kind, after?.object.id, after?.subject.kind, after?.subject.id];
  const conditions = [
    `${subject === null ? "organization_id" : "organization_id || ''"} = ${parameter(organizationId)}`,
    ...(subject === null
      ? []
      : [`subject_kind = ${parameter(subject.kind)} AND subject_id = ${parameter(subject.id)}`]),
    ...(object === null
      ? []
      : [`object_kind = ${parameter(object.kind)} AND object_id = ${parameter(object.id)}`]),
    ...(onMachines ? [] : ["object_kind <> 'machine'"]),
    ...(after === null
      ? []
      : [
          `(object_kind, object_id, subject_kind, subject_id) > (${place.map((part) => parameter(part ?? "")).join(", ")})`,
        ]),
  ].join(" AND ");
  const text = `
    SELECT subject_kind, subject_id, object_kind, object_id, level FROM grants WHERE ${conditions}
    ORDER BY object_kind, object_id, subject_kind, subject_id LIMIT ${parameter(limit)}`;
  return { statement: lists(text), values };
}

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
    async find(organizationId, subject, object) {
      const row = await db.one(statements.find, placesOf(organizationId, subject, object));
      return row?.level ?? null;
    },
    async list(organizationId, filter, page) {
      const { statement, values } = listStatement(organizationId, filter, page);
      return (await db.all(statement, values)).map(grantOf);
    },
    async count(organizationId, subject, object, upTo) {
      const values = [...placesOf(organizationId, subject, object), upTo.ofSubject, upTo.onObject];
      const row = await db.one(statements.count, values);
      return { ofSubject: row?.of_subject ?? 0, onObject: row?.on_object ?? 0 };
    },
  };
}

function placesOf(organizationId: string, subject: GrantSubject, object: GrantObject): readonly string[] {
  return [organizationId, subject.kind, subject.id, object.kind, object.id];
}

export function grantRepository(db: Queryable): GrantRepository {
  return {
    ...grantReader(db),
    async put(organizationId, { subject, object, level }, at) {
      const values = [subject.kind, subject.id, object.kind, object.id, organizationId, level, at];
      return (await db.run(statements.put, values)) > 0;
    },
    async remove(organizationId, subject, object) {
      return (await db.run(statements.remove, placesOf(organizationId, subject, object))) > 0;
    },
    async forgetSubject(organizationId, { kind, id }) {
      await db.run(statements.forgetSubject, [organizationId, kind, id]);
    },
    async forgetObject(organizationId, { kind, id }) {
      await db.run(statements.forgetObject, [organizationId, kind, id]);
    },
  };
}
