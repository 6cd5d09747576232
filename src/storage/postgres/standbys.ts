// Whether another server holds what this one confirms: then nothing that was acknowledged is lost with it.
import type { Session } from "./session.ts";

/**
 * `none`: no standby has to confirm. `absent`: one has to, none is connected, and writes wait for it.
 * `present`: one does. `unseen`: one has to, and this role may not see whether any is connected.
 */
export type Standbys = "none" | "absent" | "present" | "unseen";

interface Row {
  readonly wanted: boolean;
  readonly sees: boolean;
  readonly there: number;
}

const looking = `SELECT current_setting('synchronous_standby_names') <> '' AS wanted,
  pg_has_role(current_user, 'pg_read_all_stats', 'USAGE') AS sees,
  (SELECT count(*)::int FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum')) AS there`;

export async function standbysOf({ client }: Session): Promise<Standbys> {
  const [row] = (await client.query<Row>(looking)).rows;
  if (row?.wanted !== true) return "none";
  if (!row.sees) return "unseen";
  return row.there > 0 ? "present" : "absent";
}

/** What the operator should know; null where all is well, as far as can be seen. */
export function standbysWarning(standbys: Standbys): string | null {
  if (standbys === "none") {
    return "no synchronous standby protects acknowledged writes: they are lost with the database's server";
  }
  if (standbys === "absent") return "no synchronous standby is connected: writes wait until one is";
  return null;
}
