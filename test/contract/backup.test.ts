// A backup is taken while a server runs, and restored on either engine: what was there is there again, and
// whoever followed the history that ended starts over.
import { generateKeyPairSync, hash } from "node:crypto";
import { readdirSync } from "node:fs";
import { copyFile, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { signHead, signingKeyId } from "../../src/crypto/signing.ts";
import { backup } from "../../src/server/backup.ts";
import { restore } from "../../src/server/restore.ts";
import { verifyBackup } from "../../src/server/verify-backup.ts";
import { openSource, verify } from "../../src/verify/index.ts";
import { sharedPostgres, stopSharedPostgres } from "../support/postgres.ts";
import { have } from "../support/requirements.ts";
import { startCoffer, type TestCoffer } from "../support/server.ts";

const quiet = { stdout: process.stdout, stdin: process.stdin, onRows: () => {} };
const kinds = have("postgresql") ? (["SQLite", "PostgreSQL"] as const) : (["SQLite"] as const);
type Kind = (typeof kinds)[number];

const store = "/v1/organizations/default/stores/default";
const secrets = `${store}/secrets`;
const jump = 2 ** 32;

const folders: string[] = [];
const running: TestCoffer[] = [];

afterEach(async () => {
  for (const coffer of running.splice(0)) await coffer.stop();
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});
afterAll(stopSharedPostgres);

async function folder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), "coffer-backup-"));
  folders.push(made);
  return made;
}

interface Place {
  readonly data: string;
  readonly database?: string;
}

async function place(kind: Kind): Promise<Place> {
  const data = await folder();
  return kind === "SQLite" ? { data } : { data, database: await (await sharedPostgres()).database() };
}

async function start(at: Place): Promise<TestCoffer> {
  const coffer = await startCoffer(at);
  running.push(coffer);
  return coffer;
}

/** Root key and token are no part of a backup. */
async function carryKeys(from: string, to: string): Promise<void> {
  for (const name of ["root.key", "bootstrap.json"]) await copyFile(join(from, name), join(to, name));
}

/** Something of everything that a value may be. */
async function fill(coffer: TestCoffer): Promise<void> {
  const call = coffer.call(coffer.token);
  const values = { plain: "one", nul: "a\u0000b", empty: "", "last 🔑": "\ufeffä\r\n".repeat(5_000) };
  for (const [name, value] of Object.entries(values)) {
    const made = await call.post(secrets, { name, value, labels: { team: "a" }, description: name });
    expect(made.status).toBe(201);
  }
  await call.post(secrets, { name: "without" });
  await call.put(`${secrets}/plain/value`, { value: "two" });
  await call.post(secrets, { name: "gone", value: "trashed" });
  await call.delete(`${secrets}/gone`);
}

async function seen(coffer: TestCoffer) {
  const call = coffer.call(coffer.token);
  const list = (await call.get(secrets)).body.items;
  const answers = await Promise.all(
    list.map(async ({ name }: { name: string }) => {
      const { body } = await call.get(`${secrets}/${encodeURIComponent(name)}/value`);
      return [name, body.error?.code ?? hash("sha256", body.value)];
    }),
  );
  const past = (await call.get(`${secrets}/plain/value?version=1`)).text;
  const trash = (await call.get("/v1/organizations/default/trash")).body;
  // When each was read last goes on.
  const still = list.map(({ lastReadAt: _, ...secret }: Record<string, unknown>) => secret);
  return { still, answers, past, trash };
}

for (const from of kinds) {
  for (const to of kinds) {
    describe(`a backup of ${from}, restored into ${to},`, () => {
      test("holds what was there when it was taken, and starts anew", async () => {
        const origin = await place(from);
        const before = await start(origin);
        await fill(before);
        const call = before.call(before.token);
        const old = await seen(before);
        const { revision } = (await call.get("/v1/organizations/default/changes?since=0")).body;
        const terms = (await call.get("/v1/organizations/default/keys")).body.terms.length;
        const file = join(await folder(), "b.backup");
        const made = await backup(origin, file, quiet);
        expect(made).toMatchObject({ file, bytes: (await stat(file)).size });
        expect((await stat(file)).mode & 0o777).toBe(0o600);
        // Of the history that the restore ends.
        await call.post(secrets, { name: "later", value: "lost" });
        const lost = (await call.get("/v1/organizations/default/changes?since=0")).body.revision;
        await before.stop();

        const target = await place(to);
        const restored = await restore(target, file, quiet);
        expect(restored).toMatchObject({ rows: made.rows, tables: made.tables, header: { id: made.id } });
        expect(await readFile(join(origin.data, "root.key"), "utf8")).toContain(restored.rootKeys[0]);
        await carryKeys(origin.data, target.data);
        const after = await start(target);
        expect(await seen(after)).toEqual(old);
        const now = after.call(after.token);
        expect((await now.get(`${secrets}/later`)).status).toBe(404);

        for (const since of [0, revision - 1, revision, lost, lost + 100, jump]) {
          const asked = await now.get(`/v1/organizations/default/changes?since=${since}`);
          expect([since, asked.body.error?.code]).toEqual([since, "feed.too_old"]);
        }
        const changes = "/v1/organizations/default/changes";
        const anew = (await now.get(`${changes}?since=0`)).body.error.details;
        expect(anew.revision).toBeGreaterThan(jump);
        await now.put(`${secrets}/plain/value`, { value: "three" });
        const next = await now.get(`${changes}?since=${anew.revision}`);
        expect(next.body.items).toMatchObject([{ kind: "secret.value", name: "plain" }]);
        expect(next.body.revision).toBe(anew.revision + 1);

        const keys = (await now.get("/v1/organizations/default/keys")).body;
        expect(keys.terms).toHaveLength(terms + 1);
        expect((await now.get("/v1/installation/keys")).body.terms).toHaveLength(2);
        const told = await now.get("/v1/organizations/default/audit?action=installation.restore");
        expect(told.body.items).toMatchObject([
          { outcome: "allowed", details: { number: 1, backup: made.id } },
        ]);
        // Started anew once, not at each start.
        const again = await after.restart();
        running.push(again);
        const later = await again.call(again.token).get(`${changes}?since=${anew.revision}`);
        expect(later.body.revision).toBe(anew.revision + 1);
        await again.stop();

        const source = await openSource(target);
        const report = await verify(source);
        await source.close();
        expect(report).toMatchObject({ findings: [], verdict: "intact", restored: [{ backup: made.id }] });
      });
    });
  }
}

for (const kind of kinds) {
  test(`on ${kind} a backup that is taken while many write is whole`, async () => {
    const at = await place(kind);
    const coffer = await start(at);
    const call = coffer.call(coffer.token);
    let writing = true;
    const writer = async (number: number) => {
      for (let count = 0; writing; count += 1) {
        const name = `W${number}-${count}`;
        await call.post(secrets, { name, value: name });
        await call.put(`${secrets}/${name}/value`, { value: "two" });
        await call.get(`${secrets}/${name}/value`);
        if (count % 3 === 0) await call.delete(`${secrets}/${name}?purge=true`);
      }
    };
    const writers = Promise.all([1, 2, 3, 4].map(writer));
    const out = await folder();
    const reports: unknown[] = [];
    for (let round = 0; round < 5; round += 1) {
      const file = join(out, `${round}.backup`);
      await backup(at, file, quiet);
      reports.push(await verifyBackup({ data: at.data }, file, quiet));
    }
    writing = false;
    await writers;
    for (const report of reports) expect(report).toMatchObject({ verdict: "whole", flaws: [] });
  });
}

test("what a killed backup left behind stands in the way of no other, not even of the same process", async () => {
  const at = await place("SQLite");
  await (await start(at)).stop();
  const out = await folder();
  let drafts: readonly string[] = [];
  const onRows = () => {
    drafts = readdirSync(out);
  };
  await backup(at, join(out, "made"), { ...quiet, onRows });
  await rm(join(out, "made"));
  const [left = ""] = drafts;
  expect(left).toMatch(/^\.made\..+\.tmp$/);
  await writeFile(join(out, left), "half");
  await backup(at, join(out, "made"), quiet);
  expect(readdirSync(out).toSorted()).toEqual([left, "made"]);
});

test("what does not open, and what is no one's any more, is found by opening it", async () => {
  const at = await place("SQLite");
  const coffer = await start(at);
  const call = coffer.call(coffer.token);
  for (const name of ["A", "B"]) await call.post(secrets, { name, value: name });
  await coffer.stop();
  const out = await folder();
  const verdicts = async (name: string, change: string) => {
    const file = join(out, name);
    const db = new DatabaseSync(join(at.data, "coffer.db"));
    db.exec(`BEGIN; ${change}`);
    db.exec("COMMIT");
    db.close();
    await backup(at, file, quiet);
    const { verdict, opened, flaws } = await verifyBackup({ data: at.data }, file, quiet);
    // The trail's own findings are told too; here it is what is opened that counts.
    return { verdict, values: opened?.values, flaws: flaws.filter((flaw) => !flaw.startsWith("audit: ")) };
  };
  expect(await verdicts("before", "")).toEqual({ verdict: "whole", values: 2, flaws: [] });
  // Whole rows of one term: only what binds a value to its place can tell.
  const exchanged = await verdicts(
    "exchanged",
    `CREATE TEMP TABLE one AS SELECT id, sealed FROM secret_versions;
     UPDATE secret_versions SET sealed = (SELECT o.sealed FROM one o WHERE o.id <> secret_versions.id)`,
  );
  expect(exchanged).toMatchObject({ verdict: "broken", values: 0 });
  expect(exchanged.flaws.map((flaw) => flaw.replaceAll(/[0-9a-f-]{36}/g, "ID"))).toEqual(
    Array(2).fill(
      "The sealed value of secret ID, version ID, does not open: it was changed, or belongs to another place.",
    ),
  );
  const lost = await verdicts(
    "lost",
    "UPDATE keys SET wrapped = zeroblob(61) WHERE organization_id IS NOT NULL",
  );
  expect(lost).toMatchObject({ verdict: "broken", values: 0 });
  expect(lost.flaws).toHaveLength(3);
});

/** Each head is signed anew, and the public half of that key put beside the sealed other one. */
function forgeTrail(database: string): string {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const spki = publicKey.export({ format: "der", type: "spki" });
  const forged = { id: signingKeyId(spki), private: privateKey };
  const db = new DatabaseSync(database);
  const installation = String(db.prepare("SELECT id FROM installation").get()?.id);
  const change = db.prepare("UPDATE audit_heads SET key = ?, signature = ? WHERE stream = ?");
  for (const row of db.prepare("SELECT * FROM audit_heads").all()) {
    const bytes = Buffer.from(String(row.hash), "hex");
    const head = { stream: String(row.stream), seq: Number(row.seq), hash: bytes };
    const { key, signature } = signHead(forged, installation, head, Number(row.at));
    change.run(key, signature, head.stream);
  }
  const put = "UPDATE internal_keys SET public_key = ? WHERE purpose = 'audit-signing'";
  db.prepare(put).run(spki.toString("base64"));
  db.close();
  return forged.id;
}

test("what a start would refuse is found: a trail that another key signed, and a key that is gone", async () => {
  const at = await place("SQLite");
  await (await start(at)).stop();
  const database = join(at.data, "coffer.db");
  const out = await folder();
  const reportOf = async (name: string) => {
    const file = join(out, name);
    await backup(at, file, quiet);
    return verifyBackup({ data: at.data }, file, quiet);
  };
  const whole = await reportOf("whole");
  expect(whole).toMatchObject({ verdict: "whole", flaws: [], audit: { key: { pinned: true } } });

  await copyFile(database, join(out, "kept.db"));
  const forged = forgeTrail(database);
  // The trail alone is sound, by the key that it brings along.
  const source = await openSource(at);
  expect(await verify(source)).toMatchObject({ findings: [], key: { fingerprint: forged } });
  await source.close();
  const told = await reportOf("forged");
  expect(told.verdict).toBe("broken");
  expect(told.flaws.join("\n")).toMatch(/^The key [0-9a-f-]{36} does not open/);
  await expect(start(at)).rejects.toThrow();

  await copyFile(join(out, "kept.db"), database);
  const db = new DatabaseSync(database);
  db.exec("DELETE FROM internal_keys WHERE purpose = 'fingerprint'");
  db.close();
  const lacking = await reportOf("lacking");
  expect(lacking).toMatchObject({
    verdict: "broken",
    flaws: ["The installation has no key for fingerprint."],
  });

  // Half way through a root rotation: nothing stands on the new root key yet.
  await copyFile(join(out, "kept.db"), database);
  const half = new DatabaseSync(database);
  half.exec("UPDATE root_keys SET state = 'leaving'");
  half.exec(
    "INSERT INTO root_keys (id, state, added_at, current_at) VALUES ('rk_00000000000000aa', 'current', 1, 1)",
  );
  half.close();
  const rotating = await reportOf("rotating");
  expect(rotating).toMatchObject({
    verdict: "broken",
    flaws: ["This installation expects the root key rk_00000000000000aa."],
  });
});
