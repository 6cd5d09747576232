// Services. The unique index, not a SELECT, decides about a name.
import type { Actor } from "../../core/caller.ts";
import type { ServiceReader, ServiceRepository } from "../../core/services/port.ts";
import { type Service, serviceNameTaken } from "../../core/services/service.ts";
import { type Queryable, sql, UniqueViolation } from "../sql.ts";
import { json, jsonOrNull, parsed, parsedOrNull } from "./columns.ts";
import { demandPlace } from "./places.ts";

interface ServiceRow {
  id: string;
  organization_id: string;
  name: string;
  stores: string | null;
  created_at: number;
  created_by: string;
}

const columns = "id, organization_id, name, stores, created_at, created_by";

export const statements = {
  byId: sql<ServiceRow>`SELECT ${columns} FROM services WHERE id = $2 AND organization_id = $1`,
  list: sql<ServiceRow>`
    SELECT ${columns} FROM services WHERE organization_id = $1 AND name > $2 ORDER BY name LIMIT $3`,
  insert: sql`
    INSERT INTO services (${columns}) VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (organization_id, name) DO NOTHING`,
  update: sql`UPDATE services SET name = $2, stores = $3 WHERE id = $1`,
  remove: sql`DELETE FROM services WHERE id = $1`,
};

function serviceOf(row: ServiceRow): Service {
  return {
    id: row.id,
    organizationId: row.organization_id,
    name: row.name,
    stores: parsedOrNull<readonly string[]>(row.stores),
    createdAt: row.created_at,
    createdBy: parsed<Actor>(row.created_by),
  };
}

export function serviceReader(db: Queryable): ServiceReader {
  return {
    async find(organizationId, id) {
      const row = await db.one(statements.byId, [organizationId, id]);
      return row === undefined ? null : serviceOf(row);
    },
    async list(organizationId, { after, limit }) {
      if (after !== null) demandPlace(after, "string");
      return (await db.all(statements.list, [organizationId, after?.key ?? "", limit])).map(serviceOf);
    },
  };
}

export function serviceRepository(db: Queryable): ServiceRepository {
  return {
    ...serviceReader(db),
    async insert({ id, organizationId, name, stores, createdAt, createdBy }) {
      const values = [id, organizationId, name, jsonOrNull(stores), createdAt, json(createdBy)];
      if ((await db.run(statements.insert, values)) === 0) throw serviceNameTaken();
    },
    async update({ id, name, stores }) {
      try {
        await db.run(statements.update, [id, name, jsonOrNull(stores)]);
      } catch (error) {
        throw error instanceof UniqueViolation ? serviceNameTaken({ cause: error }) : error;
      }
    },
    async remove(id) {
      await db.run(statements.remove, [id]);
    },
  };
}
