// Lists and counts of secrets, one statement per shape of a query.
// It knows no paging protocol, only positions, and nothing of who may see what.
// Keeps: each order is total and without NULLs, so pages neither skip a secret nor repeat one.

import type { LabelRequirement, SecretFilter, SecretOrder } from "../../core/secrets/filter.ts";
import type { SecretQuery } from "../../core/secrets/port.ts";
import { descriptionSortCharacters } from "../../core/secrets/position.ts";
import { fold } from "../../core/text.ts";
import { pausingAt, type SqlValue } from "../sql.ts";
import { demandPlace } from "./places.ts";
import { type SecretRow, secretColumns } from "./secret-rows.ts";
import { oneOf, oneOfIds, type Parameter, type Prepared, parametersInto, shapesOf } from "./shapes.ts";

/** The key of core/secrets/position.ts as each engine computes it. Never NULL: engines sort NULLs apart. */
const sortKeys: Readonly<Record<SecretOrder, string>> = {
  created: "s.created_at",
  updated: "COALESCE(s.updated_at, s.created_at)",
  name: "s.name",
  description: `COALESCE(substr(s.description, 1, ${descriptionSortCharacters}), '')`,
  status: "s.created_at",
  id: "s.id",
};

const textKeys: ReadonlySet<SecretOrder> = new Set<SecretOrder>(["name", "description", "id"]);

const lists = shapesOf<SecretRow>();
const counts = shapesOf<{ count: number }>();

/** Text, not a parameter, so that partial indexes serve too. */
const stateConditions = {
  active: "s.state = 'active'",
  trashed: "s.state = 'trashed'",
  deleting: "s.state = 'deleting'",
} as const;

export function listStatement(query: SecretQuery): Prepared<SecretRow> {
  const { conditions, values } = conditionsOf(query.filter);
  const parameter = parametersInto(values);
  const key = sortKeys[query.order];
  const direction = query.direction === "asc" ? "ASC" : "DESC";
  if (query.after !== null) {
    const sign = query.direction === "asc" ? ">" : "<";
    const { key: at, id } = query.after;
    demandPlace(query.after, textKeys.has(query.order) ? "string" : "number");
    conditions.push(`(${key}, s.id) ${sign} (${parameter(at)}, ${parameter(id)})`);
  }
  const first =
    query.exactFirst === undefined
      ? ""
      : `CASE WHEN s.name = ${parameter(query.exactFirst)} THEN 0 ELSE 1 END, `;
  const text = [
    `SELECT ${secretColumns} FROM secrets s`,
    `WHERE ${pausingAt("s")} ${conditions.join(" AND ")}`,
    `ORDER BY ${first}${key} ${direction}, s.id ${direction}`,
    `LIMIT ${parameter(query.limit)} OFFSET ${parameter(query.offset)}`,
  ].join(" ");
  return { statement: lists(text), values };
}

export function countStatement(filter: SecretFilter): Prepared<{ count: number }> {
  const { conditions, values } = conditionsOf(filter);
  const where = `WHERE ${pausingAt("s")} ${conditions.join(" AND ")}`;
  const text = `SELECT COUNT(*) AS count FROM secrets s ${where}`;
  return { statement: counts(text), values };
}

function conditionsOf(filter: SecretFilter): { conditions: string[]; values: SqlValue[] } {
  const values: SqlValue[] = [];
  const parameter = parametersInto(values);
  // Of a store alone: with the organization beside it the planner might walk the wider index.
  const [only, ...more] = filter.storeIds ?? [];
  const scope =
    only !== undefined && more.length === 0
      ? `s.store_id = ${parameter(only)}`
      : `s.organization_id = ${parameter(filter.organizationId)}`;
  const conditions = [scope, stateConditions[filter.state]];
  // It lies in the default store's rows, but it is not that store's.
  if (filter.state !== "active" && filter.storeIds !== null) conditions.push("s.orphaned = 0");
  if (filter.search !== null && filter.search !== "") {
    conditions.push(`s.search_text LIKE ${parameter(containing(filter.search))} ESCAPE '\\'`);
  }
  if (filter.names !== undefined) conditions.push(`s.name IN ${oneOf(filter.names, parameter)}`);
  if (filter.storeIds !== null && filter.storeIds.length !== 1) {
    conditions.push(`s.store_id IN ${oneOfIds(filter.storeIds, parameter)}`);
  }
  // In one order whatever the query's own, so that there are fewer shapes.
  for (const requirement of filter.labels.toSorted(byShape)) {
    conditions.push(labelCondition(requirement, parameter));
  }
  if (filter.consumersAnyOf !== null) {
    conditions.push(consumerCondition(filter.consumersAnyOf, parameter));
  }
  return { conditions, values };
}

/** A pattern for "contains", with the characters that mean something in patterns taken literally. */
function containing(search: string): string {
  return `%${fold(search).replace(/[\\%_]/g, "\\$&")}%`;
}

function byShape(a: LabelRequirement, b: LabelRequirement): number {
  if (a.operator !== b.operator) return a.operator < b.operator ? -1 : 1;
  return a.values.length - b.values.length;
}

function labelCondition({ key, operator, values }: LabelRequirement, parameter: Parameter): string {
  const some = `EXISTS (SELECT 1 FROM secret_labels l WHERE l.secret_id = s.id AND l.key = ${parameter(key)}`;
  switch (operator) {
    case "exists":
      return `${some})`;
    case "not exists":
      return `NOT ${some})`;
    case "in":
      return `${some} AND l.value IN ${oneOf(values, parameter)})`;
    case "not in":
      return `NOT ${some} AND l.value IN ${oneOf(values, parameter)})`;
  }
}

function consumerCondition(consumers: readonly string[], parameter: Parameter): string {
  return `EXISTS (SELECT 1 FROM secret_consumers c
    WHERE c.secret_id = s.id AND c.consumer IN ${oneOf(consumers, parameter)})`;
}
