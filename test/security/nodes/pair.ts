// Two servers on one database, each a process of its own, and a way to keep one of them from hearing of
// what the other does.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import type { Bootstrap } from "../../../src/server/bootstrap.ts";
import { type Server, startServer } from "../../crash/child.ts";
import { sharedPostgres, stopSharedPostgres } from "../../support/postgres.ts";
import { type Wire, wireTo } from "../matrix/wire.ts";

export interface Pair {
  /** Where access is changed. */
  readonly a: Wire;
  /** Where it is used. */
  readonly b: Wire;
  readonly bootstrap: Bootstrap;
  /** From now on node B's connection that hears of changes is cut whenever it is there. */
  deafen(): Promise<Deaf>;
  stop(): Promise<void>;
}

export interface Deaf {
  /** How often a connection was cut. */
  readonly cuts: () => number;
  stop(): Promise<void>;
}

const connections = 32;
/** The node itself waits a second before it connects anew. */
const cutEveryMs = 10;

export async function startPair(): Promise<Pair> {
  const out = mkdtempSync(join(tmpdir(), "coffer-nodes-"));
  const data = join(out, "data");
  const database = await (await sharedPostgres()).database();
  const node = (name: string): Server =>
    startServer({ out, data, database: `${database}&application_name=${name}` });
  // The first start makes the root key and the first owner; the other node finds both.
  const first = node("node-a");
  const a = wireTo(await first.ready, connections);
  const second = node("node-b");
  const b = wireTo(await second.ready, connections);
  const bootstrap = JSON.parse(readFileSync(join(data, "bootstrap.json"), "utf8")) as Bootstrap;
  return {
    a,
    b,
    bootstrap,
    deafen: () => deafen(database),
    async stop() {
      for (const wire of [a, b]) wire.close();
      await Promise.all([first.stop(), second.stop()]);
      await stopSharedPostgres();
      rmSync(out, { recursive: true, force: true });
    },
  };
}

const cut = `
  SELECT count(pg_terminate_backend(pid))::int AS cuts FROM pg_stat_activity
  WHERE application_name = 'node-b' AND pid <> pg_backend_pid()
    AND (query LIKE 'LISTEN %' OR query LIKE '%pg_notify%' OR query LIKE '%synchronous_standby_names%')`;

async function deafen(database: string): Promise<Deaf> {
  const client = new pg.Client({ connectionString: database });
  await client.connect();
  let cuts = 0;
  let stopped = false;
  const once = async () => {
    const { rows } = await client.query<{ cuts: number }>(cut);
    cuts += rows[0]?.cuts ?? 0;
  };
  await once();
  const working = (async () => {
    while (!stopped) {
      await new Promise((resolve) => setTimeout(resolve, cutEveryMs));
      await once();
    }
  })();
  return {
    cuts: () => cuts,
    async stop() {
      stopped = true;
      await working;
      await client.end();
    },
  };
}
