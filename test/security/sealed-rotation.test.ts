// Half way through a rotation of the root key both keys are needed. A start with one of them is a sealed
// one: it names the other, and writes nothing, on both engines.
import { createHash } from "node:crypto";
import { cpSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, onTestFinished, test } from "vitest";
import { loadConfig } from "../../src/server/config.ts";
import { rootKeyFileAfter } from "../../src/server/keys.ts";
import { serverLog } from "../../src/server/log.ts";
import { type Running, start } from "../../src/server/serve.ts";
import { type Place, startServer } from "../crash/child.ts";
import { wireTo } from "../crash/wire.ts";
import { sharedPostgres, stopSharedPostgres } from "../support/postgres.ts";
import { have } from "../support/requirements.ts";
import { clientOf } from "../support/server.ts";

afterAll(stopSharedPostgres);
const value = "/v1/organizations/default/stores/default/secrets/S/value";

/** Nothing is wrapped anew yet; all of it is. */
const moments = ["root.promote.after-commit", "root.rewrap.before-commit", "root.rewrap.after-commit"];

function put(place: Place, text: string): void {
  writeFileSync(join(place.data, "next"), text, { mode: 0o600 });
  renameSync(join(place.data, "next"), join(place.data, "root.key"));
}

/** A server that was killed at this moment; the key file holds both keys. Answers its token. */
async function killedAt(place: Place, moment: string): Promise<string> {
  const server = startServer(place, { killAt: moment });
  onTestFinished(() => server.kill());
  const url = await server.ready;
  const { token } = JSON.parse(readFileSync(join(place.data, "bootstrap.json"), "utf8"));
  const wire = wireTo(url, token, 1);
  await wire.send("POST", value.replace("/S/value", ""), { name: "S", value: "kept" });
  put(place, await rootKeyFileAfter(join(place.data, "root.key")));
  await wire.send("POST", "/v1/installation/root-keys/rotate");
  while (!wire.lost) await wire.send("POST", "/v1/installation/root-keys/rewrap");
  wire.close();
  await server.ended;
  return token;
}

async function started({ data, database }: Place): Promise<Running> {
  const flags = {
    data,
    listen: "127.0.0.1:0",
    logLevel: "silent",
    ...(database === null ? {} : { database }),
  };
  const running = await start(loadConfig(flags, {}).config, serverLog("silent"), { announce: () => {} });
  onTestFinished(() => running.stop());
  return running;
}

/** All that lies in the database, as one number for each file or table. */
async function fingerprints({ data, database }: Place): Promise<unknown> {
  if (database === null) {
    const files = readdirSync(data).filter((name) => /^coffer\.db(-wal)?$/.test(name));
    const digest = (name: string) =>
      createHash("sha256")
        .update(readFileSync(join(data, name)))
        .digest("hex");
    return files.map((name) => [name, digest(name)]);
  }
  const { admin } = await sharedPostgres();
  const name = new URL(database).pathname.slice(1);
  const tables = await admin("SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'", name);
  const digests = tables.map(async (table) => [
    table.name,
    await admin(`SELECT md5(string_agg(t::text, '' ORDER BY t::text)) AS digest FROM ${table.name} t`, name),
  ]);
  return Promise.all(digests);
}

for (const engine of ["SQLite", ...(have("postgresql") ? ["PostgreSQL"] : [])]) {
  describe(`half way through a rotation of the root key on ${engine}`, () => {
    test.each(moments)("at %s a start without one of the keys is sealed", async (moment) => {
      const out = mkdtempSync(join(tmpdir(), "coffer-half-"));
      onTestFinished(() => rmSync(out, { recursive: true, force: true }));
      const database = engine === "SQLite" ? null : await (await sharedPostgres()).database();
      const place = { out, data: join(out, "data"), database };
      const token = await killedAt(place, moment);
      cpSync(join(place.data, "root.key"), join(out, "both"), { preserveTimestamps: true });
      const both = readFileSync(join(out, "both"), "utf8");
      const [older = "", newer = ""] = both.match(/rk_[0-9a-f]{16}/g) ?? [];
      const without = {
        [older]: both.replace(/^rk_.*[^e]$\n/m, ""),
        [newer]: both.replace(/^rk_.* active\n/m, ""),
      };

      // One chunk holds all keys here: after it the older one wraps nothing.
      const needed = moment === "root.rewrap.after-commit" ? [newer] : [older, newer];
      for (const id of needed) {
        const text = without[id] ?? "";
        put(place, text.includes(" active") ? text : text.replace(/^rk_.*$/m, "$& active"));
        const before = await fingerprints(place);
        const sealed = await started(place);
        expect(sealed.node).toBeNull();
        const ready = await clientOf(sealed.url, null).get("/readyz");
        expect([ready.status, ready.body]).toEqual([503, { status: "sealed", expects: id }]);
        expect((await clientOf(sealed.url, token).get(value)).status).toBe(503);
        await sealed.stop();
        expect(await fingerprints(place)).toEqual(before);
      }

      put(place, both);
      const open = await started(place);
      const answer = await clientOf(open.url, token).get(value);
      expect([answer.status, answer.body?.value]).toEqual([200, "kept"]);
    });
  });
}
