// Stores by id and slug within their organization. The unique index, not a SELECT, decides a clash.
import type { Actor } from "../../core/caller.ts";
import { CofferError } from "../../core/errors.ts";
import type { StorePage, StoreReader, StoreRepository } from "../../core/ports.ts";
import type { Attributes, Store, StoreOrder } from "../../core/stores/store.ts";
import { type Queryable, type SqlValue, sql, UniqueViolation } from "../sql.ts";
import { json, parsed } from "./columns.ts";
import { oneOfIds, type Parameter, type Prepared, parametersInto, shapesOf } from "./shapes.ts";

interface StoreRow {
  id: string;
  organization_id: string;
  slug: string;
  name: string;
  attributes: string;
  created_at: number;
  created_by: string;
  updated_at: number | null;
  revision: number;
  backend: string;
}

const columns =
  "id, organization_id, slug, name, attributes, created_at, created_by, updated_at, revision, backend";

export const statements = {
  byId: sql<StoreRow>`SELECT ${columns} FROM stores WHERE id = $2 AND organization_id = $1`,
  bySlug: sql<StoreRow>`SELECT ${columns} FROM stores WHERE organization_id = $1 AND slug = $2`,
  // The slug itself and what follows it after a hyphen, as one range of the index each.
  slugs: sql<{ slug: string }>`
    SELECT slug FROM stores
    WHERE organization_id = $1 AND (slug = $2 OR (slug > $3 AND slug < $4))
    ORDER BY slug`,
  hasName: sql<{ id: string }>`SELECT id FROM stores WHERE organization_id = $1 AND name = $2 LIMIT 1`,
  insert: sql`
    INSERT INTO stores (${columns}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
    ON CONFLICT (organization_id, slug) DO NOTHING`,
  update: sql`
    UPDATE stores SET slug = $2, name = $3, attributes = $4, updated_at = $5, revision = $6, backend = $7
    WHERE id = $1 AND revision = $8`,
  remove: sql`DELETE FROM stores WHERE id = $1`,
};

const lists = shapesOf<StoreRow>();
const counts = shapesOf<{ count: number }>();

const sortKeys: Readonly<Record<StoreOrder["by"], string>> = {
  name: "name",
  created: "created_at",
  updated: "COALESCE(updated_at, created_at)",
};

export function listStatement(organizationId: string, page: StorePage): Prepared<StoreRow> {
  const values: SqlValue[] = [];
  const parameter = parametersInto(values);
  const { after, offset, limit, only, order } = page;
  const conditions = [scopeOf(organizationId, only, parameter)];
  if (after !== null) conditions.push(`slug > ${parameter(after)}`);
  const text = [
    `SELECT ${columns} FROM stores WHERE ${conditions.join(" AND ")}`,
    `ORDER BY ${order === undefined ? "slug" : sorted(order)}`,
    `LIMIT ${parameter(limit)} OFFSET ${parameter(offset)}`,
  ].join(" ");
  return { statement: lists(text), values };
}

function sorted({ by, direction }: StoreOrder): string {
  const way = direction === "asc" ? "ASC" : "DESC";
  return `${sortKeys[by]} ${way}, id ${way}`;
}

export function countStatement(
  organizationId: string,
  only: readonly string[] | null,
): Prepared<{ count: number }> {
  const values: SqlValue[] = [];
  const scope = scopeOf(organizationId, only, parametersInto(values));
  return { statement: counts(`SELECT COUNT(*) AS count FROM stores WHERE ${scope}`), values };
}

function scopeOf(organizationId: string, only: readonly string[] | null, parameter: Parameter): string {
  const all = `organization_id = ${parameter(organizationId)}`;
  return only === null ? all : `${all} AND id IN ${oneOfIds(only, parameter)}`;
}

function storeOf(row: StoreRow): Store {
  return {
    id: row.id,
    organizationId: row.organization_id,
    slug: row.slug,
    name: row.name,
    attributes: parsed<Attributes>(row.attributes),
    backend: row.backend,
    createdAt: row.created_at,
    createdBy: parsed<Actor>(row.created_by),
    updatedAt: row.updated_at,
    revision: row.revision,
  };
}

export function storeReader(db: Queryable): StoreReader {
  return {
    async find(organizationId, ref) {
      const row =
        "id" in ref
          ? await db.one(statements.byId, [organizationId, ref.id])
          : await db.one(statements.bySlug, [organizationId, ref.slug]);
      return row === undefined ? null : storeOf(row);
    },
    async slugs(organizationId, slug) {
      // "." is the character after "-".
      const rows = await db.all(statements.slugs, [organizationId, slug, `${slug}-`, `${slug}.`]);
      return rows.map((row) => row.slug);
    },
    async hasName(organizationId, name) {
      return (await db.one(statements.hasName, [organizationId, name])) !== undefined;
    },
    async list(organizationId, page) {
      const { statement, values } = listStatement(organizationId, page);
      return (await db.all(statement, values)).map(storeOf);
    },
    async count(organizationId, only) {
      const { statement, values } = countStatement(organizationId, only);
      return (await db.one(statement, values))?.count ?? 0;
    },
  };
}

export function storeRepository(db: Queryable): StoreRepository {
  return {
    ...storeReader(db),
    async insert(store) {
      const inserted = await db.run(statements.insert, [
        store.id,
        store.organizationId,
        store.slug,
        store.name,
        json(store.attributes),
        store.createdAt,
        json(store.createdBy),
        store.updatedAt,
        store.revision,
        store.backend,
      ]);
      if (inserted === 0) throw slugTaken();
    },
    async update({ id, slug, name, attributes, updatedAt, revision: next, backend }, revision) {
      const values = [id, slug, name, json(attributes), updatedAt, next, backend, revision];
      try {
        return (await db.run(statements.update, values)) === 1;
      } catch (error) {
        throw error instanceof UniqueViolation ? slugTaken(error) : error;
      }
    },
    async remove(id) {
      await db.run(statements.remove, [id]);
    },
  };
}

function slugTaken(cause?: UniqueViolation): CofferError {
  const options = cause === undefined ? {} : { cause };
  return new CofferError(
    "store.slug_taken",
    "Another store of the organization has that slug.",
    { field: "slug" },
    options,
  );
}
