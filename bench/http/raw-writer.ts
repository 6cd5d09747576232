// The yardstick of writing: one connection, one prepared statement, one row in each commit, and
// nothing else in the process. The row holds what a request carries: id, name and value.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { systemClock } from "../../src/core/clock.ts";
import { uuidv7 } from "../../src/core/ids.ts";
import { secretName, secretValue } from "./secrets.ts";

export interface RawJob {
  readonly folder: string;
  readonly warmSeconds: number;
  readonly seconds: number;
}

export interface RawResult {
  readonly perSecond: number;
}

process.once("message", ({ folder, warmSeconds, seconds }: RawJob) => {
  const file = join(folder, "raw.db");
  const db = new DatabaseSync(file);
  db.exec("PRAGMA journal_mode = WAL");
  db.exec("PRAGMA synchronous = FULL");
  db.exec("CREATE TABLE rows (id TEXT PRIMARY KEY, name TEXT NOT NULL, value BLOB NOT NULL)");
  const insert = db.prepare("INSERT INTO rows (id, name, value) VALUES (?, ?, ?)");
  const ids = uuidv7(systemClock);
  const write = (forSeconds: number): number => {
    const startedMs = performance.now();
    let written = 0;
    while (performance.now() - startedMs < forSeconds * 1_000) {
      // Without BEGIN each statement is a transaction of its own.
      insert.run(ids.next(), secretName(written), Buffer.from(secretValue(written)));
      written += 1;
    }
    return (written * 1_000) / (performance.now() - startedMs);
  };
  write(warmSeconds);
  const result: RawResult = { perSecond: write(seconds) };
  db.close();
  for (const suffix of ["", "-wal", "-shm"]) rmSync(file + suffix, { force: true });
  process.send?.(result);
});
