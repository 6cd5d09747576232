// The whole audit trail of a running Coffer, as it lies in its database: also the entries that belong
// to no organization, which no list shows.
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import pg from "pg";
import { type AuditRow, entriesInRows } from "./audit-rows.ts";
import type { TestCoffer } from "./server.ts";

/** Of an entry, what tests look at. */
export interface TrailEntry {
  readonly at: number;
  readonly organization_id: string | null;
  readonly caller_kind: string;
  readonly caller_name: string;
  readonly token_id: string | null;
  readonly dialect: string;
  readonly action: string;
  readonly target_kind: string;
  readonly target_id: string | null;
  readonly target_name: string | null;
  readonly target_store_id: string | null;
  readonly outcome: string;
  readonly because: string | null;
  readonly details: string | null;
  readonly address: string | null;
}

const everything = "SELECT * FROM audit_entries ORDER BY stream, seq";

/** `database`: the address of its PostgreSQL; null for the embedded one. */
export async function readTrail(
  coffer: Pick<TestCoffer, "data">,
  database: string | null,
): Promise<readonly TrailEntry[]> {
  if (database !== null) return readPostgres(database);
  const file = new DatabaseSync(join(coffer.data, "coffer.db"), { readOnly: true, timeout: 10_000 });
  try {
    const entries: readonly unknown[] = entriesInRows(file.prepare(everything).all());
    return entries as readonly TrailEntry[];
  } finally {
    file.close();
  }
}

async function readPostgres(url: string): Promise<readonly TrailEntry[]> {
  const client = new pg.Client({ connectionString: url });
  client.setTypeParser(pg.types.builtins.INT8, Number);
  await client.connect();
  try {
    const entries: readonly unknown[] = entriesInRows((await client.query<AuditRow>(everything)).rows);
    return entries as readonly TrailEntry[];
  } finally {
    await client.end();
  }
}
