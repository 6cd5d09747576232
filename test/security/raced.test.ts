// Bodies that read, wait for a row, and then write: what they read must still hold, or they begin again.
import { afterAll, expect, test } from "vitest";
import { openLogin } from "../../src/core/access-tokens/login.ts";
import { settlePaid } from "../../src/core/backends/paying.ts";
import type { OwedDeletion } from "../../src/core/backends/records.ts";
import { systemCaller } from "../../src/core/caller.ts";
import { changeAccount } from "../../src/core/people/account.ts";
import { sweepTrash } from "../../src/core/secrets/trash.ts";
import { openSession } from "../../src/core/sessions/open.ts";
import { newRootKeyFile } from "../../src/server/keys.ts";
import { refusal } from "../support/coffers.ts";
import { sharedPostgres, stopSharedPostgres } from "../support/postgres.ts";
import { openPostgres } from "../support/queryable.ts";
import { connected, raced, waitingIn } from "../support/raced.ts";
import { have } from "../support/requirements.ts";
import { startCoffer, type TestCoffer } from "../support/server.ts";

const home = "/v1/organizations/default";
const secrets = `${home}/stores/default/secrets`;

afterAll(stopSharedPostgres);

raced(
  "the sweep purges neither what is restored while it waits nor what is being deleted by then",
  async (meeting) => {
    const { coffer, rows, hold, letGo, waiting } = meeting;
    const owner = coffer.call(coffer.token);
    const two = "/v1/organizations/two";
    await owner.post("/v1/organizations", { slug: "two", name: "Two" });
    await owner.post(secrets, { name: "A", value: "a" });
    const { id } = (await owner.post(`${two}/stores/default/secrets`, { name: "B", value: "b" })).body;
    await owner.post(`${two}/stores/default/secrets`, { name: "C", value: "c" });
    await owner.delete(`${secrets}/A`);
    await owner.delete(`${two}/stores/default/secrets/B`);
    await owner.delete(`${two}/stores/default/secrets/C`);
    await rows("UPDATE secrets SET purge_at = CASE WHEN name = 'A' THEN 1 ELSE 2 END");

    await hold("UPDATE organizations SET revision = revision WHERE slug = 'default'");
    const sweeping = coffer.node.context.database.execute(sweepTrash, {
      caller: systemCaller("trash"),
      at: Date.now(),
    });
    await waiting(1);
    expect((await owner.post(`${two}/trash/${id}/restore`, {})).status).toBe(200);
    await rows("UPDATE secrets SET state = 'deleting' WHERE name = 'C'");
    await letGo();
    await sweeping;

    expect((await owner.get(`${two}/stores/default/secrets/B/value`)).body).toMatchObject({ value: "b" });
    expect(await rows("SELECT name, state FROM secrets ORDER BY name")).toEqual([
      { name: "B", state: "active" },
      { name: "C", state: "deleting" },
    ]);
    expect(await rows("SELECT name FROM changes WHERE kind = 'secret.purged'")).toEqual([{ name: "A" }]);
    expect(await rows("SELECT slug, secrets FROM organizations ORDER BY slug")).toMatchObject([
      { slug: "default", secrets: "0" },
      { slug: "two", secrets: "1" },
    ]);
  },
);

raced(
  "a store is deleted with what is in it by then, not with what was moved out while it waited",
  async (meeting) => {
    const { coffer, rows, hold, letGo, waiting } = meeting;
    const owner = coffer.call(coffer.token);
    const old = `${home}/stores/old`;
    await owner.post(`${home}/stores`, { name: "Old", slug: "old" });
    for (const name of ["K", "L", "M"]) await owner.post(`${old}/secrets`, { name, value: "v" });

    // Held, and not changed: what decided under these epochs goes on from where it waits.
    await hold("SELECT 1 FROM access_epochs WHERE scope = $1 FOR UPDATE", [coffer.bootstrap.organization.id]);
    const removing = owner.delete(`${old}?force=true`);
    await waiting(1);
    expect((await owner.post(`${old}/secrets/K/move`, { store: "default" })).status).toBe(200);
    expect((await owner.delete(`${old}/secrets/M`)).status).toBe(204);
    await letGo();

    expect((await removing).status).toBe(204);
    expect((await owner.get(old)).status).toBe(404);
    expect((await owner.get(`${secrets}/K/value`)).body).toMatchObject({ value: "v" });
    const told = "SELECT name FROM changes WHERE kind = 'secret.trashed' ORDER BY revision";
    expect(await rows(told)).toEqual([{ name: "M" }, { name: "L" }]);
  },
);

raced(
  "an operator who changes his account while that is taken from him is none afterwards",
  async (meeting) => {
    const { coffer, rows, hold, letGo, waiting } = meeting;
    const owner = coffer.call(coffer.token);
    const { id } = coffer.bootstrap.person;
    const another = "00000000-0000-7000-8000-000000000002";
    await rows(
      `INSERT INTO people (id, email, email_folded, name, operator, created_at)
      VALUES ($1, 'b@example.org', 'b@example.org', 'B', 1, 1)`,
      [another],
    );

    await hold("SELECT 1 FROM people WHERE id = $1 FOR UPDATE", [id]);
    const taking = coffer.node.context.database.execute(changeAccount, {
      caller: systemCaller("host"),
      at: Date.now(),
      account: { id },
      change: { operator: false },
    });
    await waiting(1);
    const changing = owner.patch("/v1/me", { name: "New name" });
    await waiting(2);
    await letGo();

    expect(await taking).toMatchObject({ operator: false });
    expect((await changing).status).toBe(200);
    expect(await rows("SELECT name, operator FROM people WHERE id = $1", [id])).toEqual([
      { name: "New name", operator: "0" },
    ]);
    expect((await owner.post("/v1/organizations", { slug: "two", name: "Two" })).status).toBe(403);
  },
);

raced("of two who change a store at once, neither undoes what the other did", async (meeting) => {
  const { coffer, hold, letGo, waiting } = meeting;
  const owner = coffer.call(coffer.token);
  const { stores } = coffer.node.operations;
  await owner.post(`${home}/stores`, { name: "Before", slug: "s" });

  await hold("UPDATE organizations SET revision = revision");
  const renamed = owner.patch(`${home}/stores/s`, { name: "After" });
  await waiting(1);
  const coloured = stores.update(coffer.owner, { slug: "default" }, { slug: "s" }, { attributes: { c: 1 } });
  await waiting(2);
  await letGo();
  expect((await renamed).body).toMatchObject({ name: "After" });
  expect(await coloured).toMatchObject({ name: "After", attributes: { c: 1 } });
  expect((await owner.get(`${home}/stores/s`)).body).toMatchObject({ name: "After" });
});

raced("of two who change an organization at once, neither undoes what the other did", async (meeting) => {
  const { coffer, rows, hold, letGo, waiting } = meeting;
  const owner = coffer.call(coffer.token);

  await hold("UPDATE organizations SET revision = revision");
  const bounded = owner.patch(home, { trash: "always", limits: { secrets: 5 } });
  await waiting(1);
  const named = owner.patch(home, { name: "Renamed" });
  await waiting(2);
  await letGo();
  expect([(await bounded).status, (await named).status]).toEqual([200, 200]);
  expect(await rows("SELECT name, trash, limit_secrets FROM organizations")).toEqual([
    { name: "Renamed", trash: "always", limit_secrets: "5" },
  ]);
});

raced("a document that is changed while its removal waits is not the one that was to go", async (meeting) => {
  const { coffer, hold, letGo, waiting } = meeting;
  const { documents } = coffer.node.operations;
  const place = { store: { slug: "default" }, kind: "thing" };
  const of = [coffer.owner, { slug: "default" }, place] as const;
  const { revision } = await documents.create(...of, { name: "d", body: { n: 1 } });

  await hold("UPDATE organizations SET revision = revision");
  const changing = documents.modify(...of, "d", () => ({ n: 2 }));
  await waiting(1);
  const removing = refusal(documents.remove(...of, "d", { revisions: [revision] }));
  await waiting(2);
  await letGo();

  expect((await changing).body).toEqual({ n: 2 });
  expect((await removing).code).toBe("precondition.failed");
  expect((await documents.get(...of, "d")).body).toEqual({ n: 2 });
});

raced(
  "a secret goes with the last of its debts, also when the last two are settled at once",
  async (meeting) => {
    const { coffer, rows, hold, letGo, waiting } = meeting;
    const owner = coffer.call(coffer.token);
    const organizationId = coffer.bootstrap.organization.id;
    const secretId: string = (await owner.post(secrets, { name: "S" })).body.id;
    await rows("UPDATE secrets SET state = 'deleting' WHERE id = $1", [secretId]);
    const settled = { ref: null, version: null, writeId: null, createdAt: 1, dueAt: 1, attempts: 1 };
    const debts = ["one", "two"].map(
      (backend): OwedDeletion => ({
        id: backend,
        organizationId,
        secretId,
        backend,
        kind: "object",
        ...settled,
      }),
    );
    await rows(
      `INSERT INTO owed_deletions (id, organization_id, secret_id, backend, kind, created_at, due_at, attempts)
      SELECT backend, $1, $2, backend, 'object', 1, 1, 1 FROM unnest(ARRAY['one', 'two']) backend`,
      [organizationId, secretId],
    );

    // The whole table, so that both have come as far as they do without each other.
    await hold("LOCK TABLE secrets IN ACCESS EXCLUSIVE MODE");
    const call = { caller: systemCaller("backends"), at: Date.now() };
    const { database } = coffer.node.context;
    const settling = debts.map((owed) => database.execute(settlePaid, { ...call, owed }));
    await waiting(2);
    await letGo();
    await Promise.all(settling);

    expect(await rows("SELECT id FROM owed_deletions")).toEqual([]);
    expect(await rows("SELECT id FROM secrets")).toEqual([]);
  },
);

test.runIf(have("postgresql"))(
  "of two nodes that start first at once both come up",
  { timeout: 60_000 },
  async () => {
    const { database: fresh, admin } = await sharedPostgres();
    const database = await fresh();
    await (await openPostgres(database)).close();
    const other = await connected(database);
    const env = { COFFER_ROOT_KEY: newRootKeyFile() };
    const nodes: TestCoffer[] = [];
    try {
      await other.query("BEGIN");
      await other.query("LOCK TABLE installation IN EXCLUSIVE MODE");
      const starting = Promise.allSettled([startCoffer({ database, env }), startCoffer({ database, env })]);
      await waitingIn(database, admin, 2);
      await other.query("COMMIT");
      const started = await starting;
      for (const each of started) if (each.status === "fulfilled") nodes.push(each.value);
      expect(started).toMatchObject([{ status: "fulfilled" }, { status: "fulfilled" }]);
      expect((await other.query("SELECT id FROM installation")).rows).toHaveLength(1);
    } finally {
      await other.end();
      for (const node of nodes) await node.stop();
    }
  },
);

raced("nobody logs in by an access token after its revocation was confirmed", async (meeting) => {
  const { coffer, rows, hold, letGo, waiting } = meeting;
  const owner = coffer.call(coffer.token);
  const machine = (await owner.post(`${home}/machines`, { name: "m" })).body.id;
  const { id } = (await owner.post(`${home}/machines/${machine}/access-tokens`, { name: "t" })).body;
  const [stored] = await rows("SELECT hash FROM tokens WHERE id = $1", [id]);
  if (!(stored?.hash instanceof Uint8Array)) throw new Error("no such token");
  const via = { dialect: "test", address: null, requestId: null };
  const login = { id, hash: stored.hash, at: Date.now(), via };

  await hold("SELECT 1 FROM tokens WHERE id = $1 FOR UPDATE", [id]);
  const revoking = owner.delete(`${home}/tokens/${id}`);
  await waiting(1);
  const logging = refusal(coffer.node.context.database.execute(openLogin, login));
  await waiting(2);
  await letGo();

  expect((await revoking).status).toBe(204);
  expect((await logging).code).toBe("caller.unauthenticated");
  expect(await rows("SELECT last_used_at FROM tokens WHERE id = $1", [id])).toEqual([{ last_used_at: null }]);
});

raced("a job that was ended has no session left, and gets none that was being opened", async (meeting) => {
  const { coffer, rows, hold, letGo, waiting } = meeting;
  const owner = coffer.call(coffer.token);
  const { organization, store } = coffer.bootstrap;
  const trustId = "00000000-0000-7000-8000-0000000000aa";
  await rows(
    `INSERT INTO trusts (id, organization_id, name, issuer, audience, jwks, claims, leads_to, created_at, created_by)
      VALUES ($1, $2, 't', 'https://i', 'a', '{"keys":[]}', '{}', $3, 1, '{"kind":"person","id":"x","name":"x"}')`,
    [trustId, organization.id, JSON.stringify({ leadsTo: { store: store.id }, as: "job" })],
  );
  const session = (n: number) =>
    coffer.node.context.database.execute(openSession, {
      organizationId: organization.id,
      trustId,
      tokenId: `00000000-0000-7000-8000-00000000010${n}`,
      hash: Buffer.alloc(32, n),
      as: { kind: "job", id: `00000000-0000-7000-8000-00000000020${n}`, jobId: "job-1", claims: {} },
      storeId: store.id,
      expiresAt: Date.now() + 3_600_000,
      at: Date.now(),
      via: { dialect: "test", address: null, requestId: null },
    });
  await session(1);

  await hold("SELECT 1 FROM stores WHERE id = $1 FOR UPDATE", [store.id]);
  const opening = session(2);
  await waiting(1);
  const ending = owner.delete(`${home}/stores/default/jobs/job-1`);
  // It is over, or it waits for the session.
  await Promise.race([ending, waiting(2)]);
  await letGo();
  await opening;

  expect((await ending).status).toBe(204);
  const left = "SELECT id FROM tokens WHERE principal_kind = 'job' AND revoked_at IS NULL";
  expect(await rows(left)).toEqual([]);
  expect(await refusal(session(3))).toMatchObject({ code: "caller.unauthenticated", because: "finished" });
});
