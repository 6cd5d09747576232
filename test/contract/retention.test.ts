// The retention of the audit trail on both engines: what is old goes to the archive and only then
// from the tables, a kill at any instant loses nothing, and the verifier says so.
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { silentLog } from "../../src/storage/engine.ts";
import {
  type AuditSource,
  openSource,
  type Report,
  type VerifyOptions,
  verify,
} from "../../src/verify/index.ts";
import { withParameter } from "../crash/child.ts";
import { coffers, heldClock, home, lastingOwner, text } from "../support/coffers.ts";
import { sharedPostgres, stopSharedPostgres } from "../support/postgres.ts";
import { have } from "../support/requirements.ts";
import { day, fill, retention } from "../support/retention.ts";
import { startCoffer, type TestCoffer } from "../support/server.ts";

const program = fileURLToPath(new URL("../support/retention.ts", import.meta.url));
const running = () => false;
let folder: string;
let archive: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "coffer-retention-"));
  archive = join(folder, "archive");
  mkdirSync(archive);
});
afterEach(() => rmSync(folder, { recursive: true }));
afterAll(stopSharedPostgres);

interface Place {
  readonly data: string;
  readonly database: string | undefined;
}

async function sourceOf(place: Place): Promise<AuditSource> {
  return openSource(place.database === undefined ? { data: place.data } : { database: place.database });
}

async function check(place: Place, options: VerifyOptions = {}): Promise<Report> {
  const source = await sourceOf(place);
  try {
    return await verify(source, options);
  } finally {
    await source.close();
  }
}

/** The hash of every entry that the tables hold. A second connection that writes adds that it began. */
async function hashes(place: Place): Promise<Set<string>> {
  const source = await sourceOf(place);
  const found = new Set<string>();
  for await (const { hash } of source.entries()) found.add(hash);
  await source.close();
  return found;
}

function archived(): Set<string> {
  const texts = readdirSync(archive).map((name) => readFileSync(join(archive, name), "utf8"));
  const lines = texts.flatMap((it) => it.trim().split("\n")).map((line) => JSON.parse(line));
  return new Set(lines.filter(({ kind }) => kind === "entry").map(({ hash }) => hash));
}

/** Two closed streams with secrets in them, and a third that is open. */
async function aged(start: (options: object) => Promise<TestCoffer>, data: string) {
  const clock = heldClock(Date.now());
  const first = await start({ clock, data });
  const store = { slug: "default" };
  const { secrets } = first.node.operations;
  for (const name of ["KEPT", "CHANGED", "PURGED"]) {
    await secrets.create(first.owner, home, store, { name, value: text("v") });
  }
  await secrets.remove(first.owner, home, store, { name: "PURGED" }, { removal: "purge" });
  await fill(first.node.context, first.bootstrap.organization.id, 1_200);
  const coffer = await first.restart();
  return { coffer, clock, store };
}

for (const engine of coffers) {
  describe(`retention on ${engine.name}`, () => {
    let database: string | undefined;
    const start = (options: object) =>
      startCoffer({ ...options, ...(database === undefined ? {} : { database }) });
    const place = (coffer: TestCoffer): Place => ({ data: coffer.data, database });
    let coffer: TestCoffer;
    let clock: ReturnType<typeof heldClock>;
    let store: { slug: string };

    beforeEach(async () => {
      database = engine.name === "SQLite" ? undefined : await (await sharedPostgres()).database();
      ({ coffer, clock, store } = await aged(start, join(folder, "data")));
    });
    afterEach(() => coffer.stop());

    test("without an archive nothing is removed, and the log says so once", async () => {
      const before = await hashes(place(coffer));
      const said: string[] = [];
      const log = { ...silentLog, warn: (_: object, message: string) => void said.push(message) };
      const run = retention(coffer.node.context, null, log);
      await run(running);
      expect(said).toEqual([]);
      clock.pass(410 * day);
      await run(running);
      await run(running);
      expect(said).toEqual([expect.stringContaining("audit.archive names no folder")]);
      const gone = retention(coffer.node.context, join(folder, "nowhere"), log);
      await gone(running);
      expect(said.at(-1)).toContain("audit.archive is not there");
      expect((await hashes(place(coffer))).isSupersetOf(before)).toBe(true);
    });

    test("what is not yet old stays", async () => {
      const before = await hashes(place(coffer));
      clock.pass(406 * day);
      await retention(coffer.node.context, archive, silentLog)(running);
      expect((await hashes(place(coffer))).isSupersetOf(before)).toBe(true);
      expect(readdirSync(archive)).toEqual([]);
    });

    test("what is old lies in the archive, with its record, and the trail is intact", async () => {
      const before = await hashes(place(coffer));
      clock.pass(410 * day);
      const owner = await lastingOwner(coffer);
      const { secrets } = coffer.node.operations;
      await secrets.update(owner, home, store, { name: "CHANGED" }, { description: "new" });
      await retention(coffer.node.context, archive, silentLog)(running);
      await coffer.node.signHeads();
      const after = await hashes(place(coffer));
      const kept = archived();
      for (const hash of before) expect(after.has(hash) !== kept.has(hash)).toBe(true);
      expect(kept.size).toBeGreaterThan(1_200);
      for (const name of readdirSync(archive)) expect(statSync(join(archive, name)).mode & 0o777).toBe(0o600);

      const report = await check(place(coffer));
      expect(report.findings).toEqual([]);
      expect(report.removed.length).toBe(readdirSync(archive).length);
      expect(await check(place(coffer), { archive })).toMatchObject({ findings: [] });
      for (const name of readdirSync(archive)) {
        expect(await verify(await openSource({ file: join(archive, name) }))).toMatchObject({
          verdict: "intact",
        });
      }

      const page = { before: null, limit: 1_000 };
      const filter = { action: null, caller: null, target: null, outcome: null, dialect: null };
      const { audit } = coffer.node.operations;
      const { items } = await audit.list(owner, home, { ...filter, since: 1, until: null }, page);
      expect(items.some(({ action }) => action === "audit.restate")).toBe(true);
      expect(items.map(({ because }) => because)).not.toContain("test");
      const older = { before: { key: 1, id: `${items[0]?.stream}:1` }, limit: 10 };
      expect((await audit.list(owner, home, { ...filter, since: null, until: 2 }, older)).items).toEqual([]);
    });

    test("the next run finds nothing more, and a restart goes on", async () => {
      clock.pass(410 * day);
      const run = retention(coffer.node.context, archive, silentLog);
      await run(running);
      await run(running); // an open stream keeps its last entry until another follows
      const files = readdirSync(archive);
      const entries = (await hashes(place(coffer))).size;
      await run(running);
      expect(readdirSync(archive)).toEqual(files);
      expect((await hashes(place(coffer))).size).toBe(entries);
      await coffer.stop();
      expect(await check(place(coffer), { archive })).toMatchObject({ verdict: "intact" });
      expect(await check(place(coffer))).toMatchObject({ verdict: "intact" });
    });

    test("a second age goes after the first", async () => {
      clock.pass(410 * day);
      await retention(coffer.node.context, archive, silentLog)(running);
      clock.pass(410 * day);
      await fill(coffer.node.context, coffer.bootstrap.organization.id, 3);
      await retention(coffer.node.context, archive, silentLog)(running);
      await coffer.node.signHeads();
      expect((await check(place(coffer))).findings).toEqual([]);
      expect((await check(place(coffer), { archive })).findings).toEqual([]);
    });
  });
}

describe("on SQLite, what somebody changed in the tables", () => {
  let coffer: TestCoffer;
  let db: DatabaseSync;
  const reasons: unknown[] = [];
  const log = { ...silentLog, error: (fields: object) => void reasons.push(fields) };

  /** All that is old may go, after the given statement was run on the file. */
  async function changed(statement: string): Promise<Report> {
    const made = await aged((options) => startCoffer(options), join(folder, "data"));
    coffer = made.coffer;
    db = new DatabaseSync(join(coffer.data, "coffer.db"), { timeout: 10_000 });
    db.exec(statement);
    made.clock.pass(410 * day);
    await retention(coffer.node.context, archive, log)(running);
    await coffer.node.signHeads();
    return check({ data: coffer.data, database: undefined });
  }
  beforeEach(() => {
    reasons.length = 0;
  });
  afterEach(async () => {
    db.close();
    await coffer.stop();
  });

  const oldest = "stream = (SELECT MIN(id) FROM audit_streams)";
  test.each([
    ["an entry", `UPDATE audit_entries SET because = 'x' WHERE ${oldest} AND seq = 4`, "edited"],
    ["an entry that is missing", `DELETE FROM audit_entries WHERE ${oldest} AND seq = 4`, "missing"],
    ["an end that is missing", `DELETE FROM audit_entries WHERE ${oldest} AND seq > 4`, "tail-removed"],
    [
      "an end that is missing without a trace in its own stream",
      `DELETE FROM audit_entries WHERE ${oldest} AND seq > 4;
       DELETE FROM audit_heads WHERE ${oldest};
       UPDATE audit_streams SET last_seq = 4, last_hash = (SELECT hash FROM audit_entries
         WHERE ${oldest} AND seq = 4) WHERE id = (SELECT MIN(id) FROM audit_streams)`,
      "tail-removed",
    ],
  ])("%s is neither archived nor forgotten", async (_, statement, kind) => {
    const report = await changed(statement);
    expect(report.findings.map((finding) => finding.kind)).toContain(kind);
  });

  test("a secret's row is still found, for its digest is restated from the trail", async () => {
    const { findings } = await changed("UPDATE secrets SET policy = 'rules: []' WHERE name = 'KEPT'");
    expect(findings).toMatchObject([{ kind: "digest" }]);
    expect(reasons).toEqual([]);
    expect(readdirSync(archive).length).toBeGreaterThan(0);
  });
});

interface Killed {
  readonly point: string;
  /** Whether the record must be there, or must not. */
  readonly recorded: boolean;
}

const points: readonly Killed[] = [
  { point: "audit.archive.before-rename", recorded: false },
  { point: "audit.archive.after-rename", recorded: false },
  { point: "audit.restate.before-commit", recorded: false },
  { point: "audit.restate.after-commit", recorded: false },
  { point: "audit.record-removal.before-commit", recorded: false },
  { point: "audit.record-removal.after-commit", recorded: true },
  { point: "audit.remove-recorded.before-commit:2", recorded: true },
  { point: "audit.remove-recorded.after-commit:2", recorded: true },
  { point: "audit.remove-recorded.after-commit:3", recorded: true },
];

/** One run in a process of its own; answers the signal that ended it. */
async function retained(it: Place, killAt: string | null): Promise<NodeJS.Signals | null> {
  const child = spawn(process.execPath, [program], {
    stdio: ["ignore", "ignore", "inherit"],
    env: {
      PATH: process.env.PATH,
      COFFER_DATA: it.data,
      COFFER_AUDIT_ARCHIVE: archive,
      ...(it.database === undefined ? {} : { COFFER_DATABASE: it.database }),
      ...(killAt === null
        ? {}
        : { COFFER_TEST_FAULTS: withParameter("../crash/faults.ts", "at", killAt).href }),
    },
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      if (code !== 0 && signal === null) reject(new Error(`the run ended with ${code}`));
      else resolve(signal);
    });
  });
}

for (const name of ["SQLite", ...(have("postgresql") ? ["PostgreSQL"] : [])]) {
  describe(`killed on ${name}`, () => {
    test.each(points)("at $point nothing is lost, and the next run finishes", async ({ point, recorded }) => {
      const data = join(folder, "data");
      const database = name === "SQLite" ? undefined : await (await sharedPostgres()).database();
      const place = { data, database };
      const { coffer } = await aged(
        (options) => startCoffer({ ...options, ...(database === undefined ? {} : { database }) }),
        data,
      );
      await coffer.stop();
      const before = await hashes(place);

      expect(await retained(place, point)).toBe("SIGKILL");
      const after = await check(place);
      expect(after.findings).toEqual([]);
      expect(after.removed.length > 0).toBe(recorded);
      const files = archived();
      const left = await hashes(place);
      for (const hash of before) expect(left.has(hash) || files.has(hash)).toBe(true);
      if (!recorded) for (const hash of before) expect(left.has(hash)).toBe(true);
      expect((await check(place, { archive })).findings).toEqual([]);

      expect(await retained(place, null)).toBe(null);
      const done = await check(place, { archive });
      expect(done).toMatchObject({ verdict: "intact", findings: [] });
      expect(await check(place)).toMatchObject({ verdict: "intact", findings: [] });
      expect((await hashes(place)).size).toBeLessThan(40);
      expect(archived().size).toBeGreaterThan(1_200);
    });
  });
}
