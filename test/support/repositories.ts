// Runs one body of tests over the repositories of each engine; every test begins with empty tables.
import { afterAll, afterEach, beforeAll, beforeEach, describe } from "vitest";
import type { Transaction } from "../../src/core/ports.ts";
import { SeenAuthorities } from "../../src/storage/authorities.ts";
import type { Queryable } from "../../src/storage/sql.ts";
import { AuditStream } from "../../src/storage/stream.ts";
import { transactionOn } from "../../src/storage/transaction.ts";
import { engines } from "./engines.ts";
import type { Connection } from "./queryable.ts";

/** What a test works on; the transaction is a new one for each test. */
export interface Bench {
  readonly tx: Transaction;
  /** Beneath the repositories, for what they write and never read. */
  readonly db: Queryable;
}

export function onEachEngine(what: string, body: (bench: Bench) => void): void {
  for (const engine of engines) {
    describe(`${what} on ${engine.name}`, () => {
      let connection: Connection | undefined;
      let tx: Transaction | undefined;
      beforeAll(async () => {
        connection = await engine.open();
      });
      beforeEach(async () => {
        await connection?.begin();
        tx = connection && transactionOn(connection.db, AuditStream.start("stream-1"), new SeenAuthorities());
      });
      afterEach(() => connection?.rollback());
      afterAll(() => connection?.close());
      body({
        get tx() {
          if (tx === undefined) throw new Error("the engine was not opened");
          return tx;
        },
        get db() {
          if (connection === undefined) throw new Error("the engine was not opened");
          return connection.db;
        },
      });
    });
  }
}
