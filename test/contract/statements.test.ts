// Every statement is compiled on both migrated engines: a misspelt column, or a parameter whose type
// PostgreSQL cannot tell, fails here within a second instead of in somebody's request.
import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LabelRequirement, SecretFilter } from "../../src/core/secrets/filter.ts";
import { secretOrders } from "../../src/core/secrets/filter.ts";
import { statements as accessStatements } from "../../src/storage/repositories/access.ts";
import {
  listStatement as grantListStatement,
  statements as grantStatements,
} from "../../src/storage/repositories/grants.ts";
import { listStatement as machineListStatement } from "../../src/storage/repositories/machines.ts";
import { countStatement, listStatement } from "../../src/storage/repositories/secret-list.ts";
import {
  countStatement as storeCountStatement,
  listStatement as storeListStatement,
} from "../../src/storage/repositories/stores.ts";
import { idsStatement, listStatement as tokenListStatement } from "../../src/storage/repositories/tokens.ts";
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
        const key = ["name", "description", "id"].includes(order) ? "k" : 1;
        for (const after of [null, { key, id: "i" }]) {
          for (const conditions of after === null ? [plain, full, ...single] : [plain, full]) {
            const filter = { ...conditions, ...where };
            const query = { filter, order, direction, after, offset: 0, limit: 1 };
            yield [`list ${JSON.stringify(query)}`, listStatement(query).statement];
          }
        }
        const filter = { ...plain, search: "a", ...where };
        const query = { filter, order, direction, after: null, offset: 0, limit: 1, exactFirst: "a" };
        yield [`list ${JSON.stringify(query)}`, listStatement(query).statement];
      }
    }
  }
  for (const only of [null, [], ["a"], ["a", "b", "c"]]) {
    const { statement } = storeListStatement("o", { after: null, offset: 0, limit: 1, only });
    yield [`stores ${JSON.stringify(only)}`, statement];
    yield [`stores counted ${JSON.stringify(only)}`, storeCountStatement("o", only).statement];
  }
  for (const by of ["name", "created", "updated"] as const) {
    for (const direction of ["asc", "desc"] as const) {
      const page = { after: null, offset: 0, limit: 1, only: null, order: { by, direction } };
      yield [`stores by ${by} ${direction}`, storeListStatement("o", page).statement];
    }
  }
  for (const [of, statement] of tokenLists()) yield [`tokens ${of}`, statement];
  for (const [of, statement] of grantLists()) yield [`grants ${of}`, statement];
  for (const after of [null, { key: "n", id: "i" }]) {
    for (const only of [null, [], ["a"], ["a", "b", "c"]]) {
      const { statement } = machineListStatement("o", { after, limit: 1, only });
      yield [`machines ${JSON.stringify({ after, only })}`, statement];
    }
  }
}

function* grantLists(): Generator<[string, Statement<unknown>]> {
  const to = { kind: "group", id: "g" } as const;
  const on = { kind: "store", id: "s" } as const;
  for (const subject of [null, to]) {
    for (const object of [null, on]) {
      for (const onMachines of [true, false]) {
        for (const after of [null, { subject: to, object: on }]) {
          const filter = { subject, object, onMachines };
          const { statement } = grantListStatement("o", filter, { after, limit: 1 });
          yield [JSON.stringify({ filter, after }), statement];
        }
      }
    }
  }
}

function* tokenLists(): Generator<[string, Statement<unknown>]> {
  for (const organizationId of ["o", null]) {
    for (const principals of [null, ["a"], ["a", "b", "c"]]) {
      const of = { organizationId, principals };
      yield [JSON.stringify(of), tokenListStatement(of, { before: null, limit: 1 }).statement];
    }
  }
}

function* accessTokenIds(): Generator<[string, Statement<unknown>]> {
  for (const count of [0, 1, 3, 2_000]) {
    const ids = Array.from({ length: count }, () => randomUUID());
    yield [`access tokens among ${count}`, idsStatement("o", "m", ids).statement];
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
      for (const [name, statement] of [...shapes(), ...accessTokenIds()])
        await expectCompiles(connection, name, statement);
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

  test("a search reads an index, and no row before something in it was found", async () => {
    for (const storeIds of [null, ["s"]]) {
      const filter = { organizationId: "o", storeIds, state: "active", search: "a", labels: [] } as const;
      const query = { order: "created", direction: "asc", after: null, offset: 0, limit: 1 } as const;
      const { statement } = listStatement({ filter: { ...filter, consumersAnyOf: null }, ...query });
      const steps = await connection.db.all(
        sql<{ opcode: string; p1: number; p4: string | null }>`EXPLAIN ${statement.text}`,
        [],
      );
      const compared = steps.findIndex(({ opcode, p4 }) => opcode === "Function" && p4?.startsWith("like"));
      // What is opened with a description of its key is an index.
      const rows = steps.find(({ opcode, p4 }) => opcode === "OpenRead" && !p4?.startsWith("k("));
      const read = steps
        .slice(0, compared)
        .filter(({ opcode, p1 }) => opcode === "Column" && p1 === rows?.p1);
      expect([rows === undefined, compared > 0, read]).toEqual([false, true, []]);
    }
  });

  test("lists of tokens walk an index, those of all or of one in their order", async () => {
    for (const [of, statement] of tokenLists()) {
      if (of === '{"organizationId":null,"principals":null}') continue; // nobody may ask for it
      const steps = await plan(statement);
      expect(steps, of).toMatch(/SEARCH t USING INDEX tokens_(listed|of_principal)/);
      expect(steps, of).not.toMatch(/SCAN/);
      // Of several principals the rows are put in order: there are as many as they have tokens.
      if (!of.includes('"b"')) expect(steps, of).not.toMatch(/TEMP B-TREE/);
      else expect(steps, of).toMatch(/tokens_of_principal/);
    }
  });

  test("access tokens of a machine are found by their own rows", async () => {
    for (const [name, statement] of accessTokenIds())
      expect(await plan(statement), name).toMatch(/SEARCH tokens USING INDEX/);
  });

  test("who authenticates, and what he holds, is found by his own rows", async () => {
    const steps = await plan(accessStatements.credential);
    expect(steps).toMatch(/^SEARCH t USING INDEX sqlite_autoindex_tokens_1 \(id=\?\)/);
    for (const held of [grantStatements.heldByPerson, grantStatements.heldByMachine]) {
      const steps = await plan(held);
      expect(steps).toMatch(/SEARCH (g|grants) USING PRIMARY KEY \(subject_id=\?\)/);
      expect(steps).not.toMatch(/grants_on_object|SCAN/);
    }
  });

  test("grants of a subject, and the machines that somebody sees, are found by their own rows", async () => {
    expect(await plan(grantStatements.count)).toContain("SEARCH grants USING PRIMARY KEY (subject_id=?)");
    for (const [of, statement] of grantLists()) {
      const named = !of.startsWith('{"filter":{"subject":null');
      if (named) expect(await plan(statement), of).toMatch(/USING PRIMARY KEY \(subject_id=\?/);
      else expect(await plan(statement), of).not.toMatch(/TEMP B-TREE/);
    }
    const page = { after: null, limit: 1 };
    const few = machineListStatement("o", { ...page, only: ["a", "b"] });
    expect(await plan(few.statement)).toMatch(/^SEARCH machines USING INDEX sqlite_autoindex_machines_1/);
    const all = machineListStatement("o", { ...page, only: null });
    expect(await plan(all.statement)).toMatch(/^SEARCH machines USING INDEX machines_name/);
  });

  test("no other statement reads a whole table that grows with its use", async () => {
    for (const [name, statement] of await written()) {
      expect(await plan(statement), name).not.toMatch(
        /SCAN (s|v|l|c|t|j|secrets|secret_\w+|changes|audit_entries|tombstones|tokens|jobs|grants)\b/,
      );
    }
  });
});

async function expectCompiles(connection: Connection, name: string, statement: Statement<unknown>) {
  await expect(connection.prepare(statement), `${name}\n${statement.text}`).resolves.toBeUndefined();
}
