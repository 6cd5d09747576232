// Machines by id and by name, which several may share.
import type { Actor } from "../../core/caller.ts";
import type { Machine } from "../../core/machines/machine.ts";
import type { MachineReader, MachineRepository } from "../../core/machines/port.ts";
import { type Queryable, type SqlValue, sql } from "../sql.ts";
import { json, parsed } from "./columns.ts";
import { demandPlace } from "./places.ts";
import { oneOfIds, type Prepared, parametersInto, shapesOf } from "./shapes.ts";

interface MachineRow {
  id: string;
  organization_id: string;
  name: string;
  created_at: number;
  created_by: string;
  changed_at: number;
}

const columns = "id, organization_id, name, created_at, created_by, changed_at";

export const statements = {
  byId: sql<MachineRow>`SELECT ${columns} FROM machines WHERE id = $2 AND organization_id = $1`,
  insert: sql`INSERT INTO machines (${columns}) VALUES ($1, $2, $3, $4, $5, $6)`,
  rename: sql`UPDATE machines SET name = $2, changed_at = $3 WHERE id = $1`,
  touch: sql`UPDATE machines SET changed_at = $2 WHERE id = $1`,
  remove: sql`DELETE FROM machines WHERE id = $1`,
};

const lists = shapesOf<MachineRow>();

export function listStatement(
  organizationId: string,
  { after, limit, only }: Parameters<MachineReader["list"]>[1],
): Prepared<MachineRow> {
  const values: SqlValue[] = [];
  const parameter = parametersInto(values);
  const conditions = [
    // `|| ''` keeps SQLite from walking all machines of the organization where a few are named.
    `${only === null ? "organization_id" : "organization_id || ''"} = ${parameter(organizationId)}`,
    `(name, id) > (${parameter(after?.key ?? "")}, ${parameter(after?.id ?? "")})`,
    ...(only === null ? [] : [`id IN ${oneOfIds(only, parameter)}`]),
  ].join(" AND ");
  const text = `SELECT ${columns} FROM machines WHERE ${conditions} ORDER BY name, id LIMIT ${parameter(limit)}`;
  return { statement: lists(text), values };
}

function machineOf(row: MachineRow): Machine {
  return {
    id: row.id,
    organizationId: row.organization_id,
    name: row.name,
    createdAt: row.created_at,
    createdBy: parsed<Actor>(row.created_by),
    changedAt: row.changed_at,
  };
}

export function machineReader(db: Queryable): MachineReader {
  return {
    async find(organizationId, id) {
      const row = await db.one(statements.byId, [organizationId, id]);
      return row === undefined ? null : machineOf(row);
    },
    async list(organizationId, page) {
      if (page.after !== null) demandPlace(page.after, "string");
      const { statement, values } = listStatement(organizationId, page);
      return (await db.all(statement, values)).map(machineOf);
    },
  };
}

export function machineRepository(db: Queryable): MachineRepository {
  return {
    ...machineReader(db),
    async insert({ id, organizationId, name, createdAt, createdBy, changedAt }) {
      await db.run(statements.insert, [id, organizationId, name, createdAt, json(createdBy), changedAt]);
    },
    async rename(id, name, at) {
      await db.run(statements.rename, [id, name, at]);
    },
    async touch(id, at) {
      await db.run(statements.touch, [id, at]);
    },
    async remove(id) {
      await db.run(statements.remove, [id]);
    },
  };
}
