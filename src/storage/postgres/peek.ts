// What a database holds before it is opened: read without writing anything, so that a server
// without its root key leaves everything as it was.
import { readKeys, type StoredKeys } from "../../core/installation.ts";
import * as bodies from "../bodies.ts";
import { type EngineLog, engineLimits, traceOf, unavailable } from "../engine.ts";
import { sql } from "../sql.ts";
import { configOf, connect } from "./connect.ts";

const installationTable = sql<{ found: string | null }>`SELECT to_regclass('installation')::text AS found`;

/** Null where nothing was installed yet. */
export async function peekPostgres(url: string, log: EngineLog): Promise<StoredKeys | null> {
  let at: Awaited<ReturnType<typeof connect>> | null = null;
  try {
    at = await connect(configOf(url, engineLimits()));
    const { session } = at;
    await session.begin("ISOLATION LEVEL REPEATABLE READ, READ ONLY");
    const table = await session.one(installationTable, []);
    if (table?.found == null) return null;
    return await readKeys.run(bodies.readTransactionOn(session, new Map()), null);
  } catch (error) {
    log.error(traceOf(error), "the PostgreSQL server cannot be read");
    throw unavailable(error);
  } finally {
    await at?.end().catch(() => undefined);
  }
}
