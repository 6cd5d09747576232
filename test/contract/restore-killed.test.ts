// A restore, and the first start after it, killed at each of their steps: what is found afterwards is no
// database or a whole one, nothing serves before all of it has started anew, and it does so once.
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { backup } from "../../src/server/backup.ts";
import { restore } from "../../src/server/restore.ts";
import { verified } from "../crash/checker.ts";
import { type Place, startServer } from "../crash/child.ts";
import { type Wire, wireTo } from "../crash/wire.ts";
import { sharedPostgres, stopSharedPostgres } from "../support/postgres.ts";
import { have } from "../support/requirements.ts";
import { startCoffer } from "../support/server.ts";

const quiet = { stdout: process.stdout, stdin: process.stdin, onRows: () => {} };
/** More than start anew in one commit, and than in two. */
const organizations = 54;
const slugs = ["default", ...Array.from({ length: organizations - 1 }, (_, at) => `o${at}`)];
const jump = 2 ** 32;

let kept: {
  readonly folder: string;
  readonly file: string;
  readonly token: string;
  readonly revision: number;
};
let out: string;
beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), "coffer-restored-"));
  const server = startServer({ out: folder, data: join(folder, "data"), database: null });
  const url = await server.ready;
  const { token } = JSON.parse(readFileSync(join(folder, "data", "bootstrap.json"), "utf8"));
  const wire = wireTo(url, token, 16);
  for (const slug of slugs.slice(1)) await sent(wire, "POST", "/v1/organizations", { slug, name: slug });
  await sent(wire, "POST", "/v1/organizations/default/stores/default/secrets", { name: "A", value: "one" });
  const { revision } = (await sent(wire, "GET", "/v1/organizations/default/changes?since=0")) as Feed;
  wire.close();
  const file = join(folder, "all.backup");
  await backup({ data: join(folder, "data") }, file, quiet);
  await server.stop();
  kept = { folder, file, token, revision };
}, 120_000);
beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), "coffer-restore-"));
});
afterEach(() => rmSync(out, { recursive: true, force: true }));
afterAll(async () => {
  rmSync(kept.folder, { recursive: true, force: true });
  await stopSharedPostgres();
});

interface Feed {
  readonly revision: number;
}

async function sent(wire: Wire, method: string, path: string, body?: unknown): Promise<unknown> {
  const answer = await wire.send(method, path, body);
  if (answer === null || answer.status >= 300) throw new Error(`${method} ${path}: ${answer?.status}`);
  return answer.body;
}

async function place(engine: string): Promise<Place> {
  const data = join(out, "data");
  mkdirSync(data);
  copyFileSync(join(kept.folder, "data", "root.key"), join(data, "root.key"));
  return { out, data, database: engine === "SQLite" ? null : await (await sharedPostgres()).database() };
}

const flagsOf = ({ data, database }: Place) => ({ data, ...(database === null ? {} : { database }) });

/** It has started anew, all of it, and once. */
async function expectAnew(at: Place): Promise<void> {
  const server = startServer(at);
  const wire = wireTo(await server.ready, kept.token, 16);
  try {
    const value = "/v1/organizations/default/stores/default/secrets/A/value";
    expect(await sent(wire, "GET", value)).toMatchObject({ value: "one" });
    const feed = await wire.send("GET", "/v1/organizations/default/changes?since=0");
    // One more tells everybody to start over.
    expect(feed?.body).toMatchObject({ error: { details: { revision: kept.revision + jump + 1 } } });
    // Of the first commit and of the last.
    for (const slug of [...slugs.slice(0, 2), ...slugs.slice(-6)]) {
      const { terms } = (await sent(wire, "GET", `/v1/organizations/${slug}/keys`)) as { terms: unknown[] };
      expect([slug, terms.length]).toEqual([slug, 2]);
      const told = await sent(wire, "GET", `/v1/organizations/${slug}/audit?action=installation.restore`);
      expect((told as { items: unknown[] }).items).toHaveLength(1);
    }
    const own = (await sent(wire, "GET", "/v1/installation/keys")) as { terms: unknown[] };
    expect(own.terms).toHaveLength(2);
  } finally {
    wire.close();
    await server.stop();
  }
  expect(await verified(at)).toEqual([]);
}

const starting = [
  "restore.start.before-commit:1",
  "restore.start.after-commit:1",
  "restore.start.before-commit:2",
  "restore.start.after-commit:2",
  "restore.finish.before-commit",
  "restore.finish.after-commit",
];

for (const engine of have("postgresql") ? ["SQLite", "PostgreSQL"] : ["SQLite"]) {
  describe(`on ${engine}`, () => {
    const points =
      engine === "SQLite" ? starting : starting.filter((point) => /after-commit(:1)?$/.test(point));

    test.each(points)(
      "a first start killed at %s is gone on with by the next",
      async (killAt) => {
        const at = await place(engine);
        await restore(flagsOf(at), kept.file, quiet);
        const killed = startServer(at, { killAt });
        await expect(killed.ready).rejects.toThrow();
        await killed.ended;
        await expectAnew(at);
      },
      60_000,
    );

    const steps = engine === "SQLite" ? ["restore.before-rename", "restore.after-rename"] : [];
    test.each(["rows:100", ...steps])(
      "a restore killed at %s leaves all of it or nothing",
      async (step) => {
        const at = await place(engine);
        const restorer = join(import.meta.dirname, "../crash/restorer.ts");
        const args = [restorer, kept.file, step, at.data, at.database ?? ""];
        expect(spawnSync(process.execPath, args, { timeout: 60_000 }).signal).toBe("SIGKILL");
        if (step !== "restore.after-rename") {
          if (engine === "SQLite")
            await expect(startCoffer({ data: at.data })).rejects.toThrow(/did not come to its end/);
          expect(existsSync(join(at.data, "coffer.db"))).toBe(false);
          await restore(flagsOf(at), kept.file, quiet);
        }
        await expect(restore(flagsOf(at), kept.file, quiet)).rejects.toThrow(/empty/);
        await expectAnew(at);
      },
      60_000,
    );
  });
}

test.runIf(have("postgresql"))(
  "nodes that start at once after a restore start anew once",
  async () => {
    const at = await place("PostgreSQL");
    await restore(flagsOf(at), kept.file, quiet);
    const nodes = [1, 2, 3].map((node) => {
      const own = join(out, `node-${node}`);
      mkdirSync(own);
      copyFileSync(join(kept.folder, "data", "root.key"), join(own, "root.key"));
      return startServer({ ...at, out: own, data: own });
    });
    await Promise.all(nodes.map(({ ready }) => ready));
    await Promise.all(nodes.map((node) => node.stop()));
    await expectAnew(at);
  },
  60_000,
);

test("without its root key what was restored stays sealed, and is written nothing into", async () => {
  const at = await place("SQLite");
  await restore(flagsOf(at), kept.file, quiet);
  rmSync(join(at.data, "root.key"));
  const before = readFileSync(join(at.data, "coffer.db"));
  const server = startServer(at);
  await expect(server.ready).rejects.toThrow("the server started sealed");
  await server.stop();
  expect(readFileSync(join(at.data, "coffer.db")).equals(before)).toBe(true);
  const db = new DatabaseSync(join(at.data, "coffer.db"), { readOnly: true });
  expect(db.prepare("SELECT number, reached, started_at FROM restores").all()).toEqual([
    { number: 1, reached: null, started_at: null },
  ]);
  db.close();

  // With it, all that was decided about access is to be decided anew.
  const old = epochs(at);
  copyFileSync(join(kept.folder, "data", "root.key"), join(at.data, "root.key"));
  await expectAnew(at);
  const now = epochs(at);
  expect(old.size).toBe(organizations + 1);
  expect([...old].filter(([scope, epoch]) => (now.get(scope) ?? 0) <= epoch)).toEqual([]);
});

function epochs({ data }: Place): Map<string, number> {
  const db = new DatabaseSync(join(data, "coffer.db"), { readOnly: true });
  const rows = db.prepare("SELECT scope, epoch FROM access_epochs").all();
  db.close();
  return new Map(rows.map(({ scope, epoch }) => [String(scope), Number(epoch)]));
}
