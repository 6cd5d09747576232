// A rotation of the root key killed at each of its steps, on both engines: every value still opens after
// the next start, the rotation goes on from where it was, and the older key is then of no use.
import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { limits } from "../../src/core/limits.ts";
import { rootKeyFileAfter, withoutRootKey } from "../../src/server/keys.ts";
import { verified } from "../crash/checker.ts";
import { type Place, type Server, startServer } from "../crash/child.ts";
import { type Wire, wireTo } from "../crash/wire.ts";
import { sharedPostgres, stopSharedPostgres } from "../support/postgres.ts";
import { have } from "../support/requirements.ts";

const keys = "/v1/installation/keys";
const roots = "/v1/installation/root-keys";
/** More keys than one chunk holds. */
const slugs = Array.from({ length: limits.rewrapKeys + 5 }, (_, at) => `o-${at}`);
const total = slugs.length + 2; // and those of `default` and of the installation

const points = [
  "root.add.before-commit",
  "root.add.after-commit",
  "root.promote.before-commit",
  "root.promote.after-commit",
  "root.rewrap.before-commit:1",
  "root.rewrap.after-commit:1",
  "root.rewrap.before-commit:2",
  "root.rewrap.after-commit:2",
  "root.retire.before-commit",
  "root.retire.after-commit",
  "root.destroy.before-commit",
  "root.destroy.after-commit",
  "keys.rotate-installation.before-commit",
  "keys.rotate-installation.after-commit",
  "keys.destroy-installation.before-commit",
  "keys.destroy-installation.after-commit",
];
/** Starts cost more there, and the bodies are the same. */
const pointsOnPostgres = points.filter((point) => /after-commit(:1)?$|rewrap.before-commit:2/.test(point));

/** Filled once for SQLite, and copied for each test. */
let template: { readonly data: string; readonly token: string };
let out: string;
beforeAll(async () => {
  const data = mkdtempSync(join(tmpdir(), "coffer-root-template-"));
  template = { data, token: await filled({ out: data, data: join(data, "data"), database: null }) };
});
beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), "coffer-root-"));
  const own = out;
  return () => rmSync(own, { recursive: true, force: true });
});
afterAll(async () => {
  rmSync(template.data, { recursive: true, force: true });
  await stopSharedPostgres();
});

/** Also a failed test leaves no server behind. */
function started(place: Place, killAt: string | null = null): Server {
  const server = startServer(place, { killAt });
  onTestFinished(() => server.kill());
  return server;
}

const secretsOf = (slug: string) => `/v1/organizations/${slug}/stores/default/secrets`;

async function send(wire: Wire, method: string, path: string, body?: unknown) {
  return (await wire.send(method, path, body)) ?? { status: 0, body: undefined };
}

async function filled(place: Place): Promise<string> {
  const server = startServer(place);
  const url = await server.ready;
  const { token } = JSON.parse(readFileSync(join(place.data, "bootstrap.json"), "utf8"));
  const wire = wireTo(url, token, 16);
  await Promise.all(
    slugs.map(async (slug) => {
      expect((await send(wire, "POST", "/v1/organizations", { slug, name: slug })).status).toBe(201);
      const secret = { name: "S", value: `of ${slug}` };
      expect((await send(wire, "POST", secretsOf(slug), secret)).status).toBe(201);
    }),
  );
  wire.close();
  await server.stop();
  return token;
}

/** Written beside and put in place, as the guide says. */
function replaceKeyFile({ data }: Place, text: string): void {
  writeFileSync(join(data, "next"), text, { mode: 0o600 });
  renameSync(join(data, "next"), join(data, "root.key"));
}

const idsIn = ({ data }: Place) =>
  readFileSync(join(data, "root.key"), "utf8")
    .split("\n")
    .filter((line) => line.startsWith("rk_"))
    .map((line) => line.slice(0, 19));

/** All that an operator types, until it is done or the server is gone. */
async function rotateRoot(wire: Wire, older: string): Promise<void> {
  const steps = async () => {
    await send(wire, "POST", `${roots}/rotate`);
    for (let ended = false; !ended && !wire.lost; ) {
      const { status, body } = await send(wire, "POST", `${roots}/rewrap`);
      if (!wire.lost) expect(status).toBe(200);
      ended = body?.ended === true;
    }
    for (const step of ["retire", "destroy"]) await send(wire, "POST", `${roots}/${older}/${step}`);
  };
  await steps();
  if (wire.lost) return;
  await send(wire, "POST", `${keys}/rotate`);
  await send(wire, "POST", `${keys}/1/destroy`);
}

async function expectValues(wire: Wire): Promise<void> {
  const values = await Promise.all(
    slugs.map(async (slug) => (await send(wire, "GET", `${secretsOf(slug)}/S/value`)).body?.value),
  );
  expect(values).toEqual(slugs.map((slug) => `of ${slug}`));
}

for (const engine of ["SQLite", ...(have("postgresql") ? ["PostgreSQL"] : [])]) {
  // Each is three starts and a hundred organizations, and the machine may be busy.
  describe(`a rotation of the root key on ${engine}`, { timeout: 90_000 }, () => {
    const tried = engine === "SQLite" ? points : pointsOnPostgres;
    test.each(tried)("killed at %s loses nothing, and ends when it is asked for again", async (point) => {
      const database = engine === "SQLite" ? null : await (await sharedPostgres()).database();
      const place = { out, data: join(out, "data"), database };
      if (database === null) cpSync(template.data, out, { recursive: true });
      const token = database === null ? template.token : await filled(place);
      const [older = ""] = idsIn(place);

      const killed = started(place, point);
      const dying = wireTo(await killed.ready, token, 1);
      // The file changes while the server runs, and no restart is needed for it.
      replaceKeyFile(place, await rootKeyFileAfter(join(place.data, "root.key")));
      await rotateRoot(dying, older);
      await killed.ended;
      dying.close();
      expect(await verified(place)).toEqual([]);

      const server = started(place);
      const wire = wireTo(await server.ready, token, 16);
      await expectValues(wire);
      const promoted = !/^root\.(add\.|promote\.before)/.test(point);
      const rootsNow = async () =>
        Object.fromEntries(
          (await send(wire, "GET", keys)).body.rootKeys.map(
            ({ id, keys: held }: { id: string; keys: number }) => [id, held],
          ),
        );
      // By itself, once the newer key wraps; before that, somebody has to say so.
      if (promoted) await expect.poll(rootsNow, { timeout: 15_000 }).toMatchObject({ [older]: 0 });
      else expect(await rootsNow()).toMatchObject({ [older]: total });
      await rotateRoot(wire, older);
      await expectValues(wire);
      const { rootKeys, terms, progress } = (await send(wire, "GET", keys)).body;
      expect(rootKeys.map(({ state }: { state: string }) => state)).toEqual(["destroyed", "current"]);
      expect(terms[0].state).toBe("current");
      expect(progress.done).toBe(progress.total);
      wire.close();
      await server.stop();

      // The older key is of no use any more: without it everything opens.
      replaceKeyFile(place, await withoutRootKey(join(place.data, "root.key"), older));
      expect(idsIn(place)).not.toContain(older);
      const last = started(place);
      const reading = wireTo(await last.ready, token, 16);
      await expectValues(reading);
      reading.close();
      await last.stop();
      expect(await verified(place)).toEqual([]);
    });
  });
}
