// The tables as they lie there, read with SQL of this file's own, beside any server: what the checker
// compares. It uses none of the server's repositories, because these are among what is checked.
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import pg from "pg";
import { entriesInRows } from "../support/audit-rows.ts";
import type { Place } from "./child.ts";

export type Row = Readonly<Record<string, unknown>>;

export interface Tables {
  readonly organizations: readonly Row[];
  readonly stores: readonly Row[];
  readonly secrets: readonly Row[];
  readonly versions: readonly Row[];
  readonly labels: readonly Row[];
  readonly consumers: readonly Row[];
  readonly installation: readonly Row[];
  readonly keys: readonly Row[];
  readonly internalKeys: readonly Row[];
  /** After the revision that was asked for. */
  readonly changes: readonly Row[];
  /** After the entries that were asked for. */
  readonly entries: readonly Row[];
}

/** What was read before, so that a round does not cost more than the one before it. */
export interface Seen {
  revision: number;
  readonly streams: Map<string, number>;
}

type Ask = (text: string) => Promise<readonly Row[]>;

export async function readTables(place: Place, seen: Seen, { beside = false } = {}): Promise<Tables> {
  const all = async (ask: Ask) => ({
    organizations: await ask("SELECT * FROM organizations"),
    stores: await ask("SELECT * FROM stores"),
    secrets: await ask("SELECT * FROM secrets"),
    versions: await ask("SELECT * FROM secret_versions ORDER BY secret_id, number"),
    labels: await ask("SELECT * FROM secret_labels"),
    consumers: await ask("SELECT * FROM secret_consumers"),
    installation: await ask("SELECT * FROM installation"),
    keys: await ask("SELECT * FROM keys ORDER BY term"),
    internalKeys: await ask("SELECT * FROM internal_keys"),
    changes: await ask(`SELECT * FROM changes WHERE revision > ${seen.revision} ORDER BY revision`),
    entries: await newEntries(ask, seen),
  });
  return reading(place, all, { beside });
}

async function newEntries(ask: Ask, { streams }: Seen): Promise<readonly Row[]> {
  const entries: Row[] = [];
  for (const { id } of await ask("SELECT id FROM audit_streams")) {
    // The id of a stream is a UUID made by the server; it can hold no quote.
    const after = `stream = '${id}' AND seq > ${streams.get(String(id)) ?? 0}`;
    const rows = await ask(`SELECT * FROM audit_entries WHERE ${after} ORDER BY seq`);
    entries.push(...entriesInRows(rows));
  }
  return entries;
}

/** `beside`: a server may run, and what it is about to write is not waited for. */
export async function reading<T>(
  { data, database }: Place,
  work: (ask: Ask) => Promise<T>,
  { beside = false } = {},
): Promise<T> {
  return database === null ? readingSqlite(data, work) : readingPostgres(database, work, beside);
}

async function readingSqlite<T>(data: string, work: (ask: Ask) => Promise<T>): Promise<T> {
  const db = new DatabaseSync(join(data, "coffer.db"), { readOnly: true, timeout: 5_000 });
  try {
    db.exec("BEGIN");
    return await work(async (text) => db.prepare(text).all());
  } finally {
    db.close();
  }
}

async function readingPostgres<T>(url: string, work: (ask: Ask) => Promise<T>, beside: boolean): Promise<T> {
  const client = await connectedTo(url);
  try {
    if (!beside) await othersGone(client);
    await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ");
    return await work(async (text) => (await client.query<Row>(text)).rows);
  } finally {
    await client.end();
  }
}

/** After a backend was killed the whole PostgreSQL server starts over, and refuses everyone meanwhile. */
async function connectedTo(url: string): Promise<pg.Client> {
  for (let tries = 0; ; tries += 1) {
    const client = new pg.Client({ connectionString: url });
    client.on("error", () => undefined);
    try {
      await client.connect();
      return client;
    } catch (error) {
      if (tries === 200) throw error;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
}

/** Sessions of the killed server may still be at work; what they do is part of what is compared. */
async function othersGone(client: pg.Client): Promise<void> {
  const others = `SELECT 1 FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()`;
  for (let tries = 0; tries < 400; tries += 1) {
    if ((await client.query(others)).rowCount === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error("sessions of the killed server did not end");
}

/** Kills one of the server's sessions inside PostgreSQL, which then starts over as after a crash. */
export async function killBackend(url: string): Promise<boolean> {
  const client = await connectedTo(url);
  try {
    const { rows } = await client.query<{ pid: number }>(
      `SELECT pid FROM pg_stat_activity WHERE datname = current_database()
        AND backend_type = 'client backend' AND pid <> pg_backend_pid() LIMIT 1`,
    );
    const pid = rows[0]?.pid;
    if (pid === undefined) return false;
    process.kill(pid, "SIGKILL");
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}
