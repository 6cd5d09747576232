// The shared database as what a backup is made of, and as what one is restored into: each over one
// connection and in one transaction. Servers may run beside a snapshot; a restore wants nobody there.
import type pg from "pg";
import { systemClock } from "../../core/clock.ts";
import { CofferError } from "../../core/errors.ts";
import { engineLimits, silentLog, unavailable } from "../engine.ts";
import { postgresTypes } from "../migrate.ts";
import { serverClock } from "../postgres/clock.ts";
import { connect } from "../postgres/connect.ts";
import { Primary } from "../postgres/primary.ts";
import type { Column, Kind, Row, Table } from "./format.ts";
import type { Target } from "./restore.ts";
import { carried, type FoundTable } from "./tables.ts";
import type { Snapshot } from "./write.ts";

/** Values are bounded at 64 KiB, so a page of them is at most some tens of megabytes. */
const pageRows = 500;

export async function postgresSnapshot(url: string): Promise<Snapshot> {
  const { client, end } = await reached(url);
  const all = async <R extends pg.QueryResultRow>(text: string) => (await client.query<R>(text)).rows;
  try {
    await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    const tables = carried(await foundTables(client));
    if (!tables.some(({ name }) => name === "installation")) throw refused("is no Coffer database");
    const [installation] = await all<{ id: string }>("SELECT id FROM installation");
    if (installation === undefined) throw refused("holds no installation yet");
    const migrations = await all<{ id: string }>('SELECT id FROM migrations ORDER BY id COLLATE "C"');
    return {
      installation: installation.id,
      migrations: migrations.map(({ id }) => id),
      tables,
      async *rows(table) {
        await client.query(`DECLARE page NO SCROLL CURSOR FOR SELECT ${columnsOf(table)} FROM ${table.name}`);
        for (;;) {
          const query = { text: `FETCH ${pageRows} FROM page`, rowMode: "array" } as const;
          const { rows } = await client.query<SnapshotRow>(query);
          if (rows.length > 0) yield rows;
          if (rows.length < pageRows) break;
        }
        await client.query("CLOSE page");
      },
      close: end,
    };
  } catch (error) {
    await end();
    throw error;
  }
}

type SnapshotRow = (string | number | null | Uint8Array)[];

/** Throws unless the database is empty. Closing it without a commit leaves it so. */
export async function postgresTarget(url: string): Promise<Target & { close(): Promise<void> }> {
  const { session, client, end } = await reached(url);
  try {
    // The lock of migrations: a node that starts right now waits, and then finds an installation.
    await session.exec("SELECT pg_advisory_lock(hashtextextended('coffer migrations', 0))");
    await session.begin();
    if ((await foundTables(client)).length > 0)
      throw refused("is not empty; a restore goes into an empty one");
    return {
      db: session,
      types: postgresTypes,
      exec: async (text) => void (await session.exec(text)),
      tables: () => foundTables(client),
      async insert(table, rows) {
        await client.query(insertInto(table), columnValues(table, rows));
      },
      commit: () => session.commit(),
      close: end,
    };
  } catch (error) {
    await end();
    throw error;
  }
}

async function reached(url: string) {
  try {
    const parts = { limits: engineLimits(), clock: serverClock(systemClock), log: silentLog };
    const { config } = await new Primary({ url, ...parts }).find();
    const { session, end } = await connect(config);
    return { session, client: session.client, end: () => end().catch(() => undefined) };
  } catch (error) {
    throw unavailable(error);
  }
}

const kinds: Readonly<Record<string, Kind>> = { bigint: "integer", text: "text", bytea: "bytes" };
const arrays: Readonly<Record<Kind, string>> = { integer: "bigint[]", text: "text[]", bytes: "bytea[]" };

async function foundTables(client: pg.ClientBase): Promise<FoundTable[]> {
  const columns = await client.query<{ table: string; name: string; type: string }>(`
    SELECT c.table_name AS table, c.column_name AS name, c.data_type AS type
    FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
    WHERE c.table_schema = current_schema() AND t.table_type = 'BASE TABLE' ORDER BY c.ordinal_position`);
  const references = await client.query<{ of: string; to: string }>(`
    SELECT o.relname AS of, t.relname AS to FROM pg_constraint k
    JOIN pg_class o ON o.oid = k.conrelid JOIN pg_class t ON t.oid = k.confrelid
    WHERE k.contype = 'f' AND o.relnamespace = current_schema()::regnamespace`);
  return [...Map.groupBy(columns.rows, ({ table }) => table)].map(([name, rows]) => ({
    name,
    columns: rows.map(columnOf),
    references: references.rows.filter(({ of }) => of === name).map(({ to }) => to),
  }));
}

function columnOf({ table, name, type }: { table: string; name: string; type: string }): Column {
  const kind = kinds[type];
  if (kind === undefined)
    throw refused(`has a column ${table}.${name} of type ${type}, which is none of Coffer's`);
  return { name, kind };
}

function columnsOf({ columns }: Table): string {
  return columns.map(({ name }) => `"${name}"`).join(", ");
}

/** A whole page in one statement: a column is one parameter. */
function insertInto(table: Table): string {
  const places = table.columns.map(({ kind }, index) => `$${index + 1}::${arrays[kind]}`);
  return `INSERT INTO ${table.name} (${columnsOf(table)}) SELECT * FROM unnest(${places.join(", ")})`;
}

function columnValues({ columns }: Table, rows: readonly Row[]): unknown[][] {
  return columns.map((_, index) => rows.map((row) => row[index] ?? null));
}

/** The address may hold a password, so it is not quoted. */
function refused(what: string): CofferError {
  return new CofferError("storage.unavailable", `The PostgreSQL database ${what}.`);
}
