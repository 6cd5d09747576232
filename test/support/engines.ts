// The engines that a contract runs on, with one body: SQLite always, PostgreSQL where it is installed.
import { afterAll } from "vitest";
import { type PostgresInstance, startPostgres } from "./postgres.ts";
import { type Connection, openPostgres, openSqlite } from "./queryable.ts";
import { have } from "./requirements.ts";

export interface Engine {
  readonly name: "SQLite" | "PostgreSQL";
  /** A migrated database of its own. */
  open(): Promise<Connection>;
}

const sqlite: Engine = { name: "SQLite", open: openSqlite };

let instance: Promise<PostgresInstance> | null = null;

const postgres: Engine = {
  name: "PostgreSQL",
  open: async () => {
    instance ??= startPostgres({ fsync: "off" });
    return openPostgres(await (await instance).database());
  },
};

export const engines: readonly Engine[] = have("postgresql") ? [sqlite, postgres] : [sqlite];

// The runner kills its processes without a word, and the server would stay behind.
afterAll(async () => {
  if (instance !== null) await (await instance).stop();
});
