// Bodies as small as a write can be: a row, an audit entry, and a counter moved.

import type { AnyCommand, AnyQuery } from "../../src/core/bodies.ts";
import { systemCaller } from "../../src/core/caller.ts";
import type { Authorities, Command, Query, Transaction } from "../../src/core/ports.ts";
import { migration } from "../../src/storage/migrate.ts";
import { migrations as real } from "../../src/storage/migrations/index.ts";
import { type Queryable, sql } from "../../src/storage/sql.ts";
import type { AuditStream } from "../../src/storage/stream.ts";
import * as transactions from "../../src/storage/transaction.ts";

export const migrations = [
  ...real,
  migration({
    id: "9999-rows",
    up: ({ types: { text, integer } }) => [
      `CREATE TABLE bench_rows (id ${text} PRIMARY KEY, body ${text} NOT NULL)`,
      `CREATE TABLE bench_counter (id ${text} PRIMARY KEY, n ${integer} NOT NULL)`,
    ],
  }),
];

export { readTransactionOn } from "../../src/storage/transaction.ts";

interface WithRows {
  readonly rows: Queryable;
}

export function transactionOn(
  db: Queryable,
  stream: AuditStream,
  authorities: Authorities,
): Transaction & WithRows {
  return { ...transactions.transactionOn(db, stream, authorities), rows: db };
}

const insert = sql`INSERT INTO bench_rows (id, body) VALUES ($1, $2)`;
const count = sql<{ n: number }>`UPDATE bench_counter SET n = n + 1 WHERE id = 'rows' RETURNING n`;
const start = sql`INSERT INTO bench_counter (id, n) VALUES ('rows', 0)`;

async function write(tx: Transaction, { id }: { id: string }): Promise<number> {
  const { rows } = tx as Transaction & WithRows;
  await rows.run(insert, [id, "a row of some length, as one would write it"]);
  await tx.audit.append({
    at: 1,
    organizationId: null,
    caller: systemCaller("bench"),
    dialect: "core",
    action: "secret.reveal",
    target: { kind: "secret", id, name: "NAME", storeId: null },
    outcome: "allowed",
    because: "role owner",
    details: null,
    address: "127.0.0.1",
    requestId: id,
  });
  return (await rows.one(count, []))?.n ?? 0;
}

export const three: Command<{ id: string }, number> = { name: "bench.three", run: write };
export const threeShared: Command<{ id: string }, number> = {
  name: "bench.three-shared",
  run: write,
  writesLast: true,
};
export const found: Command<null, number> = {
  name: "bench.found",
  run: (tx) => (tx as Transaction & WithRows).rows.run(start, []),
};
export const read: Query<{ id: string }, unknown> = {
  name: "bench.read",
  run: (tx, { id }) => tx.organizations.find({ id }),
};
export const list: Query<null, unknown> = { name: "bench.list", run: (tx) => tx.access.memberships("x") };

const allCommands: readonly AnyCommand[] = [three, threeShared, found];
const allQueries: readonly AnyQuery[] = [read, list];
export const commands = new Map(allCommands.map((one) => [one.name, one]));
export const queries = new Map(allQueries.map((one) => [one.name, one]));
