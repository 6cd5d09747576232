// Every statement is compiled on both migrated engines: a misspelt column, or a parameter whose type
// PostgreSQL cannot tell, fails here within a second instead of in somebody's request.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LabelRequirement, SecretFilter } from "../../src/core/secrets/filter.ts";
import { secretOrders } from "../../src/core/secrets/filter.ts";
import { countStatement, listStatement } from "../../src/storage/repositories/secret-list.ts";
import { listStatement as storeListStatement } from "../../src/storage/repositories/stores.ts";
import { type Statement, sql } from "../../src/storage/sql.ts";
import { engines } from "../support/engines.ts";
import { type Connection, openSqlite } from "../support/queryable.ts";

const folder = join(import.meta.dirname, "../../src/storage/repositories");
const sources = readdirSync(folder).filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"));

/** Everything that is written as a statement in a repository, with the name it has there. */
async function written(): Promise<[string, Statement<unknown>][]> {
  const found: [string, Statement<unknown>][] = [];
  for (const source of sources) {
    const module: { statements?: Record<string, Statement<unknown>> } = await import(join(folder, source));
    for (const [name, statement] of Object.entries(module.statements ?? {})) {
      found.push([`${source}: ${name}`, statement]);
    }
  }
  return found;
}

const label = (operator: LabelRequirement["operator"], ...values: string[]): LabelRequirement => ({
  key: "team",
  operator,
  values,
});

const everyLabel = [
  label("in", "a", "b", "c"),
  label("not in", "a"),
  label("exists"),
  label("not exists"),
  label("in"),
];

/** Every kind of condition alone and all of them together, in every scope, state, order and direction. */
function* shapes(): Generator<[string, Statement<unknown>]> {
  const plain: Omit<SecretFilter, "state" | "storeIds"> = {
    organizationId: "o",
    search: null,
    labels: [],
    consumersAnyOf: null,
  };
  const full = { ...plain, search: "a", labels: everyLabel, consumersAnyOf: ["a", "b", "c"] };
  const single = [
    { ...plain, search: "a" },
    ...everyLabel.map((requirement) => ({ ...plain, labels: [requirement] })),
    ...[[], ["a"], ["a", "b", "c"]].map((consumersAnyOf) => ({ ...plain, consumersAnyOf })),
  ];
  const wheres = [null, ["s"], ["s", "t", "u"], []].flatMap((storeIds) =>
    (["active", "trashed"] as const).map((state) => ({ storeIds, state })),
  );
  for (const where of wheres) {
    for (const conditions of [plain, full, ...single]) {
      const filter = { ...conditions, ...where };
      yield [`count ${JSON.stringify(filter)}`, countStatement(filter).statement];
    }
    for (const order of secretOrders) {
      for (const direction of ["asc", "desc"] as const) {
        const key = order === "name" || order === "description" ? "k" : 1;
        for (const after of [null, { key, id: "i" }]) {
          for (const conditions of after === null ? [plain, full, ...single] : [plain, full]) {
            const filter = { ...conditions, ...where };
            const query = { filter, order, direction, after, offset: 0, limit: 1 };
            yield [`list ${JSON.stringify(query)}`, listStatement(query).statement];
          }
        }
      }
    }
  }
  for (const only of [null, [], ["a"], ["a", "b", "c"]]) {
    const { statement } = storeListStatement("o", { after: null, limit: 1, only });
    yield [`stores ${JSON.stringify(only)}`, statement];
  }
}

test("a repository exports what it runs", async () => {
  const exported = await written();
  for (const source of sources) {
    const tagged = readFileSync(join(folder, source), "utf8").matchAll(/\bsql(<[^`]*>)?`(?!\$\{text\})/g);
    const names = exported.filter(([name]) => name.startsWith(`${source}:`));
    expect([source, names.length]).toEqual([source, [...tagged].length]);
  }
});

test("queries of one shape share one statement", () => {
  const query = (search: string, values: readonly string[]) => {
    const filter: SecretFilter = {
      organizationId: "o",
      storeIds: [search],
      state: "active",
      search,
      labels: [label("in", ...values)],
      consumersAnyOf: null,
    };
    return listStatement({ filter, order: "created", direction: "asc", after: null, offset: 0, limit: 1 });
  };
  const one = query("a", ["x", "y", "z"]);
  const other = query("b", ["1", "2", "3", "4"]);
  expect(other.statement).toBe(one.statement);
  expect(other.values).not.toEqual(one.values);
});

for (const engine of engines) {
  describe(`statements on ${engine.name}`, () => {
    let connection: Connection;
    beforeAll(async () => {
      connection = await engine.open();
    });
    afterAll(() => connection.close());

    test("every statement of every repository compiles", async () => {
      const statements = await written();
      expect(statements.length).toBeGreaterThan(70);
      for (const [name, statement] of statements) await expectCompiles(connection, name, statement);
    });

    test("every shape of a list compiles", async () => {
      for (const [name, statement] of shapes()) await expectCompiles(connection, name, statement);
    });

    test("a misspelt column does not", async () => {
      await expect(connection.prepare(sql`SELECT nmae FROM secrets`)).rejects.toThrow(/nmae/);
    });
  });
}

describe("on SQLite, without statistics", () => {
  let connection: Connection;
  beforeAll(async () => {
    connection = await openSqlite();
  });
  afterAll(() => connection.close());

  async function plan(statement: Statement<unknown>): Promise<string> {
    const rows = await connection.db.all(sql<{ detail: string }>`EXPLAIN QUERY PLAN ${statement.text}`, []);
    return rows.map((row) => row.detail).join("\n");
  }

  test("lists by creation, status and name walk an index in their order", async () => {
    for (const storeId of [null, "s"]) {
      const storeIds = storeId === null ? null : [storeId];
      for (const state of ["active", "trashed"] as const) {
        for (const order of ["created", "status", "name"] as const) {
          if (order === "name" && state === "trashed" && storeId !== null) continue; // trash is short
          for (const direction of ["asc", "desc"] as const) {
            const key = order === "name" ? "k" : 1;
            for (const after of [null, { key, id: "i" }]) {
              const filter = { organizationId: "o", storeIds, state, search: "a", labels: everyLabel };
              const query = { order, direction, after, offset: 0, limit: 1 };
              const { statement } = listStatement({ filter: { ...filter, consumersAnyOf: ["a"] }, ...query });
              expect(await plan(statement), statement.text).not.toMatch(/SCAN|TEMP B-TREE/);
            }
          }
        }
      }
    }
  });

  test("no other statement reads a whole table that grows with its use", async () => {
    for (const [name, statement] of await written()) {
      expect(await plan(statement), name).not.toMatch(
        /SCAN (s|v|l|c|secrets|secret_\w+|changes|audit_entries|tombstones)\b/,
      );
    }
  });
});

async function expectCompiles(connection: Connection, name: string, statement: Statement<unknown>) {
  await expect(connection.prepare(statement), `${name}\n${statement.text}`).resolves.toBeUndefined();
}
