// A trail read from the SQLite file, read-only and in one transaction: the server may run and
// write beside it. No row is ever written; the lock files beside the database are SQLite's own.
import { existsSync } from "node:fs";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { entriesOf, headOf, type Row, secretOf, segmentOf, streamOf } from "./rows.ts";
import { type AuditSource, AuditUnreadable } from "./source.ts";
import * as statements from "./statements.ts";

/** How long to wait for a server that is just recovering its write-ahead log. */
const busyMs = 5_000;

export function sqliteSource(file: string): AuditSource {
  const { db, prepare } = open(file);
  const rows = (text: string): Iterable<Row> => prepare(text).iterate();

  return {
    label: file,
    async installation() {
      const [row] = rows(statements.installation);
      if (row === undefined) throw new AuditUnreadable(`${file} holds no installation yet`);
      return String(row.id);
    },
    async keys() {
      return [...rows(statements.keys)].map((row) => String(row.public_key));
    },
    async streams() {
      return [...rows(statements.streams)].map(streamOf);
    },
    async heads() {
      return [...rows(statements.heads)].map(headOf);
    },
    async segments() {
      // A copy of a database from before there were records.
      const [there] = rows("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'audit_segments'");
      return there === undefined ? [] : [...rows(statements.segments)].map(segmentOf);
    },
    async archived() {
      return null;
    },
    async damage() {
      return [];
    },
    async *marks() {
      for (const row of rows(statements.marks)) yield* entriesOf(row);
    },
    async *entries() {
      for (const row of rows(statements.entries)) yield* entriesOf(row);
    },
    async *secrets() {
      for (const row of rows(statements.secrets)) yield secretOf(row);
    },
    async close() {
      db.close();
    },
  };
}

function open(file: string): { db: DatabaseSync; prepare: (text: string) => StatementSync } {
  if (!existsSync(file)) throw new AuditUnreadable(`${file} does not exist`);
  let db: DatabaseSync;
  try {
    db = new DatabaseSync(file, { readOnly: true, timeout: busyMs });
  } catch (cause) {
    throw new AuditUnreadable(`${file} cannot be opened`, { cause });
  }
  const prepare = (text: string) => {
    const statement = db.prepare(text);
    // Integers past 2^53 would otherwise throw, and one edited cell would end the whole reading.
    statement.setReadBigInts(true);
    return statement;
  };
  try {
    db.exec("BEGIN");
    prepare(statements.installation).all();
    prepare(statements.streams);
  } catch (cause) {
    db.close();
    throw new AuditUnreadable(`${file} is no Coffer database`, { cause });
  }
  return { db, prepare };
}
