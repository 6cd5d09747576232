// Writers that meet on one row of PostgreSQL in the order that a test names: somebody else holds the row,
// they queue up behind it one after the other, and then it is let go.
import pg from "pg";
import { expect, test } from "vitest";
import { sharedPostgres } from "./postgres.ts";
import { have } from "./requirements.ts";
import { startCoffer, type TestCoffer } from "./server.ts";

type Row = Readonly<Record<string, unknown>>;

export interface Meeting {
  readonly coffer: TestCoffer;
  /** One statement beside whatever is tested. */
  rows(text: string, values?: readonly unknown[]): Promise<readonly Row[]>;
  /** Somebody else's transaction, which keeps what the statement locks until `letGo`. */
  hold(text: string, values?: readonly unknown[]): Promise<void>;
  letGo(): Promise<void>;
  /** Until so many wait for a row, or for a table. */
  waiting(count: number): Promise<void>;
}

export function raced(name: string, work: (meeting: Meeting) => Promise<void>): void {
  test.runIf(have("postgresql"))(name, { timeout: 60_000 }, async () => {
    const { database, admin } = await sharedPostgres();
    const url = await database();
    const coffer = await startCoffer({ database: url });
    const [beside, other] = [await connected(url), await connected(url)];
    try {
      await work({
        coffer,
        rows: async (text, values = []) => (await beside.query(text, [...values])).rows,
        hold: async (text, values = []) => {
          await other.query("BEGIN");
          await other.query(text, [...values]);
        },
        letGo: async () => void (await other.query("COMMIT")),
        waiting: (count) => waitingIn(url, admin, count),
      });
    } finally {
      await Promise.all([beside.end(), other.end()]);
      await coffer.stop();
    }
  });
}

export async function connected(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return client;
}

type Admin = (text: string) => Promise<readonly unknown[]>;

export async function waitingIn(url: string, admin: Admin, count: number): Promise<void> {
  const name = new URL(url).pathname.slice(1);
  // For a row: what else is waited for, like the growth of a table, passes by itself.
  const waits = `SELECT 1 FROM pg_stat_activity
    WHERE datname = '${name}' AND wait_event_type = 'Lock' AND wait_event IN ('transactionid', 'tuple', 'relation')`;
  await expect.poll(async () => (await admin(waits)).length, { timeout: 10_000 }).toBe(count);
}
