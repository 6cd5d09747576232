// Organizations that are deleted, until the last of their rows is gone. What has secrets in it goes by
// the repository of secrets, one by one; all else goes here, in an order that no foreign key forbids.
import type { Custody } from "../../core/organizations/organization.ts";
import type { EndedReader, EndedRepository } from "../../core/organizations/port.ts";
import { type Queryable, type Statement, sql } from "../sql.ts";

export const statements = {
  list: sql<{ id: string }>`
    SELECT id FROM organizations WHERE deleted_at IS NOT NULL AND id > $1 ORDER BY id LIMIT $2`,
  // A slug never has the form of an id, so this one is in nobody's way.
  begin: sql`
    UPDATE organizations SET deleted_at = $2, slug = id WHERE id = $1 AND deleted_at IS NULL`,
  endRotation: sql`DELETE FROM key_rotations WHERE organization_id = $1`,
  secrets: sql<{ id: string }>`SELECT id FROM secrets WHERE organization_id = $1 LIMIT $2`,
  take: sql<{ custody: Custody; revision: number }>`
    UPDATE organizations SET revision = revision + $2 WHERE id = $1 AND deleted_at IS NOT NULL
    RETURNING custody, revision`,

  tokens: sql`DELETE FROM tokens WHERE id IN (SELECT id FROM tokens WHERE organization_id = $1 LIMIT $2)`,
  jobs: sql`DELETE FROM jobs WHERE id IN (SELECT id FROM jobs WHERE organization_id = $1 LIMIT $2)`,
  trusts: sql`DELETE FROM trusts WHERE id IN (SELECT id FROM trusts WHERE organization_id = $1 LIMIT $2)`,
  grants: sql`
    DELETE FROM grants WHERE (subject_id, object_id, subject_kind, object_kind) IN (
      SELECT subject_id, object_id, subject_kind, object_kind FROM grants WHERE organization_id = $1 LIMIT $2)`,
  groupMembers: sql`
    DELETE FROM access_group_members WHERE (group_id, person_id) IN (
      SELECT m.group_id, m.person_id FROM access_groups g JOIN access_group_members m ON m.group_id = g.id
      WHERE g.organization_id = $1 LIMIT $2)`,
  groups: sql`
    DELETE FROM access_groups WHERE id IN (SELECT id FROM access_groups WHERE organization_id = $1 LIMIT $2)`,
  services: sql`
    DELETE FROM services WHERE id IN (SELECT id FROM services WHERE organization_id = $1 LIMIT $2)`,
  machines: sql`
    DELETE FROM machines WHERE id IN (SELECT id FROM machines WHERE organization_id = $1 LIMIT $2)`,
  invitations: sql`
    DELETE FROM invitations WHERE id IN (SELECT id FROM invitations WHERE organization_id = $1 LIMIT $2)`,
  memberships: sql`
    DELETE FROM memberships WHERE id IN (SELECT id FROM memberships WHERE organization_id = $1 LIMIT $2)`,
  changes: sql`
    DELETE FROM changes WHERE organization_id = $1 AND revision IN (
      SELECT revision FROM changes WHERE organization_id = $1 ORDER BY revision LIMIT $2)`,
  documents: sql`
    DELETE FROM documents WHERE id IN (SELECT id FROM documents WHERE organization_id = $1 LIMIT $2)`,
  stores: sql`DELETE FROM stores WHERE id IN (SELECT id FROM stores WHERE organization_id = $1 LIMIT $2)`,

  keys: sql`DELETE FROM keys WHERE organization_id = $1`,
  epoch: sql`DELETE FROM access_epochs WHERE scope = $1`,
  organization: sql`DELETE FROM organizations WHERE id = $1 AND deleted_at IS NOT NULL`,
};

/** Tokens before the trusts that they came by, jobs and documents before their stores, members before their groups. */
const inOrder: readonly Statement<never>[] = [
  statements.tokens,
  statements.jobs,
  statements.trusts,
  statements.grants,
  statements.groupMembers,
  statements.groups,
  statements.services,
  statements.machines,
  statements.invitations,
  statements.memberships,
  statements.changes,
  statements.documents,
  statements.stores,
];

export function endedReader(db: Queryable): EndedReader {
  return {
    async list({ after, limit }) {
      return (await db.all(statements.list, [after ?? "", limit])).map(({ id }) => id);
    },
  };
}

export function endedRepository(db: Queryable): EndedRepository {
  return {
    ...endedReader(db),
    async begin(organizationId, at) {
      await db.run(statements.begin, [organizationId, at]);
      await db.run(statements.endRotation, [organizationId]);
    },
    async holdsSecrets(organizationId) {
      return (await db.one(statements.secrets, [organizationId, 1])) !== undefined;
    },
    async take(organizationId, revisions) {
      return (await db.one(statements.take, [organizationId, revisions])) ?? null;
    },
    async secrets(organizationId, limit) {
      return (await db.all(statements.secrets, [organizationId, limit])).map(({ id }) => id);
    },
    async removeRows(organizationId, limit) {
      for (const statement of inOrder) {
        const removed = await db.run(statement, [organizationId, limit]);
        if (removed > 0) return removed;
      }
      return 0;
    },
    async removeLast(organizationId) {
      await db.run(statements.endRotation, [organizationId]);
      await db.run(statements.keys, [organizationId]);
      await db.run(statements.epoch, [organizationId]);
      await db.run(statements.organization, [organizationId]);
    },
  };
}
