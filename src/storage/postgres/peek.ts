// What a database holds before it is opened: read without writing anything, so that a server
// without its root key leaves everything as it was.

import { CofferError } from "../../core/errors.ts";
import { readKeys, type StoredKeys } from "../../core/installation.ts";
import { SeenAuthorities } from "../authorities.ts";
import * as bodies from "../bodies.ts";
import { type EngineLog, engineLimits, traceOf } from "../engine.ts";
import { outstanding } from "../migrate.ts";
import { sql } from "../sql.ts";
import type { ServerClock } from "./clock.ts";
import type { Connected } from "./connect.ts";
import { Primary, unusable } from "./primary.ts";

const installationTable = sql<{ found: string | null }>`SELECT to_regclass('installation')::text AS found`;

const migrationsDone = sql<{ id: string }>`SELECT id FROM migrations ORDER BY id`;

/** Null where nothing was installed yet. */
export async function peekPostgres(
  url: string,
  clock: ServerClock,
  log: EngineLog,
): Promise<StoredKeys | null> {
  let at: Connected | null = null;
  try {
    at = await new Primary({ url, limits: engineLimits(), clock, log }).connect();
    const { session } = at;
    await session.begin("ISOLATION LEVEL REPEATABLE READ, READ ONLY");
    const table = await session.one(installationTable, []);
    if (table?.found == null) return null;
    const done = await session.all(migrationsDone, []);
    outstanding(
      bodies.migrations,
      done.map(({ id }) => id),
    );
    return await readKeys.run(bodies.readTransactionOn(session, new SeenAuthorities()), null);
  } catch (error) {
    if (error instanceof CofferError && error.cause === undefined) throw error;
    log.error(traceOf(error), "the PostgreSQL server cannot be read");
    throw unusable(error);
  } finally {
    await at?.end().catch(() => undefined);
  }
}
