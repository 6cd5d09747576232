// Migrations: numbered, forward only, the same file for both engines, with the few things that
// differ named in `types`. A database that a newer Coffer has migrated is refused, not guessed at.
import { CofferError } from "../core/errors.ts";
import type { Fault } from "./faults.ts";
import { type Queryable, sql } from "./sql.ts";

/** What differs between the engines' tables. */
export interface Types {
  /** Whole numbers to 2^53. */
  readonly integer: string;
  readonly text: string;
  readonly bytes: string;
  /** After a table's closing bracket: SQLite then checks the types of what is stored. */
  readonly table: string;
  /** As `table`, with the rows kept in the order of the primary key where the engine can. */
  readonly clustered: string;
  /** A column of any length after the last one of an index, where an index takes it: it is read without its row. */
  readonly carried: (column: string) => string;
}

export interface Migration {
  /** Four digits, a hyphen and words; the digits decide the order. */
  readonly id: string;
  readonly up: (engine: { readonly types: Types }) => readonly string[];
}

/** Names a migration; it only gives the literal its type. */
export function migration(definition: Migration): Migration {
  return definition;
}

export const sqliteTypes: Types = {
  integer: "INTEGER",
  text: "TEXT",
  bytes: "BLOB",
  table: "STRICT",
  clustered: "STRICT, WITHOUT ROWID",
  carried: (column) => `, ${column}`,
};

/**
 * Collation "C" sorts and compares by bytes, as SQLite does; locales would differ between hosts. An index
 * takes rows of at most 2,704 bytes.
 */
export const postgresTypes: Types = {
  integer: "BIGINT",
  text: 'TEXT COLLATE "C"',
  bytes: "BYTEA",
  table: "",
  clustered: "",
  carried: () => "",
};

export const createMigrationsTable =
  "CREATE TABLE IF NOT EXISTS migrations (id TEXT PRIMARY KEY, applied_at BIGINT NOT NULL)";

const applied = sql<{ id: string }>`SELECT id FROM migrations ORDER BY id`;
const record = sql`INSERT INTO migrations (id, applied_at) VALUES ($1, $2)`;

/** The migrations still to run, in order. Throws when the database and this list have parted. */
export function outstanding(known: readonly Migration[], done: readonly string[]): readonly Migration[] {
  const ids = known.map((one) => one.id);
  for (const [index, id] of ids.entries()) {
    if (!/^\d{4}-[a-z0-9-]+$/.test(id)) throw new Error(`migration "${id}" is not named like 0001-words`);
    const before = ids[index - 1];
    if (before !== undefined && before.slice(0, 4) >= id.slice(0, 4)) {
      throw new Error(`migration "${id}" does not follow "${before}"`);
    }
  }
  const strange = done.find((id, index) => ids[index] !== id);
  if (strange !== undefined) {
    throw new CofferError(
      "storage.unavailable",
      `The database has migration "${strange}", which this version of Coffer does not know in that place; ` +
        "it was made by a newer version.",
    );
  }
  return known.slice(done.length);
}

/** What an engine offers to the runner, inside one transaction that nobody else can be in. */
export interface MigrationTarget {
  readonly db: Queryable;
  readonly types: Types;
  /** Runs text that is not a prepared statement. */
  readonly exec: (text: string) => Promise<void>;
  /** For tests: called at `migration.ID`, after each. */
  readonly fault?: Fault | null;
}

/** Runs what is outstanding and answers the ids. The caller begins, locks and commits. */
export async function migrate(
  target: MigrationTarget,
  known: readonly Migration[],
  at: number,
): Promise<readonly string[]> {
  await target.exec(createMigrationsTable);
  const done = await target.db.all(applied, []);
  const todo = outstanding(
    known,
    done.map((row) => row.id),
  );
  for (const one of todo) {
    for (const text of one.up({ types: target.types })) await target.exec(text);
    await target.db.run(record, [one.id, at]);
    target.fault?.(`migration.${one.id}`);
  }
  return todo.map((one) => one.id);
}
