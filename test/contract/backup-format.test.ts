// A backup is taken for whole only if it is, byte for byte; and one of an earlier release is upgraded.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BackupFlaw, type Row, rowLine, rowOf } from "../../src/storage/backup/format.ts";
import { readBackup } from "../../src/storage/backup/read.ts";
import { restoreInto } from "../../src/storage/backup/restore.ts";
import { sqliteSnapshot, sqliteTarget } from "../../src/storage/backup/sqlite.ts";
import { carried } from "../../src/storage/backup/tables.ts";
import { writeBackup } from "../../src/storage/backup/write.ts";
import { migrate, sqliteTypes } from "../../src/storage/migrate.ts";
import { migrations } from "../../src/storage/migrations/index.ts";
import { SqliteConnection } from "../../src/storage/sqlite/connection.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "coffer-backup-format-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A database with a schema of so many migrations, an installation, an organization and its keys. */
async function database(name: string, known: number): Promise<string> {
  const file = join(folder, name);
  const connection = new SqliteConnection(file, { readOnly: false, cacheKiB: 256, busyMs: 0 });
  connection.begin();
  const exec = async (text: string) => connection.exec(text);
  await migrate({ db: connection, types: sqliteTypes, exec }, migrations.slice(0, known), 1);
  connection.exec(`
    INSERT INTO installation (id, created_at) VALUES ('i', 1);
    INSERT INTO organizations (id, slug, name, custody, trash, members_create, secrets, stores, default_store_id,
      revision, created_at) VALUES ('o', 'o', 'ä "quoted"', 'server', 'dialect', 1, 0, 0, 's', 7, 1);
    INSERT INTO keys (id, organization_id, term, state, root_key_id, wrapped, seals_reserved, created_at)
      VALUES ('k', NULL, 1, 'current', 'rk', x'00ff80', 0, 1), ('l', 'o', 1, 'current', 'rk', x'', 0, 1);
    INSERT INTO people (id, email, email_folded, name, operator, created_at) VALUES ('p', 'a@b', 'a@b', 'A', 1, 1);`);
  connection.commit();
  connection.close();
  return file;
}

async function bytesOf(file: string): Promise<Buffer> {
  const snapshot = sqliteSnapshot(file);
  const chunks: Buffer[] = [];
  await writeBackup(snapshot, { id: "b", takenAt: 5 }, async (bytes) => void chunks.push(bytes));
  await snapshot.close();
  return Buffer.concat(chunks);
}

/** In pieces of that size. */
async function readAll(bytes: Uint8Array, piece = 1_000): Promise<Row[]> {
  const pieces = Array.from({ length: Math.ceil(bytes.length / piece) }, (_, at) =>
    bytes.subarray(at * piece, (at + 1) * piece),
  );
  const backup = await readBackup(Readable.from(pieces));
  const rows: Row[] = [];
  for await (const part of backup.parts()) if (part.kind === "rows") rows.push(...part.rows);
  return rows;
}

describe("a file", () => {
  let whole: Buffer;
  beforeAll(async () => {
    whole = await bytesOf(await database("whole.db", migrations.length));
  });

  test("is read in pieces of any size", async () => {
    const rows = await readAll(whole);
    expect(rows).toContainEqual([
      "k",
      null,
      1,
      "current",
      "rk",
      new Uint8Array([0, 255, 128]),
      0,
      1,
      null,
      null,
      null,
    ]);
    for (const piece of [1, 7, 64, whole.length]) expect(await readAll(whole, piece)).toEqual(rows);
  });

  test("with any byte changed is refused", () =>
    fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const bent = Uint8Array.from(whole);
        bent[at] = (bent[at] ?? 0) ^ flip;
        await expect(readAll(bent)).rejects.toThrow(BackupFlaw);
      }),
      { numRuns: 400 },
    ));

  test("cut off anywhere is refused", () =>
    fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), async (length) => {
        await expect(readAll(whole.subarray(0, length))).rejects.toThrow(BackupFlaw);
      }),
    ));

  test("with something behind its end is refused", async () => {
    for (const more of ["\n", "x", "[]\n", whole]) {
      await expect(readAll(Buffer.concat([whole, Buffer.from(more)]))).rejects.toThrow(BackupFlaw);
    }
  });

  test("says nothing of what stands in it when it is refused", async () => {
    const bent = Buffer.from(whole.toString().replace('"a@b"', '"a@b\\u0000hunter2"'));
    await expect(readAll(bent)).rejects.toThrow(
      /^line \d+ of the backup holds no text in the column "email"$/,
    );
  });
});

test("every row comes back as it was", () => {
  const columns = [
    { name: "n", kind: "integer" },
    { name: "t", kind: "text" },
    { name: "b", kind: "bytes" },
  ] as const;
  const text = fc.string({ unit: "grapheme" }).filter((each) => each.isWellFormed() && !each.includes("\0"));
  const row = fc.tuple(fc.option(fc.maxSafeInteger()), fc.option(text), fc.option(fc.uint8Array()));
  fc.assert(
    fc.property(row, (cells) => {
      const line = rowLine(cells);
      expect(line.indexOf("\n")).toBe(line.length - 1);
      expect(rowOf(JSON.parse(line), { name: "t", columns }, 1)).toEqual(cells);
    }),
  );
});

test.each([2, 4, 6])("a backup with the first %i migrations is restored and upgraded", async (known) => {
  const file = await database(`old-${known}.db`, known);
  const backup = await readBackup(Readable.from([await bytesOf(file)]));
  expect(backup.header.migrations).toHaveLength(known);
  const target = sqliteTarget(join(folder, `new-${known}.db`));
  const restored = await restoreInto(target, backup, { known: migrations, at: 9 });
  // The third migration makes them out of the keys that are there: it ran after the rows had come.
  expect(restored.rootKeys).toEqual(known < 3 ? ["rk"] : []);
  target.close();
  const after = sqliteSnapshot(join(folder, `new-${known}.db`));
  expect(after.migrations).toEqual(migrations.map(({ id }) => id));
  const restores = after.tables.find(({ name }) => name === "restores");
  if (restores === undefined) throw new Error("there are no restores");
  for await (const rows of after.rows(restores)) expect(rows).toEqual([[1, "b", 5, 9, null, null]]);
  await after.close();
});

test("a backup of a newer release is refused with a sentence", async () => {
  const text = (await bytesOf(await database("newer.db", migrations.length))).toString();
  const newer = text.replace('"0010-search-index"', '"0010-search-index","9999-later"');
  const backup = await readBackup(Readable.from([Buffer.from(newer)]));
  const target = sqliteTarget(join(folder, "never.db"));
  await expect(restoreInto(target, backup, { known: migrations, at: 9 })).rejects.toThrow(
    /"9999-later".*newer version/,
  );
  target.close();
});

test("the snapshot stands while the server writes on", async () => {
  const file = await database("moving.db", migrations.length);
  const before = await bytesOf(file);
  const snapshot = sqliteSnapshot(file);
  const writer = new SqliteConnection(file, { readOnly: false, cacheKiB: 256, busyMs: 0 });
  writer.exec("INSERT INTO people VALUES ('q', 'c@d', 'c@d', 'C', 0, 1)");
  const chunks: Buffer[] = [];
  await writeBackup(snapshot, { id: "b", takenAt: 5 }, async (bytes) => void chunks.push(bytes));
  writer.close();
  await snapshot.close();
  expect(Buffer.concat(chunks).equals(before)).toBe(true);
});

test("tables stand behind those that they refer to", () => {
  const table = (name: string, ...references: string[]) => ({ name, columns: [], references });
  const named = (...tables: ReturnType<typeof table>[]) => carried(tables).map(({ name }) => name);
  expect(named(table("a", "c"), table("b", "a", "b"), table("c"), table("nodes"))).toEqual(["c", "a", "b"]);
  expect(() => named(table("a", "b"), table("b", "a"))).toThrow();
  expect(() => named(table("a", "changes"), table("changes"))).toThrow();
});
