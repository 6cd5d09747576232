import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import * as notes from "../../../test/support/engine-bodies.ts";
import { sql } from "../sql.ts";
import { Checkpoints } from "./checkpoints.ts";
import { SqliteConnection } from "./connection.ts";
import { openSqlite } from "./open.ts";

const megabyte = 1024 * 1024;
/** Past 64 of them the log is long. */
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
  for (let number = 0; number < 70; number += 1) {
    writer.begin();
    await writer.run(sql`INSERT INTO large (bytes) VALUES ($1)`, [new Uint8Array(megabyte)]);
    writer.commit();
    for (let look = 0; look < 8; look += 1) if (checkpoints.afterGroup()) told.push(logBytes());
  }
  expect(told).toEqual([expect.any(Number)]);
  expect(told[0]).toBeGreaterThan(64 * megabyte);
  checkpoints.startOver();
  expect(logBytes()).toBeGreaterThan(64 * megabyte);
  reader.commit();
  checkpoints.startOver();
  expect(logBytes()).toBe(0);
  reader.close();
  writer.close();
});

test("the log starts over although one query follows the other, and every query is answered", async () => {
  const bodies = new URL("../../../test/support/engine-bodies.ts", import.meta.url);
  const database = await openSqlite({ file, bodies });
  let over = false;
  const reading = (async () => {
    let queries = 0;
    for (; !over; queries += 1) await database.scan(notes.linger, { ms: 150 });
    return queries;
  })();
  let longest = 0;
  for (let number = 0; number < writes; number += 1) {
    await database.execute(notes.put, { id: `note-${number}`, bytes: megabyte });
    longest = Math.max(longest, logBytes());
  }
  over = true;
  expect(await reading).toBeGreaterThan(0);
  // What is written until the query that runs has ended comes on top.
  await expect.poll(logBytes).toBeLessThan(longest);
  await database.close();
});
