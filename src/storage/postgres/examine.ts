// The shared database, looked at from beside the nodes that use it.

import { systemClock } from "../../core/clock.ts";
import { type ExamineInput, examineInstallation } from "../../core/vitals.ts";
import { SeenAuthorities } from "../authorities.ts";
import * as bodies from "../bodies.ts";
import { type EngineLog, engineLimits } from "../engine.ts";
import { type Examined, stateOf } from "../examined.ts";
import { serverClock } from "./clock.ts";
import { Primary } from "./primary.ts";
import type { Session } from "./session.ts";
import { standbysOf } from "./standbys.ts";

export async function examinePostgres(url: string, asked: ExamineInput, log: EngineLog): Promise<Examined> {
  const at = await new Primary({
    url,
    limits: engineLimits(),
    clock: serverClock(systemClock),
    log,
  }).connect();
  try {
    const { session } = at;
    const { rows } = await session.client.query<{ fsync: string }>("SHOW fsync");
    const server = { fsync: rows[0]?.fsync === "on", standbys: await standbysOf(session) };
    const known = bodies.migrations.map(({ id }) => id);
    const state = stateOf(known, await appliedIn(session));
    if (state !== "current") return { state, installation: null, server };
    await session.begin("ISOLATION LEVEL REPEATABLE READ, READ ONLY");
    const tx = bodies.readTransactionOn(session, new SeenAuthorities());
    return { state, installation: await examineInstallation.run(tx, asked), server };
  } finally {
    await at.end().catch(() => undefined);
  }
}

async function appliedIn({ client }: Session): Promise<readonly string[]> {
  const table = await client.query<{ found: string | null }>(
    "SELECT to_regclass('migrations')::text AS found",
  );
  if (table.rows[0]?.found == null) return [];
  const { rows } = await client.query<{ id: string }>("SELECT id FROM migrations ORDER BY id");
  return rows.map(({ id }) => id);
}
