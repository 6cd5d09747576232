// A database that an older Coffer left is taken on, with what is in it: see test/support/schema-0004, made by
// the version that knew four migrations, killed while its audit stream was open. The upgrade may be killed
// after any migration, or begin on two nodes at once; a database of a newer version is left alone.
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import pg from "pg";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { openNode } from "../../src/server/compose.ts";
import { loadConfig } from "../../src/server/config.ts";
import { serverLog } from "../../src/server/log.ts";
import { start } from "../../src/server/serve.ts";
import { createMigrationsTable, postgresTypes, sqliteTypes } from "../../src/storage/migrate.ts";
import { migrations } from "../../src/storage/migrations/index.ts";
import { type Server, startServer, withParameter } from "../crash/child.ts";
import { sharedPostgres, stopSharedPostgres } from "../support/postgres.ts";
import { have } from "../support/requirements.ts";
import { clientOf } from "../support/server.ts";

const older = join(import.meta.dirname, "../support/schema-0004");
const read = (name: string) => readFileSync(join(older, name), "utf8");
const tokens: { readonly owner: string; readonly machine: string } = JSON.parse(read("tokens.json"));
const org = "/v1/organizations/default";
const secrets = `${org}/stores/alpha/secrets`;

const cleanup: (() => unknown)[] = [];
afterEach(async () => {
  for (const undo of cleanup.splice(0).reverse()) await undo();
});
afterAll(stopSharedPostgres);

interface Place {
  readonly out: string;
  readonly data: string;
  readonly database: string | null;
  /** Beside any server. */
  run(text: string): Promise<readonly Record<string, unknown>[]>;
}

/** As the older version left it. */
async function olderPlace(engine: string): Promise<Place> {
  const out = mkdtempSync(join(tmpdir(), "coffer-older-"));
  cleanup.push(() => rmSync(out, { recursive: true, force: true }));
  copyFileSync(join(older, "root.key"), join(out, "root.key"));
  chmodSync(join(out, "root.key"), 0o600);
  if (engine === "SQLite") {
    const run = async (text: string) => {
      const db = new DatabaseSync(join(out, "coffer.db"));
      try {
        if (!text.startsWith("SELECT")) db.exec(text);
        return text.startsWith("SELECT") ? db.prepare(text).all() : [];
      } finally {
        db.close();
      }
    };
    await run(read("schema-sqlite.sql") + read("rows.sql"));
    chmodSync(join(out, "coffer.db"), 0o600);
    return { out, data: out, database: null, run };
  }
  const database = await (await sharedPostgres()).database();
  const run = async (text: string) => {
    const client = new pg.Client({ connectionString: database });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(text)).rows;
    } finally {
      await client.end();
    }
  };
  const bytes = read("rows.sql").replaceAll(/\bX'([0-9a-f]*)'/g, String.raw`'\x$1'::bytea`);
  await run(read("schema-postgres.sql") + bytes);
  return { out, data: out, database, run };
}

async function started({ data, database }: Place): Promise<string> {
  const flags = { data, listen: "127.0.0.1:0", logLevel: "silent" };
  const { config } = loadConfig(database === null ? flags : { ...flags, database }, {});
  const running = await start(config, serverLog("silent"), { announce: () => {} });
  cleanup.push(() => running.stop());
  expect(running.node).not.toBeNull();
  return running.url;
}

async function expectWhole(url: string): Promise<void> {
  const owner = clientOf(url, tokens.owner);
  const machine = clientOf(url, tokens.machine);
  const { body: shown } = await owner.get(`${secrets}/DATABASE_PASSWORD`);
  expect(shown).toMatchObject({
    name: "DATABASE_PASSWORD",
    description: "of the database",
    labels: { app: "web" },
    annotations: { "example.org/note": "kept" },
    consumers: ["worker"],
    version: 3,
  });
  for (const [version, value] of ["first", "second", "third"].entries()) {
    const past = await owner.get(`${secrets}/DATABASE_PASSWORD/value?version=${version + 1}`);
    expect(past.body.value).toBe(value);
  }
  expect((await machine.get(`${secrets}/WITH_POLICY/value`)).body.value).toBe("for builds");
  expect((await machine.get(`${secrets}/EMPTY/value`)).status).toBe(404);
  expect((await owner.get(`${org}/trash`)).body.items.map((one: { name: string }) => one.name)).toEqual([
    "TRASHED",
  ]);
  expect((await owner.get(`${org}/groups`)).body.items.map((one: { name: string }) => one.name)).toEqual([
    "Builders",
  ]);
  expect((await owner.post(secrets, { name: "NEW", value: "after the upgrade" })).status).toBe(201);
  expect((await owner.get(`${secrets}/NEW/value`)).body.value).toBe("after the upgrade");
}

const ids = migrations.map(({ id }) => id);

test.each([
  ["schema-sqlite.sql", sqliteTypes],
  ["schema-postgres.sql", postgresTypes],
])("what was released was not edited since: %s", (file, types) => {
  const four = migrations.slice(0, 4).flatMap((one) => one.up({ types }));
  const squashed = (text: string) => text.replaceAll(/\s+/g, " ").trim();
  const texts = [createMigrationsTable, ...four].map((text) => `${squashed(text)};`);
  expect(squashed(read(file))).toBe(texts.join(" "));
});

describe.each(have("postgresql") ? ["SQLite", "PostgreSQL"] : ["SQLite"])(
  "a database of an older Coffer on %s",
  (engine) => {
    test("is upgraded at the start, and all that was in it is there", async () => {
      const place = await olderPlace(engine);
      const url = await started(place);
      expect((await place.run("SELECT id FROM migrations ORDER BY id")).map(({ id }) => id)).toEqual(ids);
      await expectWhole(url);
    });

    test("is upgraded although each start was killed after one migration more", async () => {
      const place = await olderPlace(engine);
      for (const id of ids.slice(4)) {
        const faults = withParameter("../crash/faults.ts", "at", `migration.${id}:1`);
        const killed: Server = startServer(place, { faults });
        await expect(killed.ready).rejects.toThrow(/SIGKILL/);
        const done = await place.run("SELECT id FROM migrations ORDER BY id");
        // Whole or not at all, with everything before it.
        expect(ids.slice(0, done.length)).toEqual(done.map((row) => row.id));
      }
      await expectWhole(await started(place));
    }, 120_000);

    test("of which a newer version has a migration is refused in a sentence, and left as it was", async () => {
      const place = await olderPlace(engine);
      await place.run("INSERT INTO migrations (id, applied_at) VALUES ('0099-from-the-future', 1)");
      const { config } = loadConfig(
        { data: place.data, ...(place.database === null ? {} : { database: place.database }) },
        {},
      );
      const opening = openNode(config, {
        log: serverLog("silent"),
        url: "http://127.0.0.1:1",
        emit: () => {},
      });
      await expect(opening).rejects.toThrow(
        'The database has migration "0099-from-the-future", which this version of Coffer does not know in that place; it was made by a newer version.',
      );
      expect(await place.run("SELECT id FROM migrations ORDER BY id")).toHaveLength(5);
    });
  },
);

describe.runIf(have("postgresql"))("a database of an older Coffer on PostgreSQL", () => {
  test("is upgraded by one of several nodes that start at once", async () => {
    const place = await olderPlace("PostgreSQL");
    const nodes = [startServer(place), startServer(place), startServer(place)];
    cleanup.push(() => Promise.all(nodes.map((node) => node.stop())));
    const urls = await Promise.all(nodes.map(({ ready }) => ready));
    expect((await place.run("SELECT id FROM migrations ORDER BY id")).map(({ id }) => id)).toEqual(ids);
    await expectWhole(urls[0] ?? "");
    const other = clientOf(urls[2] ?? "", tokens.owner);
    expect((await other.get(`${secrets}/NEW/value`)).body.value).toBe("after the upgrade");
  });
});
