// A rotation killed at each of its steps, on both engines: every value still opens, the next start
// carries the rotation on to its end, and the audit trail is true of every row.
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { verified } from "../crash/checker.ts";
import { type Place, startServer } from "../crash/child.ts";
import { type Wire, wireTo } from "../crash/wire.ts";
import { sharedPostgres, stopSharedPostgres } from "../support/postgres.ts";
import { have } from "../support/requirements.ts";

const keys = "/v1/organizations/default/keys";
const secrets = "/v1/organizations/default/stores/default/secrets";
/** Values of two versions each, in more than one chunk. */
const count = 90;
const names = Array.from({ length: count }, (_, at) => `S${at}`);

const points = [
  "keys.rotate.before-commit",
  "keys.rotate.after-commit",
  "keys.retire.before-commit",
  "keys.retire.after-commit",
  "keys.reseal.before-commit:1",
  "keys.reseal.after-commit:1",
  "keys.reseal.before-commit:2",
  "keys.reseal.after-commit:2",
  "keys.destroy.before-commit",
  "keys.destroy.after-commit",
];

/** Starts cost more there, and the bodies are the same. */
const pointsOnPostgres = points.filter((point) => /after-commit(:2)?$|reseal.before-commit:2/.test(point));

/** Filled once for SQLite, and copied for each test. */
let template: { readonly data: string; readonly token: string };
let out: string;
beforeAll(async () => {
  const data = mkdtempSync(join(tmpdir(), "coffer-rotation-template-"));
  template = { data, token: await filled({ out: data, data: join(data, "data"), database: null }) };
});
beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), "coffer-rotation-"));
});
afterEach(() => rmSync(out, { recursive: true, force: true }));
afterAll(async () => {
  rmSync(template.data, { recursive: true, force: true });
  await stopSharedPostgres();
});

async function send(wire: Wire, method: string, path: string, body?: unknown) {
  return (await wire.send(method, path, body)) ?? { status: 0, body: undefined };
}

async function filled(place: Place): Promise<string> {
  const server = startServer(place);
  const url = await server.ready;
  const { token } = JSON.parse(readFileSync(join(place.data, "bootstrap.json"), "utf8"));
  const wire = wireTo(url, token, 16);
  await Promise.all(
    names.map(async (name) => {
      expect((await send(wire, "POST", secrets, { name, value: `first ${name}` })).status).toBe(201);
      const again = await send(wire, "PUT", `${secrets}/${name}/value`, { value: `second ${name}` });
      expect(again.status).toBe(200);
    }),
  );
  wire.close();
  await server.stop();
  return token;
}

async function rotateUntilKilled(place: Place, token: string, killAt: string): Promise<void> {
  const server = startServer(place, { killAt });
  const wire = wireTo(await server.ready, token, 1);
  await send(wire, "POST", `${keys}/rotate`);
  for (let ended = false; !ended && !wire.lost; ) {
    const { status, body } = await send(wire, "POST", `${keys}/rewrap`);
    ended = status === 200 && body.ended;
  }
  if (!wire.lost) await send(wire, "POST", `${keys}/1/destroy`);
  await server.ended;
  wire.close();
}

/** Three servers live in each of these tests, one after the other. */
const life = { timeout: 90_000 };

for (const engine of ["SQLite", ...(have("postgresql") ? ["PostgreSQL"] : [])]) {
  describe(`a rotation on ${engine}`, () => {
    const tried = engine === "SQLite" ? points : pointsOnPostgres;
    test.each(tried)("killed at %s loses nothing, and the next start ends it", life, async (point) => {
      const database = engine === "SQLite" ? null : await (await sharedPostgres()).database();
      const place = { out, data: join(out, "data"), database };
      if (database === null) cpSync(template.data, out, { recursive: true });
      const token = database === null ? template.token : await filled(place);
      await rotateUntilKilled(place, token, point);
      expect(await verified(place)).toEqual([]);

      const server = startServer(place);
      const wire = wireTo(await server.ready, token, 16);
      const values = async () =>
        Promise.all(
          names.flatMap((name) => [
            send(wire, "GET", `${secrets}/${name}/value`).then(({ body }) => body?.value),
            send(wire, "GET", `${secrets}/${name}/value?version=1`).then(({ body }) => body?.value),
          ]),
        );
      const expected = names.flatMap((name) => [`second ${name}`, `first ${name}`]);
      expect(await values()).toEqual(expected);
      // By itself: nobody asks for it.
      await expect
        .poll(async () => (await send(wire, "GET", keys)).body.progress, { timeout: 15_000 })
        .toEqual({ total: 2 * count, done: 2 * count });
      const { terms } = (await send(wire, "GET", keys)).body;
      const rotated = point !== "keys.rotate.before-commit";
      expect(terms.filter(({ state }: { state: string }) => state === "current")).toHaveLength(1);
      expect(terms).toHaveLength(rotated ? 2 : 1);
      expect(await values()).toEqual(expected);
      if (rotated) {
        await expect
          .poll(async () => (await send(wire, "GET", keys)).body.terms[1].emptiedAt, { timeout: 15_000 })
          .not.toBeNull();
        const destroyed = point === "keys.destroy.after-commit" ? 404 : 204;
        expect((await send(wire, "POST", `${keys}/1/destroy`)).status).toBe(destroyed);
        expect(await values()).toEqual(expected);
      }
      wire.close();
      await server.stop();
      expect(await verified(place)).toEqual([]);
    });
  });
}
