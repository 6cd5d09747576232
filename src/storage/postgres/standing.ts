// What a server says of itself to who has just connected: whether it takes writes, which of the
// histories of its cluster it is on, and what time it is.

import type { ServerClock } from "./clock.ts";
import { sqlstateOf } from "./failures.ts";
import type { Session } from "./session.ts";

export interface Standing {
  readonly writable: boolean;
  /** Grows by one with each promotion; 0 where the server does not tell. */
  readonly timeline: number;
}

interface Row {
  readonly writable: boolean;
  readonly at: string;
}

const standing = `SELECT NOT pg_is_in_recovery() AND current_setting('transaction_read_only') = 'off' AS writable,
  (extract(epoch FROM clock_timestamp()) * 1000)::bigint::text AS at`;
/** The name of the file that is written now begins with it, in hexadecimal digits. */
const timeline = "SELECT substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) AS timeline";

export async function standingOf(session: Session, clock: ServerClock): Promise<Standing> {
  const askedMs = performance.now();
  const { rows } = await session.client.query<Row>(standing);
  clock.observe(Number(rows[0]?.at), askedMs, performance.now());
  if (rows[0]?.writable !== true) return { writable: false, timeline: 0 };
  try {
    const named = await session.client.query<{ timeline: string }>(timeline);
    return { writable: true, timeline: Number.parseInt(named.rows[0]?.timeline ?? "0", 16) };
  } catch (error) {
    // Some services that speak PostgreSQL keep no such files; one address leads to the right server there.
    if (sqlstateOf(error) === null) throw error;
    return { writable: true, timeline: 0 };
  }
}

/** What all nodes' expiries compare with; asked again from time to time. */
export async function readClock(session: Session, clock: ServerClock): Promise<void> {
  const askedMs = performance.now();
  const { rows } = await session.client.query<Row>(standing);
  clock.observe(Number(rows[0]?.at), askedMs, performance.now());
}
