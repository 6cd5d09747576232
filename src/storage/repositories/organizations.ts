// Organizations with their counters. `advance` is where the order of the change feed is made.
import { CofferError, RunAgain } from "../../core/errors.ts";
import type { Organization, TrashRule } from "../../core/organizations/organization.ts";
import type { OrganizationReader, OrganizationRepository } from "../../core/ports.ts";
import { type Queryable, sql } from "../sql.ts";
import { flag } from "./columns.ts";

interface OrganizationRow {
  id: string;
  slug: string;
  name: string;
  custody: Organization["custody"];
  trash: TrashRule;
  members_create: number;
  limit_secrets: number | null;
  limit_stores: number | null;
  secrets: number;
  stores: number;
  default_store_id: string;
  revision: number;
  created_at: number;
}

const columns = `o.id, o.slug, o.name, o.custody, o.trash, o.members_create, o.limit_secrets, o.limit_stores,
  o.secrets, o.stores, o.default_store_id, o.revision, o.created_at`;

export const statements = {
  byId: sql<OrganizationRow>`SELECT ${columns} FROM organizations o WHERE o.id = $1 AND o.deleted_at IS NULL`,
  bySlug: sql<OrganizationRow>`SELECT ${columns} FROM organizations o WHERE o.slug = $1 AND o.deleted_at IS NULL`,
  listFor: sql<OrganizationRow>`
    SELECT ${columns} FROM organizations o JOIN memberships m ON m.organization_id = o.id
    WHERE m.person_id = $1 AND o.slug > $2 AND o.deleted_at IS NULL ORDER BY o.slug LIMIT $3`,
  // A clash is a row that was not inserted, not an error: on PostgreSQL an error would end the transaction.
  insert: sql`
    INSERT INTO organizations (id, slug, name, custody, trash, members_create, limit_secrets, limit_stores,
      secrets, stores, default_store_id, revision, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
    ON CONFLICT (slug) DO NOTHING`,
  update: sql`
    UPDATE organizations
    SET name = $2, trash = $3, members_create = $4, limit_secrets = $5, limit_stores = $6
    WHERE id = $1`,
  advance: sql<{ revision: number; secrets: number; stores: number }>`
    UPDATE organizations SET revision = revision + $2, secrets = secrets + $3, stores = stores + $4
    WHERE id = $1 AND deleted_at IS NULL
    RETURNING revision, secrets, stores`,
};

function organizationOf(row: OrganizationRow): Organization {
  return {
    id: row.id,
    slug: row.slug,
    name: row.name,
    custody: row.custody,
    trash: row.trash,
    membersCreate: row.members_create === 1,
    limits: { secrets: row.limit_secrets, stores: row.limit_stores },
    usage: { secrets: row.secrets, stores: row.stores },
    defaultStoreId: row.default_store_id,
    revision: row.revision,
    createdAt: row.created_at,
  };
}

export function organizationReader(db: Queryable): OrganizationReader {
  return {
    async find(ref) {
      const row =
        "id" in ref ? await db.one(statements.byId, [ref.id]) : await db.one(statements.bySlug, [ref.slug]);
      return row === undefined ? null : organizationOf(row);
    },
    async listFor(personId, { after, limit }) {
      return (await db.all(statements.listFor, [personId, after ?? "", limit])).map(organizationOf);
    },
  };
}

export function organizationRepository(db: Queryable): OrganizationRepository {
  return {
    ...organizationReader(db),
    async insert(organization) {
      const inserted = await db.run(statements.insert, [
        organization.id,
        organization.slug,
        organization.name,
        organization.custody,
        organization.trash,
        flag(organization.membersCreate),
        organization.limits.secrets,
        organization.limits.stores,
        organization.usage.secrets,
        organization.usage.stores,
        organization.defaultStoreId,
        organization.revision,
        organization.createdAt,
      ]);
      if (inserted === 0) throw slugTaken();
    },
    async update(id, { name, trash, membersCreate, limits }) {
      const values = [id, name, trash, flag(membersCreate), limits.secrets, limits.stores];
      await db.run(statements.update, values);
    },
    async advance(id, by) {
      const row = await db.one(statements.advance, [id, by.revisions, by.secrets, by.stores]);
      // It was there when the body began: another node has deleted it.
      if (row === undefined) throw new RunAgain(`no organization ${id} to advance`);
      return { revision: row.revision, secrets: row.secrets, stores: row.stores };
    },
  };
}

function slugTaken(): CofferError {
  return new CofferError("organization.slug_taken", "Another organization has that slug.", { field: "slug" });
}
