// Groups and who is in them. The unique index, not a SELECT, decides about a name.
import { type Group, type GroupMember, groupNameTaken } from "../../core/groups/group.ts";
import type { GroupReader, GroupRepository } from "../../core/groups/port.ts";
import { type Queryable, sql, UniqueViolation } from "../sql.ts";
import { demandPlace } from "./places.ts";

interface GroupRow {
  id: string;
  organization_id: string;
  name: string;
  created_at: number;
}

const columns = "id, organization_id, name, created_at";

export const statements = {
  byId: sql<GroupRow>`SELECT ${columns} FROM access_groups WHERE id = $2 AND organization_id = $1`,
  list: sql<GroupRow>`
    SELECT ${columns} FROM access_groups WHERE organization_id = $1 AND name > $2 ORDER BY name LIMIT $3`,
  members: sql<GroupMember>`
    SELECT p.id, p.name, p.email FROM access_group_members m JOIN people p ON p.id = m.person_id
    WHERE m.group_id = $1 AND m.person_id > $2 ORDER BY m.person_id LIMIT $3`,
  countMembers: sql<{ count: number }>`
    SELECT COUNT(*) AS count FROM access_group_members WHERE group_id = $1`,
  countOf: sql<{ count: number }>`
    SELECT COUNT(*) AS count FROM access_group_members WHERE person_id = $2 AND organization_id = $1`,
  insert: sql`
    INSERT INTO access_groups (${columns}) VALUES ($1, $2, $3, $4)
    ON CONFLICT (organization_id, name) DO NOTHING`,
  rename: sql`UPDATE access_groups SET name = $2 WHERE id = $1`,
  remove: sql`DELETE FROM access_groups WHERE id = $1`,
  addMember: sql`
    INSERT INTO access_group_members (group_id, person_id, organization_id, created_at)
    VALUES ($1, $2, $3, $4) ON CONFLICT (group_id, person_id) DO NOTHING`,
  removeMember: sql`DELETE FROM access_group_members WHERE group_id = $1 AND person_id = $2`,
};

function groupOf(row: GroupRow): Group {
  return { id: row.id, organizationId: row.organization_id, name: row.name, createdAt: row.created_at };
}

export function groupReader(db: Queryable): GroupReader {
  return {
    async find(organizationId, id) {
      const row = await db.one(statements.byId, [organizationId, id]);
      return row === undefined ? null : groupOf(row);
    },
    async list(organizationId, { after, limit }) {
      if (after !== null) demandPlace(after, "string");
      return (await db.all(statements.list, [organizationId, after?.key ?? "", limit])).map(groupOf);
    },
    async members(id, { after, limit }) {
      const rows = await db.all(statements.members, [id, after ?? "", limit]);
      return rows.map(({ id: person, name, email }) => ({ id: person, name, email }));
    },
    async countMembers(id) {
      return (await db.one(statements.countMembers, [id]))?.count ?? 0;
    },
    async countOf(organizationId, personId) {
      return (await db.one(statements.countOf, [organizationId, personId]))?.count ?? 0;
    },
  };
}

export function groupRepository(db: Queryable): GroupRepository {
  return {
    ...groupReader(db),
    async insert({ id, organizationId, name, createdAt }) {
      if ((await db.run(statements.insert, [id, organizationId, name, createdAt])) === 0)
        throw groupNameTaken();
    },
    async rename(id, name) {
      try {
        await db.run(statements.rename, [id, name]);
      } catch (error) {
        throw error instanceof UniqueViolation ? groupNameTaken({ cause: error }) : error;
      }
    },
    async addMember({ id, organizationId }, personId, at) {
      return (await db.run(statements.addMember, [id, personId, organizationId, at])) > 0;
    },
    async removeMember(id, personId) {
      return (await db.run(statements.removeMember, [id, personId])) > 0;
    },
    async remove(id) {
      await db.run(statements.remove, [id]);
    },
  };
}
