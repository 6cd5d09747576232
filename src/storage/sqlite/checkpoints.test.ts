import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import * as notes from "../../../test/support/engine-bodies.ts";
import { silentLog } from "../engine.ts";
import { sql } from "../sql.ts";
import { Checkpoints } from "./checkpoints.ts";
import { SqliteConnection } from "./connection.ts";
import { openSqlite } from "./open.ts";

const bodies = new URL("../../../test/support/engine-bodies.ts", import.meta.url);
const megabyte = 1024 * 1024;
const longBytes = 64 * megabyte;
/** Past 64 of them the log is long, if it did not start over in between. */
const writes = 100;
let folder: string;
let file: string;
const logBytes = () => statSync(`${file}-wal`).size;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "coffer-checkpoints-"));
  file = join(folder, "coffer.db");
});
afterEach(() => rmSync(folder, { recursive: true }));

test("a long log is told of once, and starts over when nobody reads", async () => {
  const writer = new SqliteConnection(file, { readOnly: false, cacheKiB: 1_024, busyMs: 1_000 });
  writer.exec("CREATE TABLE large (bytes BLOB)");
  const reader = new SqliteConnection(file, { readOnly: true, cacheKiB: 256, busyMs: 1_000 });
  reader.beginRead();
  await reader.all(sql`SELECT count(*) FROM large`, []);
  const checkpoints = new Checkpoints(writer, 1_000);
  const told: number[] = [];
  const asked = vi.spyOn(writer, "pragma");
  for (let number = 0; number < 70; number += 1) {
    writer.begin();
    await writer.run(sql`INSERT INTO large (bytes) VALUES ($1)`, [new Uint8Array(megabyte)]);
    writer.commit();
    for (let look = 0; look < 8; look += 1) if (checkpoints.afterGroup()) told.push(logBytes());
  }
  expect(told).toEqual([expect.any(Number)]);
  expect(told[0]).toBeGreaterThan(longBytes);
  // What waits for readers is not done by itself: everybody who writes would wait with it.
  expect(asked.mock.calls.flat().filter((text) => text.includes("TRUNCATE"))).toEqual([]);
  checkpoints.startOver();
  expect(logBytes()).toBeGreaterThan(longBytes);
  reader.commit();
  checkpoints.startOver();
  expect(logBytes()).toBe(0);
  reader.close();
  writer.close();
});

test("the log starts over although one query follows the other, and every query is answered", async () => {
  const database = await openSqlite({ file, bodies });
  // The thread is there from the first write on: before, the log would start over by itself.
  await database.scan(notes.linger, { ms: 0 });
  let over = false;
  const reading = (async () => {
    let queries = 0;
    for (; !over; queries += 1) await database.scan(notes.linger, { ms: 150 });
    return queries;
  })();
  let longest = 0;
  for (let number = 0; number < writes || (longest <= longBytes && number < 4 * writes); number += 1) {
    await database.execute(notes.put, { id: `note-${number}`, bytes: megabyte });
    longest = Math.max(longest, logBytes());
  }
  over = true;
  expect(await reading).toBeGreaterThan(0);
  // What is written until the query that runs has ended comes on top.
  await expect.poll(logBytes, { timeout: 10_000 }).toBeLessThan(longest);
  await database.close();
});

test("an end beside somebody who reads closes the audit stream all the same", async () => {
  const errors: string[] = [];
  const log = { ...silentLog, error: (_: object, message: string) => void errors.push(message) };
  const database = await openSqlite({ file, bodies, log });
  await database.execute(notes.put, { id: "one" });
  const reader = new SqliteConnection(file, { readOnly: true, cacheKiB: 256, busyMs: 1_000 });
  reader.beginRead();
  await reader.all(sql`SELECT id FROM notes`, []);
  // What the end itself writes makes the log one that this reader does not let start over.
  await database.close();
  reader.commit();
  expect(errors).toEqual([]);
  reader.beginRead();
  const open = await reader.all(sql`SELECT id FROM audit_streams WHERE closed_at IS NULL`, []);
  expect(open).toEqual([]);
  reader.close();
});
