// How services read values, and that nobody else does.
import { randomUUID } from "node:crypto";
import { afterAll, describe, expect, test } from "vitest";
import { heldClock } from "../../support/coffers.ts";
import { startCoffer } from "../../support/server.ts";
import { minted } from "../../support/tokens.ts";
import { readTrail } from "../../support/trail.ts";
import {
  aMachine,
  aPerson,
  aSecret,
  aService,
  aStore,
  authentication,
  expectDone,
  expectHeaders,
  expectRefused,
  expectWrong,
  newSecret,
  nowhere,
  type Store,
  wireId,
} from "./support.ts";

const clock = heldClock();
const coffer = await startCoffer({ clock });
afterAll(() => coffer.stop());
const me = coffer.call(coffer.token);
const workers = coffer.call(await aService(coffer, "workers"));
const noScope = {
  code: 10021,
  message: "Secrets Store authorization failed. Check your permissions and secret scopes",
};
const missing = ({ id }: Pick<Store, "id">, name: string) => ({
  code: 10182,
  message: `Secrets Store reference to store '${id}' and secret '${name}' was not found`,
});

describe("one value", () => {
  test("200: whole, with its version as the tag", async () => {
    const store = await aStore(coffer);
    const secret = await aSecret(me, store, { value: " ünd so\nweiter " });
    const { id, name, modified } = secret;
    const answer = await workers.get(`${store.values}/${name}`);
    expectDone(answer, { id, name, store_id: store.id, value: " ünd so\nweiter ", version: 1, modified });
    expect(answer.headers.get("etag")).toBe('"1"');
    const odd = await aSecret(me, store, { name: "a/b%c?d" });
    const read = await workers.get(`${store.values}/${encodeURIComponent(odd.name)}`);
    expect(read.body.result.name).toBe("a/b%c?d");
  });

  test("304: without the value to who has that version, also in a list of tags", async () => {
    const store = await aStore(coffer);
    const { id, name } = await aSecret(me, store);
    const path = `${store.values}/${name}`;
    for (const tag of ['"1"', 'W/"1"', '"7", "1"']) {
      const answer = await workers.get(path, { "if-none-match": tag });
      expect([answer.status, answer.text, answer.headers.get("etag")]).toEqual([304, "", '"1"']);
      expect(answer.headers.get("cache-control")).toBe("no-store");
    }
    expect((await workers.get(path, { "if-none-match": "*" })).status).toBe(200);
    await me.patch(`${store.secrets}/${id}`, { comment: "the same value" });
    expect((await workers.get(path, { "if-none-match": '"1"' })).status).toBe(304);
    await me.patch(`${store.secrets}/${id}`, { value: "another" });
    const answer = await workers.get(path, { "if-none-match": '"1"' });
    expect([answer.status, answer.body.result.value, answer.headers.get("etag")]).toEqual([
      200,
      "another",
      '"2"',
    ]);
    expectRefused(await workers.get(path, { "if-none-match": "one" }), 400, {
      code: 1001,
      message: "invalid_request",
    });
  });

  test("404: what is not there, without a value, expired, of another store, of a store that is not there", async () => {
    const [store, other] = [await aStore(coffer), await aStore(coffer)];
    const { name } = await aSecret(me, other);
    const natively = `/v1/organizations/default/stores/${store.uuid}/secrets`;
    const consumers = ["workers"];
    await me.post(natively, { name: "EMPTY", consumers });
    const expiresAt = new Date(clock.now() + 1_000).toISOString();
    await me.post(natively, { name: "EXPIRED", value: "v", consumers, expiresAt });
    expect((await workers.get(`${store.values}/EXPIRED`)).status).toBe(200);
    clock.pass(1_000);
    for (const wanted of ["NOTHING", "EMPTY", "EXPIRED", name, "n".repeat(500)]) {
      expectRefused(await workers.get(`${store.values}/${wanted}`), 404, missing(store, wanted));
    }
    const nobody = { id: nowhere };
    const path = store.values.replace(store.id, nowhere);
    expectRefused(await workers.get(`${path}/${name}`), 404, missing(nobody, name));
    expectRefused(
      await workers.get(`${store.values.replace(store.id, "x")}/N`),
      404,
      missing({ id: "x" }, "N"),
    );
    expectRefused(await workers.get(`${store.values}/`), 404, { code: 1000, message: "not_found" });
  });

  test("403: to a service that is not among the scopes; a scope that goes binds at once", async () => {
    const store = await aStore(coffer);
    const { id, name } = await aSecret(me, store, { scopes: ["dex"] });
    expectRefused(await workers.get(`${store.values}/${name}`), 403, noScope);
    await me.patch(`${store.secrets}/${id}`, { scopes: ["dex", "workers"] });
    expect((await workers.get(`${store.values}/${name}`)).status).toBe(200);
    expect((await workers.get(`${store.values}/${name}`)).status).toBe(200);
    await me.patch(`${store.secrets}/${id}`, { scopes: ["dex"] });
    expectRefused(await workers.get(`${store.values}/${name}`), 403, noScope);
    const dex = coffer.call(await aService(coffer, "dex"));
    expect((await dex.get(`${store.values}/${name}`)).status).toBe(200);
    await me.delete(`${store.secrets}/${id}`);
    expectRefused(await dex.get(`${store.values}/${name}`), 404, missing(store, name));
  });

  test("404: a store that the service or its token is not for, as one that is not there", async () => {
    const [mine, other] = [await aStore(coffer), await aStore(coffer)];
    const scopes = ["access", "workers"];
    for (const store of [mine, other]) await aSecret(me, store, { name: "BOUND", scopes });
    const bound = coffer.call(await aService(coffer, "access", { boundTo: [mine] }));
    const narrowed = coffer.call(await aService(coffer, "workers", { token: { stores: [mine.uuid] } }));
    for (const service of [bound, narrowed]) {
      expect((await service.get(`${mine.values}/BOUND`)).status).toBe(200);
      expectRefused(await service.get(`${other.values}/BOUND`), 404, missing(other, "BOUND"));
      expectRefused(await service.get(`${other.values}/NOTHING`), 404, missing(other, "NOTHING"));
      expectRefused(await service.post(other.values, { names: ["BOUND"] }), 404, missing(other, "BOUND"));
    }
  });

  test("403: a token for one name reads no other", async () => {
    const store = await aStore(coffer);
    for (const name of ["ONE", "TWO"]) await aSecret(me, store, { name });
    const token = { scopes: [`secret.reveal@${store.uuid}/ONE`] };
    const narrow = coffer.call(await aService(coffer, "workers", { token }));
    expect((await narrow.get(`${store.values}/ONE`)).status).toBe(200);
    expectRefused(await narrow.get(`${store.values}/TWO`), 403, noScope);
  });

  test("403: people and machines, whatever they may; each refusal is written down", async () => {
    const store = await aStore(coffer);
    const { name } = await aSecret(me, store);
    const machine = coffer.call(await aMachine(coffer, store));
    const member = coffer.call((await aPerson(coffer)).token);
    for (const caller of [me, machine, member]) {
      expectRefused(await caller.get(`${store.values}/${name}`), 403, authentication);
      expectRefused(
        await caller.get(`${store.values.replace(store.id, nowhere)}/${name}`),
        403,
        authentication,
      );
      expectRefused(await caller.post(store.values, { names: [name] }), 403, authentication);
    }
    const refusals = (await readTrail(coffer, null)).filter(
      ({ action, outcome, because }) =>
        action === "secret.reveal" && outcome === "refused" && because === "person: not for these",
    );
    expect(refusals.length).toBeGreaterThanOrEqual(6);
  });

  test("403 and 401: services of another account, and jobs, which nobody knows here", async () => {
    const store = await aStore(coffer);
    const foreign = store.values.replace(wireId(coffer.bootstrap.organization.id), nowhere);
    expectRefused(await workers.get(`${foreign}/N`), 403, authentication);
    const jobs = `/v1/organizations/default/stores/${store.uuid}/jobs`;
    const { token } = (await me.post(jobs, { jobId: randomUUID(), claims: {} })).body;
    expectRefused(await coffer.call(token).get(`${store.values}/N`), 401, authentication);
    expectRefused(await coffer.call(null).get(`${store.values}/N`), 401, authentication);
  });

  test("each read is in the trail, with the version and never the value", async () => {
    const store = await aStore(coffer);
    const { name } = await aSecret(me, store, { value: "canary-of-values" });
    await workers.get(`${store.values}/${name}`);
    await workers.get(`${store.values}/${name}`, { "if-none-match": '"1"' });
    const entries = (await readTrail(coffer, null)).filter(({ target_name }) => target_name === name);
    expect(entries.map(({ action, caller_name, outcome }) => [action, caller_name, outcome])).toEqual([
      ["secret.create", "Owner", "allowed"],
      ["secret.reveal", "workers", "allowed"],
      ["secret.reveal", "workers", "allowed"],
    ]);
    expect(JSON.stringify(entries)).not.toContain("canary-of-values");
  });
});

describe("many values", () => {
  test("200: in the order asked", async () => {
    const store = await aStore(coffer);
    const body = ["A", "B", "C"].map((name) => newSecret({ name, value: `of ${name}` }));
    const made = (await me.post(store.secrets, body)).body.result;
    const answer = await workers.post(store.values, JSON.stringify({ names: ["C", "A", "C"] }), {
      "content-type": "text/plain",
    });
    const shown = (index: number) => {
      const { id, name, modified } = made[index];
      return { id, name, store_id: store.id, value: `of ${name}`, version: 1, modified };
    };
    expectDone(answer, [shown(2), shown(0), shown(2)]);
  });

  test("404 and 403: one that is missing or not for it, and then none is read", async () => {
    const store = await aStore(coffer);
    await aSecret(me, store, { name: "GOOD" });
    await aSecret(me, store, { name: "OTHERS", scopes: ["dex"] });
    const gone = await workers.post(store.values, { names: ["GOOD", "GONE"] });
    expectRefused(gone, 404, missing(store, "GONE"));
    expectRefused(await workers.post(store.values, { names: ["GOOD", "OTHERS"] }), 403, noScope);
    const entries = (await readTrail(coffer, null)).filter(
      ({ target_name, action }) =>
        action === "secret.reveal" && ["GOOD", "OTHERS"].includes(String(target_name)),
    );
    expect(entries.map(({ target_name, outcome }) => [target_name, outcome])).toEqual([
      ["OTHERS", "refused"],
    ]);
  });

  test.each([
    undefined,
    "{",
    "[]",
    "{}",
    '{"names":[]}',
    '{"names":"A"}',
    '{"names":[5]}',
    JSON.stringify({ names: Array.from({ length: 101 }, (_, index) => `N${index}`) }),
  ])("400: the body %s", async (body) => {
    expectWrong(await workers.post((await aStore(coffer)).values, body), "invalid_json_body");
  });
});

test("403: services see nothing but values", async () => {
  const store = await aStore(coffer);
  const { id } = await aSecret(me, store);
  const one = `${store.secrets}/${id}`;
  const account = store.path.slice(0, store.path.indexOf("/secrets_store"));
  for (const path of [store.path, store.secrets, one, `${account}/secrets_store/quota`, account]) {
    expectRefused(await workers.get(path), 403, authentication);
  }
  expectRefused(await workers.post(store.secrets, [newSecret()]), 403, authentication);
  expectRefused(await workers.patch(one, { comment: "x" }), 403, authentication);
  expectRefused(await workers.delete(one), 403, authentication);
  const key = await minted(coffer, { principal: { kind: "service", id: await serviceId("workers") } });
  const byKey = await coffer.call(null).get(`${store.values}/NOTHING`, { "x-auth-user-service-key": key });
  expectRefused(byKey, 404, missing(store, "NOTHING"));
  expectHeaders(byKey);
});

async function serviceId(name: string): Promise<string> {
  const { items } = (await me.get("/v1/organizations/default/services?limit=1000")).body;
  return items.find((each: { name: string }) => each.name === name).id;
}
