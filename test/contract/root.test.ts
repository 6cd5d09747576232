// Rotation of the root key on both engines: by whom, under load, never before every node holds the new
// key, and no root key given up while anything stands on it.
import { renameSync, writeFileSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { limits } from "../../src/core/limits.ts";
import { loadConfig } from "../../src/server/config.ts";
import { rootKeyFileAfter } from "../../src/server/keys.ts";
import { serverLog } from "../../src/server/log.ts";
import { type Running, start } from "../../src/server/serve.ts";
import { openSource, verify } from "../../src/verify/index.ts";
import { refusal, text } from "../support/coffers.ts";
import { sharedPostgres, stopSharedPostgres } from "../support/postgres.ts";
import { have } from "../support/requirements.ts";
import { startCoffer, type TestCoffer } from "../support/server.ts";

const places = [
  { name: "SQLite", database: async () => undefined },
  ...(have("postgresql")
    ? [{ name: "PostgreSQL", database: async () => (await sharedPostgres()).database() }]
    : []),
];
const store = { slug: "default" };
afterAll(stopSharedPostgres);

/** Written beside and put in place: what is there is never written over. */
function putKeyFile(folder: string, content: string): void {
  writeFileSync(join(folder, "next"), content, { mode: 0o600 });
  renameSync(join(folder, "next"), join(folder, "root.key"));
}

async function addKey(folder: string): Promise<string> {
  const content = await rootKeyFileAfter(join(folder, "root.key"));
  putKeyFile(folder, content);
  return /^(rk_\w+) .* active$/m.exec(content)?.[1] ?? "";
}

for (const place of places) {
  describe(`the root key on ${place.name}`, () => {
    let coffer: TestCoffer;
    let database: string | undefined;
    beforeAll(async () => {
      database = await place.database();
      coffer = await startCoffer(database === undefined ? {} : { database });
    });
    afterAll(() => coffer.stop());

    const keys = () => coffer.node.operations.keys;
    const roots = () => keys().roots;
    const secrets = () => coffer.node.operations.secrets;
    const status = () => keys().installation.status(coffer.owner);
    const inState = async (state: string) =>
      (await status()).rootKeys.filter((root) => root.state === state).map(({ id }) => id);
    const rewrapAll = async () => {
      for (;;) {
        const step = await roots().rewrap(coffer.owner);
        if (step.ended) return step;
      }
    };
    const rotated = async () => {
      const [older = ""] = await inState("current");
      const newer = await addKey(coffer.data);
      await roots().rotate(coffer.owner);
      await rewrapAll();
      return { older, newer };
    };
    /** Beside the server, as nobody should. */
    const tamper = async (statement: string) => {
      if (database !== undefined) {
        await (await sharedPostgres()).admin(statement, new URL(database).pathname.slice(1));
        return;
      }
      const db = new DatabaseSync(join(coffer.data, "coffer.db"), { timeout: 5_000 });
      db.exec(statement);
      db.close();
    };
    const intact = async () => {
      await coffer.node.signHeads();
      const source = await openSource(database === undefined ? { data: coffer.data } : { database });
      try {
        return (await verify(source)).findings;
      } finally {
        await source.close();
      }
    };

    test("is rotated while others write, read, and make organizations, and none of them sees it", async () => {
      let stop = false;
      let made = 0;
      const working = Array.from({ length: 6 }, async (_, at) => {
        for (let turn = 0; !stop; turn += 1) {
          const slug = `o-${at}-${turn}`;
          const { id } = await coffer.node.operations.organizations.create(coffer.owner, {
            slug,
            name: slug,
          });
          await secrets().create(coffer.owner, { id }, store, { name: "S", value: text(slug) });
          await keys().rotate(coffer.owner, { id });
          const { value } = await secrets().reveal(coffer.owner, { id }, store, { name: "S" });
          expect(value?.reveal()).toBe(slug);
          made += 1;
        }
      });
      const olders: string[] = [];
      for (let round = 0; round < 3; round += 1) {
        const { older, newer } = await rotated();
        await roots().retire(coffer.owner, older);
        expect(await inState("current")).toEqual([newer]);
        olders.push(older);
      }
      stop = true;
      await Promise.all(working);
      expect(made).toBeGreaterThan(5);
      const { rootKeys } = await status();
      for (const { id, keys: held, state } of rootKeys) {
        expect([id, state === "retired" ? held : 0]).toEqual([id, 0]);
      }
      expect(await intact()).toEqual([]);

      // The new keys alone are enough for a start.
      const content = await readFile(join(coffer.data, "root.key"), "utf8");
      const kept = content.split("\n").filter((line) => !olders.some((id) => line.startsWith(id)));
      putKeyFile(coffer.data, kept.join("\n"));
      coffer = await coffer.restart();
      const { value } = await secrets().reveal(coffer.owner, { slug: "o-0-0" }, store, { name: "S" });
      expect(value?.reveal()).toBe("o-0-0");
    });

    test("is of operators alone, by tokens over all their organizations", async () => {
      const principal = { kind: "person", id: coffer.owner.id };
      const minted = await coffer
        .call(coffer.token)
        .post("/v1/organizations/default/tokens", { principal, name: "of one organization" });
      const narrow = coffer.call(minted.body.token);
      for (const [method, path] of [
        ["get", "keys"],
        ["post", "keys/rotate"],
        ["post", "keys/1/destroy"],
        ["post", "root-keys/rotate"],
        ["post", "root-keys/rewrap"],
        ["post", "root-keys/rk_0123456789abcdef/retire"],
        ["post", "root-keys/rk_0123456789abcdef/destroy"],
      ] as const) {
        expect([path, (await narrow[method](`/v1/installation/${path}`)).status]).toEqual([path, 403]);
      }
    });

    test("wraps until another one does, and no step is taken before its turn", async () => {
      const [current = ""] = await inState("current");
      expect((await refusal(roots().rotate(coffer.owner))).code).toBe("key.in_use");
      expect((await refusal(roots().retire(coffer.owner, current))).code).toBe("key.in_use");
      expect((await refusal(roots().destroy(coffer.owner, current))).code).toBe("key.in_use");
      const unknown = "rk_0123456789abcdef";
      expect((await refusal(roots().retire(coffer.owner, unknown))).code).toBe("key.not_found");
      expect((await refusal(roots().destroy(coffer.owner, unknown))).code).toBe("key.not_found");
      expect(await roots().rewrap(coffer.owner)).toMatchObject({ ended: true, left: false });

      const newer = await addKey(coffer.data);
      await roots().rotate(coffer.owner);
      await roots().rotate(coffer.owner);
      expect(await inState("added")).toEqual([newer]);
      expect(await inState("current")).toEqual([current]);
      expect((await refusal(roots().destroy(coffer.owner, newer))).code).toBe("key.in_use");
      // Taken back, and put in again.
      await roots().retire(coffer.owner, newer);
      expect(await inState("added")).toEqual([]);
      await roots().rotate(coffer.owner);
      await rewrapAll();
      expect((await refusal(roots().destroy(coffer.owner, current))).code).toBe("key.in_use");
      await roots().retire(coffer.owner, current);
      await roots().destroy(coffer.owner, current);
      expect((await refusal(roots().destroy(coffer.owner, current))).code).toBe("key.not_found");

      // A file that would have the destroyed one wrap.
      const content = await readFile(join(coffer.data, "root.key"), "utf8");
      const turned = content
        .replace(/ active$/m, "")
        .replace(new RegExp(`^${current} \\S+$`, "m"), "$& active");
      putKeyFile(coffer.data, turned);
      const refused = await refusal(roots().rotate(coffer.owner));
      expect(refused.message).toBe(`The root key ${current} was destroyed and does not come back.`);
      putKeyFile(coffer.data, content);
    });

    test("is not given up while one key stands on it", async () => {
      const { older, newer } = await rotated();
      // As if one had been left out.
      await tamper(`UPDATE keys SET root_key_id = '${older}' WHERE organization_id IS NULL`);
      const one = "This root key still wraps 1 keys; rewrap first.";
      expect((await refusal(roots().retire(coffer.owner, older))).message).toBe(one);
      await tamper(`UPDATE root_keys SET state = 'retired' WHERE id = '${older}'`);
      expect((await refusal(roots().destroy(coffer.owner, older))).message).toBe(one);
      await tamper(`UPDATE keys SET root_key_id = '${newer}' WHERE organization_id IS NULL`);
      await roots().destroy(coffer.owner, older);
    });

    test("stays where it is for what does not unwrap, and says so", async () => {
      const { id } = await coffer.node.operations.organizations.create(coffer.owner, {
        slug: "hurt",
        name: "h",
      });
      await tamper(`UPDATE keys SET wrapped = installation.wrapped
        FROM (SELECT wrapped FROM keys WHERE organization_id IS NULL) installation WHERE organization_id = '${id}'`);
      const [older = ""] = await inState("current");
      await addKey(coffer.data);
      await roots().rotate(coffer.owner);
      await roots().rewrap(coffer.owner);
      expect(await roots().rewrap(coffer.owner)).toMatchObject({ damaged: 1, ended: true, left: true });
      expect((await refusal(roots().retire(coffer.owner, older))).code).toBe("key.in_use");
    });
  });
}

const onPostgres = describe.skipIf(!have("postgresql"));

onPostgres("the root keys of several nodes", () => {
  let coffer: TestCoffer;
  let other: string;
  let database: string;
  beforeAll(async () => {
    database = await (await sharedPostgres()).database();
    coffer = await startCoffer({ database });
    other = await mkdtemp(join(tmpdir(), "coffer-other-"));
    putKeyFile(other, await readFile(join(coffer.data, "root.key"), "utf8"));
  });
  afterAll(async () => {
    await coffer.stop();
    await rm(other, { recursive: true });
  });

  const roots = () => coffer.node.operations.keys.roots;
  const status = () => coffer.node.operations.keys.installation.status(coffer.owner);
  async function startOther(): Promise<Running> {
    const { config } = loadConfig({ data: other, listen: "127.0.0.1:0", logLevel: "silent", database }, {});
    const running = await start(config, serverLog("silent"), { announce: () => {} });
    onTestFinished(() => running.stop());
    return running;
  }

  test("one that lacks the new key holds the rotation up, and catches up without a restart", async () => {
    const second = await startOther();
    expect((await status()).nodes).toHaveLength(2);
    const newer = await addKey(coffer.data);
    await roots().rotate(coffer.owner);
    const refused = await refusal(roots().rewrap(coffer.owner));
    expect(refused).toMatchObject({ code: "key.not_held", message: expect.stringContaining(newer) });
    // A file that cannot be read changes nothing on a node that runs.
    const before = await readFile(join(other, "root.key"), "utf8");
    putKeyFile(other, "nonsense");
    await second.node?.announce();
    expect((await refusal(roots().rewrap(coffer.owner))).code).toBe("key.not_held");
    putKeyFile(other, await readFile(join(coffer.data, "root.key"), "utf8"));
    await second.node?.announce();
    while (!(await roots().rewrap(coffer.owner)).ended);

    // What the second node makes, the first one opens.
    await second.node?.operations.organizations.create(coffer.owner, { slug: "second", name: "s" });
    const { rootKeys } = await status();
    const [older = ""] = rootKeys.filter(({ state }) => state === "leaving").map(({ id }) => id);
    expect(rootKeys.map(({ id, keys: held }) => [id, held > 0])).toEqual([
      [older, false],
      [newer, true],
    ]);
    await roots().retire(coffer.owner, older);
    await second.stop();
    expect((await status()).nodes).toHaveLength(1);

    putKeyFile(other, before);
    const sealed = await startOther();
    expect(sealed.node).toBeNull();
    const ready = await fetch(`${sealed.url}/readyz`);
    expect([ready.status, await ready.json()]).toEqual([503, { status: "sealed", expects: newer }]);
    expect((await status()).nodes).toHaveLength(1);
  });

  test("one that slept through a rotation takes no requests until it has the new key", async () => {
    putKeyFile(other, await readFile(join(coffer.data, "root.key"), "utf8"));
    const second = await startOther();
    const ready = async () => (await fetch(`${second.url}/readyz`)).status;
    expect(await ready()).toBe(200);
    const newer = await addKey(coffer.data);
    await roots().rotate(coffer.owner);
    // Its last word is too old to count.
    const { admin } = await sharedPostgres();
    const [self] = (await status()).nodes.filter(({ rootKeys }) => !rootKeys.includes(newer));
    await admin(
      `UPDATE nodes SET seen_at = '2020-01-01 00:00:00+00' WHERE id = '${self?.id}'`,
      new URL(database).pathname.slice(1),
    );
    while (!(await roots().rewrap(coffer.owner)).ended);
    await second.node?.announce();
    expect(await ready()).toBe(503);
    putKeyFile(other, await readFile(join(coffer.data, "root.key"), "utf8"));
    await second.node?.announce();
    expect(await ready()).toBe(200);
    const [older] = (await status()).rootKeys.filter(({ state }) => state === "leaving");
    await roots().retire(coffer.owner, older?.id ?? "");
  });

  test("one that died without a word is waited for as long as its word counts, and no longer", async () => {
    const { admin } = await sharedPostgres();
    const name = new URL(database).pathname.slice(1);
    const dead = (age: string) =>
      admin(
        `INSERT INTO nodes (id, name, root_keys, seen_at) VALUES ('dead', 'dead:1', '[]', (now() - interval '${age}')::text)
         ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at`,
        name,
      );
    await addKey(coffer.data);
    await roots().rotate(coffer.owner);
    await dead(`${limits.nodeLeaseMs / 1000 - 20} seconds`);
    expect((await refusal(roots().rewrap(coffer.owner))).message).toContain("dead:1");
    await dead(`${limits.nodeLeaseMs / 1000 + 1} seconds`);
    expect(await roots().rewrap(coffer.owner)).toMatchObject({ ended: false });
    await dead(`${limits.nodeForgottenMs / 1000 + 1} seconds`);
    await coffer.node.announce();
    expect(await admin("SELECT id FROM nodes WHERE id = 'dead'", name)).toEqual([]);
  });
});
