// Both engines as repositories see them: one connection inside a transaction that is rolled back in
// the end. It is the thinnest thing that runs a statement; how Coffer itself drives the engines
// (group commit, retries, failures) is proved elsewhere.
import { DatabaseSync } from "node:sqlite";
import pg from "pg";
import { type MigrationTarget, migrate, postgresTypes, sqliteTypes } from "../../src/storage/migrate.ts";
import { migrations } from "../../src/storage/migrations/index.ts";
import { type Queryable, type SqlValue, type Statement, UniqueViolation } from "../../src/storage/sql.ts";

export interface Connection {
  readonly db: Queryable;
  begin(): Promise<void>;
  rollback(): Promise<void>;
  /** Compiles a statement without running it; throws when the engine refuses its text. */
  prepare(statement: Statement<unknown>): Promise<void>;
  close(): Promise<void>;
}

/** A migrated SQLite database in memory. */
export async function openSqlite(): Promise<Connection> {
  const native = new DatabaseSync(":memory:");
  const prepared = (statement: Statement<unknown>) =>
    native.prepare(statement.text.replaceAll(/\$(\d+)/g, "?$1"));
  const db: Queryable = {
    one: async <Row>(statement: Statement<Row>, values: readonly SqlValue[]) => {
      const row: unknown = prepared(statement).get(...values);
      return row as Row | undefined;
    },
    all: async <Row>(statement: Statement<Row>, values: readonly SqlValue[]) => {
      const rows: unknown = prepared(statement).all(...values);
      return rows as readonly Row[];
    },
    run: async (statement, values) => {
      try {
        return Number(prepared(statement).run(...values).changes);
      } catch (error) {
        throw violation(error, (it) => it.message.startsWith("UNIQUE constraint failed"));
      }
    },
  };
  await migrateAll({ db, types: sqliteTypes, exec: async (text) => native.exec(text) });
  return {
    db,
    begin: async () => native.exec("BEGIN"),
    rollback: async () => native.exec("ROLLBACK"),
    prepare: async (statement) => void prepared(statement),
    close: async () => native.close(),
  };
}

/** The empty PostgreSQL database at `url`, migrated. */
export async function openPostgres(url: string): Promise<Connection> {
  const client = new pg.Client({ connectionString: url });
  // 20 is int8: all our numbers, and all below 2^53.
  client.setTypeParser(20, Number);
  await client.connect();
  const query = async (statement: Statement<unknown>, values: readonly SqlValue[]) => {
    try {
      return await client.query(textOf(statement), [...values]);
    } catch (error) {
      throw violation(error, (it) => "code" in it && it.code === "23505");
    }
  };
  const db: Queryable = {
    one: async <Row>(statement: Statement<Row>, values: readonly SqlValue[]) => {
      const rows: readonly unknown[] = (await query(statement, values)).rows;
      return rows[0] as Row | undefined;
    },
    all: async <Row>(statement: Statement<Row>, values: readonly SqlValue[]) => {
      const rows: readonly unknown[] = (await query(statement, values)).rows;
      return rows as readonly Row[];
    },
    run: async (statement, values) => (await query(statement, values)).rowCount ?? 0,
  };
  await migrateAll({
    db,
    types: postgresTypes,
    exec: async (text) => void (await client.query(text)),
  });
  return {
    db,
    begin: async () => void (await client.query("BEGIN")),
    rollback: async () => void (await client.query("ROLLBACK")),
    prepare: async (statement) => {
      await client.query(`PREPARE tried AS ${textOf(statement)}`);
      await client.query("DEALLOCATE tried");
    },
    close: async () => {
      await client.end();
    },
  };
}

function textOf({ text, lock }: Statement<unknown>): string {
  return lock === null ? text : `${text} FOR ${lock}`;
}

function violation(error: unknown, isUnique: (error: Error) => boolean): unknown {
  if (!(error instanceof Error) || !isUnique(error)) return error;
  const index = "constraint" in error ? String(error.constraint) : error.message;
  return new UniqueViolation(index, { cause: error });
}

async function migrateAll(target: MigrationTarget): Promise<void> {
  await migrate(target, migrations, 0);
}
