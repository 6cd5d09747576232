// A sealed value opens only where it belongs. Whole rows are exchanged in real tables, with nonce,
// fingerprint and term, of one organization and one term: only the binding to the address is left to
// notice it. What does not open is an error that names the object, never a wrong value.
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import pg from "pg";
import { afterAll, describe, expect, test } from "vitest";
import { sharedPostgres, stopSharedPostgres } from "../support/postgres.ts";
import { have } from "../support/requirements.ts";
import { type Answer, startCoffer, type TestCoffer } from "../support/server.ts";

type Row = Record<string, unknown>;

interface Tampered {
  readonly coffer: TestCoffer;
  /** Beside the server, as someone who can write to the database but has no key. */
  run(text: string, values?: readonly (string | number | Uint8Array)[]): Promise<readonly Row[]>;
}

interface Engine {
  readonly name: string;
  start(): Promise<Tampered>;
}

const sqlite: Engine = {
  name: "SQLite",
  async start() {
    const coffer = await startCoffer();
    const run: Tampered["run"] = async (text, values = []) => {
      const db = new DatabaseSync(join(coffer.data, "coffer.db"), { timeout: 5_000 });
      const bound = Object.fromEntries(values.map((value, index) => [String(index + 1), value]));
      try {
        return db.prepare(text).all(bound);
      } finally {
        db.close();
      }
    };
    return { coffer, run };
  },
};

const postgres: Engine = {
  name: "PostgreSQL",
  async start() {
    const database = await (await sharedPostgres()).database();
    const coffer = await startCoffer({ database });
    const run: Tampered["run"] = async (text, values = []) => {
      const client = new pg.Client({ connectionString: database });
      await client.connect();
      try {
        return (await client.query(text, [...values])).rows;
      } finally {
        await client.end();
      }
    };
    return { coffer, run };
  },
};

const engines = have("postgresql") ? [sqlite, postgres] : [sqlite];
afterAll(stopSharedPostgres);

const secrets = "/v1/organizations/default/stores/default/secrets";
/** Of equal length, so that sizes agree as well. */
const values = { one: "correct horse battery", two: "incorrect donkey fuse" };

describe.each(engines)("on $name", (engine) => {
  async function withSecrets(work: (at: Tampered & Made) => Promise<void>): Promise<void> {
    const at = await engine.start();
    try {
      await work({ ...at, ...(await made(at.coffer)) });
    } finally {
      await at.coffer.stop();
    }
  }

  test("rows exchanged between two secrets open for neither", () =>
    withSecrets(async ({ coffer, run, one, two }) => {
      await exchange(run, [one, 1], [two, 1]);
      await expectDamaged(coffer, "GET", "/one/value", one);
      await expectDamaged(coffer, "GET", "/two/value", two);
      await expectDamaged(coffer, "POST", "/../values", one, { names: ["one"] });
    }));

  test("versions of one secret exchanged open as neither", () =>
    withSecrets(async ({ coffer, run, one }) => {
      await coffer.call(coffer.token).put(`${secrets}/one/value`, { value: values.two });
      await exchange(run, [one, 1], [one, 2]);
      await expectDamaged(coffer, "GET", "/one/value", one);
      await expectDamaged(coffer, "GET", "/one/value?version=1", one);
    }));

  test("what does not open is not sealed anew either", () =>
    withSecrets(async ({ coffer, run, one, two }) => {
      await exchange(run, [one, 1], [two, 1]);
      await expectDamaged(coffer, "POST", "/one/versions/1/restore", one);
      await expectDamaged(coffer, "POST", "/one/duplicate", one, { name: "copy" });
      const call = coffer.call(coffer.token);
      expect((await call.get(`${secrets}/copy`)).status).toBe(404);
      expect((await call.get(`${secrets}/one`)).body.version).toBe(1);
    }));

  test("a flipped bit anywhere, a cut and an addition are noticed; put right again it opens", () =>
    withSecrets(async ({ coffer, run, one }) => {
      const sealed = await sealedOf(run, one);
      const put = (bytes: Uint8Array) =>
        run("UPDATE secret_versions SET sealed = $1 WHERE secret_id = $2", [bytes, one]);
      const regions = { format: 0, term: 4, nonce: 5, value: 17, tag: sealed.length - 1 };
      for (const at of Object.values(regions)) {
        for (const bit of [0x01, 0x80]) {
          const flipped = Buffer.from(sealed);
          flipped[at] = (flipped[at] ?? 0) ^ bit;
          await put(flipped);
          await expectDamaged(coffer, "GET", "/one/value", one);
        }
      }
      for (const other of [sealed.subarray(0, -1), sealed.subarray(0, 8), Buffer.concat([sealed, sealed])]) {
        await put(other);
        await expectDamaged(coffer, "GET", "/one/value", one);
      }
      await put(sealed);
      // It was looked up in each of these states; none of them is remembered.
      await coffer.call(coffer.token).patch(`${secrets}/one`, { description: "again" });
      const whole = await coffer.call(coffer.token).get(`${secrets}/one/value`);
      expect(whole.body).toEqual({ name: "one", version: 1, value: values.one });
    }));

  test("a value from another installation opens nowhere else, not even under the same root key", () =>
    withSecrets(async ({ coffer, run, one }) => {
      const keys = mkdtempSync(join(tmpdir(), "coffer-sealing-"));
      cpSync(join(coffer.data, "root.key"), join(keys, "root.key"));
      const other = await startCoffer({ flags: { rootKey: join(keys, "root.key") } });
      try {
        const theirs = await made(other);
        const there = new DatabaseSync(join(other.data, "coffer.db"), { readOnly: true });
        const version = there.prepare("SELECT * FROM secret_versions WHERE secret_id = ?").get(theirs.one);
        const key = there.prepare("SELECT * FROM keys WHERE organization_id IS NOT NULL").get();
        there.close();
        await run("UPDATE secret_versions SET sealed = $1, fingerprint = $2 WHERE secret_id = $3", [
          bytes(version?.sealed),
          bytes(version?.fingerprint),
          one,
        ]);
        await expectDamaged(coffer, "GET", "/one/value", one);
        // With the key that sealed it, wrapped by the same root key, put in the place of ours.
        await run("UPDATE keys SET wrapped = $1 WHERE organization_id IS NOT NULL", [bytes(key?.wrapped)]);
        const again = await coffer.restart();
        const answer = await again.call(again.token).get(`${secrets}/one/value`);
        expect(answer).toMatchObject({ status: 500, body: { error: { code: "value.integrity" } } });
        expect(answer.text).not.toContain(values.one);
        await again.stop();
      } finally {
        await other.stop();
        rmSync(keys, { recursive: true });
      }
    }));
});

interface Made {
  readonly one: string;
  readonly two: string;
}

async function made(coffer: TestCoffer): Promise<Made> {
  const make = async (name: string, value: string) =>
    String((await coffer.call(coffer.token).post(secrets, { name, value })).body.id);
  return { one: await make("one", values.one), two: await make("two", values.two) };
}

type Place = readonly [secretId: string, version: number];

/** Everything that is sealed or says how it was sealed; ids and numbers stay where they are. */
async function exchange(run: Tampered["run"], here: Place, there: Place): Promise<void> {
  const read = async ([secretId, number]: Place) => {
    const text = `SELECT sealed, fingerprint, term, size FROM secret_versions WHERE secret_id = $1 AND number = $2`;
    const [row] = await run(text, [secretId, number]);
    return row ?? {};
  };
  const put = (row: Row, [secretId, number]: Place) =>
    run(
      `UPDATE secret_versions SET sealed = $1, fingerprint = $2, term = $3, size = $4
        WHERE secret_id = $5 AND number = $6`,
      [bytes(row.sealed), bytes(row.fingerprint), Number(row.term), Number(row.size), secretId, number],
    );
  const [ours, theirs] = [await read(here), await read(there)];
  expect(ours.term).toEqual(theirs.term);
  expect(ours.sealed).not.toEqual(theirs.sealed);
  await put(theirs, here);
  await put(ours, there);
}

async function sealedOf(run: Tampered["run"], secretId: string): Promise<Buffer> {
  const [row] = await run("SELECT sealed FROM secret_versions WHERE secret_id = $1", [secretId]);
  return Buffer.from(bytes(row?.sealed));
}

function bytes(field: unknown): Uint8Array {
  if (field instanceof Uint8Array) return field;
  throw new Error("bytes were expected");
}

/** 500, the object by its id, and no value at all. */
async function expectDamaged(
  coffer: TestCoffer,
  method: "GET" | "POST",
  path: string,
  secretId: string,
  body?: object,
): Promise<void> {
  const call = coffer.call(coffer.token);
  const url = new URL(secrets + path, "http://x");
  const answer: Answer =
    method === "GET" ? await call.get(url.pathname + url.search) : await call.post(url.pathname, body);
  expect(answer.status).toBe(500);
  expect(answer.body.error.code).toBe("value.integrity");
  expect(answer.body.error.message).toContain(`secret ${secretId}`);
  for (const value of Object.values(values)) expect(answer.text).not.toContain(value);
}
