// The embedded database as what a backup is made of, and as what one is restored into. A snapshot is read
// over a connection of its own, beside the server; a restore fills a file that no server has opened.
import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { CofferError } from "../../core/errors.ts";
import { sqliteTypes } from "../migrate.ts";
import { type Statement, sql } from "../sql.ts";
import { SqliteConnection } from "../sqlite/connection.ts";
import type { Column, Kind, Row, Table } from "./format.ts";
import type { Target } from "./restore.ts";
import { carried, type FoundTable } from "./tables.ts";
import type { Snapshot } from "./write.ts";

/** How long to wait for a server that is just recovering its write-ahead log. */
const busyMs = 5_000;
const pageRows = 500;
/** A restore walks many indexes at once. */
const targetCacheKiB = 65_536;

/** Throws where there is no installation to be found. */
export function sqliteSnapshot(file: string): Snapshot {
  if (!existsSync(file)) throw noDatabase(`There is no database ${file}.`);
  const db = new DatabaseSync(file, { readOnly: true, timeout: busyMs });
  const all = (text: string) => db.prepare(text).all();
  try {
    db.exec("BEGIN");
    const tables = carried(foundTables(all));
    if (!tables.some(({ name }) => name === "installation"))
      throw noDatabase(`${file} is no Coffer database.`);
    const [installation] = all("SELECT id FROM installation");
    if (installation === undefined) throw noDatabase(`${file} holds no installation yet.`);
    return {
      installation: String(installation.id),
      migrations: all("SELECT id FROM migrations ORDER BY id").map(({ id }) => String(id)),
      tables,
      async *rows(table) {
        const statement = db.prepare(`SELECT ${columnsOf(table)} FROM ${table.name}`);
        statement.setReturnArrays(true);
        let page: Row[] = [];
        for (const row of statement.iterate()) {
          const cells: unknown = row;
          page.push(cells as Row);
          if (page.length < pageRows) continue;
          yield page;
          page = [];
        }
        if (page.length > 0) yield page;
      },
      close: async () => db.close(),
    };
  } catch (error) {
    db.close();
    throw error;
  }
}

/** A file that is thrown away unless all of it comes to its end: no log is written, and nothing synced. */
export function sqliteTarget(file: string): Target & { close(): void } {
  const connection = new SqliteConnection(file, {
    readOnly: false,
    cacheKiB: targetCacheKiB,
    busyMs,
    unsafely: true,
  });
  const inserts = new Map<string, Statement<unknown>>();
  connection.begin();
  return {
    db: connection,
    types: sqliteTypes,
    exec: async (text) => connection.exec(text),
    async tables() {
      const named = await connection.all(sql<{ name: string }>`${tableNames}`, []);
      const found: FoundTable[] = [];
      for (const { name } of named) {
        const columns = await connection.all(sql<ColumnRow>`${columnsQuery(name)}`, []);
        const references = await connection.all(sql<{ table: string }>`${referencesQuery(name)}`, []);
        found.push(foundTable(name, columns, references));
      }
      return found;
    },
    async insert(table, rows) {
      const statement = inserts.get(table.name) ?? insertInto(table);
      inserts.set(table.name, statement);
      for (const row of rows) await connection.run(statement, row);
    },
    commit: async () => connection.commit(),
    close: () => connection.close(),
  };
}

const tableNames =
  "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name";
const columnsQuery = (table: string) => `SELECT name, type FROM pragma_table_info('${table}') ORDER BY cid`;
const referencesQuery = (table: string) => `SELECT "table" FROM pragma_foreign_key_list('${table}')`;

interface ColumnRow {
  readonly name: string;
  readonly type: string;
}

const kinds: Readonly<Record<string, Kind>> = {
  INTEGER: "integer",
  BIGINT: "integer",
  TEXT: "text",
  BLOB: "bytes",
};

function foundTables(all: (text: string) => readonly unknown[]): FoundTable[] {
  const names = all(tableNames) as { name: string }[];
  return names.map(({ name }) =>
    foundTable(
      name,
      all(columnsQuery(name)) as ColumnRow[],
      all(referencesQuery(name)) as { table: string }[],
    ),
  );
}

function foundTable(
  name: string,
  rows: readonly ColumnRow[],
  references: readonly { readonly table: string }[],
): FoundTable {
  const columns = rows.map(({ name: column, type }): Column => {
    const kind = kinds[type];
    if (kind === undefined) throw new Error(`the column ${name}.${column} is ${type}`);
    return { name: column, kind };
  });
  return { name, columns, references: references.map(({ table }) => table) };
}

function columnsOf({ columns }: Table): string {
  return columns.map(({ name }) => `"${name}"`).join(", ");
}

function insertInto(table: Table): Statement<unknown> {
  const places = table.columns.map((_, index) => `$${index + 1}`).join(", ");
  return sql`INSERT INTO ${table.name} (${columnsOf(table)}) VALUES (${places})`;
}

function noDatabase(message: string): CofferError {
  return new CofferError("storage.unavailable", message);
}
