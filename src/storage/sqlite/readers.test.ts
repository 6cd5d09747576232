import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import * as notes from "../../../test/support/engine-bodies.ts";
import { engineLimits, silentLog } from "../engine.ts";
import { openSqlite } from "./open.ts";
import { Readers } from "./readers.ts";

const bodies = new URL("../../../test/support/engine-bodies.ts", import.meta.url);
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "coffer-readers-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("a thread is there while it is needed, and again when it is needed again", async () => {
  const file = join(folder, "coffer.db");
  const database = await openSqlite({ file, bodies });
  const readers = new Readers({ file, bodies: bodies.href }, engineLimits(), 1, silentLog, 50);
  expect(readers.running).toBe(0);
  for (let turn = 0; turn < 2; turn += 1) {
    await Promise.all([readers.read(notes.streams.name, null), readers.read(notes.entries.name, null)]);
    expect(readers.running).toBe(1);
    while (readers.running > 0) await wait(10);
  }
  await readers.read(notes.streams.name, null);
  await readers.close();
  expect(readers.running).toBe(0);
  await database.close();
});

test("work that wants nobody to read waits for who does, and who comes later waits for it", async () => {
  const file = join(folder, "coffer.db");
  const database = await openSqlite({ file, bodies });
  const readers = new Readers({ file, bodies: bodies.href }, engineLimits(), 2, silentLog);
  const done: string[] = [];
  const note = (what: string) => () => void done.push(what);
  const before = readers.read(notes.linger.name, { ms: 200 }).then(note("read before"));
  const work = readers.without(async () => {
    await wait(50);
    done.push("work");
  });
  // It is asked for again while it waits: once is enough.
  await readers.without(async () => void done.push("other work"));
  const after = [1, 2, 3].map((number) =>
    readers.read(notes.list.name, null).then(note(`read after ${number}`)),
  );
  await Promise.all([before, work, ...after]);
  expect(done.slice(0, 2)).toEqual(["read before", "work"]);
  expect(done.slice(2).sort()).toEqual(["read after 1", "read after 2", "read after 3"]);
  await readers.close();
  await database.close();
});

test("a scan with pauses ends with its thread", async () => {
  const file = join(folder, "coffer.db");
  const database = await openSqlite({ file, bodies });
  const put = (count: number) =>
    Promise.all(
      Array.from({ length: count }, () => database.execute(notes.put, { id: crypto.randomUUID() })),
    );
  const readers = new Readers({ file, bodies: bodies.href }, engineLimits(), 1, silentLog);
  await put(7);
  expect(await readers.read(notes.combine.name, null)).toBe(7 ** 3);
  await put(700);
  const refused = expect(readers.read(notes.combine.name, null)).rejects.toThrow();
  await wait(200);
  const closedMs = performance.now();
  await readers.close();
  expect(performance.now() - closedMs).toBeLessThan(1_000);
  await refused;
  await database.close();
});
