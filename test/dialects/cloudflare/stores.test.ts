// Stores and the quota, by operation and status: whole bodies, and the order of the checks.
import { randomUUID } from "node:crypto";
import { afterAll, describe, expect, test } from "vitest";
import { heldClock } from "../../support/coffers.ts";
import { startCoffer } from "../../support/server.ts";
import { scopedToken } from "../../support/tokens.ts";
import { readTrail } from "../../support/trail.ts";
import {
  aMachine,
  anId,
  aPerson,
  aSecret,
  aStore,
  authentication,
  expectDone,
  expectRefused,
  expectWrong,
  nowhere,
  secretsStore,
  storeNotFound,
  wireId,
} from "./support.ts";

const clock = heldClock(Date.UTC(2026, 10, 20, 9, 11, 52, 737));
const coffer = await startCoffer({ clock });
afterAll(() => coffer.stop());
const me = coffer.call(coffer.token);
const stores = `${secretsStore(coffer)}/stores`;
const account_id = wireId(coffer.bootstrap.organization.id);
const at = "2026-11-20T09:11:52.737Z";
const aName = () => `s-${randomUUID()}`;

describe("create", () => {
  test("200: one, as the body is one", async () => {
    const name = aName();
    const answer = await me.post(stores, JSON.stringify({ name }), {
      "content-type": "text/plain;charset=UTF-8",
    });
    expectDone(answer, { id: anId, name, created: at, modified: at, account_id });
    expectDone(await me.get(`${stores}/${answer.body.result.id}`), answer.body.result);
  });

  test("200: a list, as the body is a list, with its spaces", async () => {
    const [one, other] = [aName(), aName()];
    const answer = await me.post(stores, JSON.stringify([{ name: one }, { name: other }], null, 2));
    expectDone(answer, [
      { id: anId, name: one, created: at, modified: at, account_id },
      { id: anId, name: other, created: at, modified: at, account_id },
    ]);
    expect((await me.post(stores, [{ name: aName(), unknown: 1 }])).body.result).toHaveLength(1);
  });

  test.each([
    ["no name", {}, "store_name_empty"],
    ["null", { name: null }, "store_name_empty"],
    ["an empty name", { name: "" }, "store_name_empty"],
    ["a number", { name: 5 }, "store_name_invalid"],
    ["256 characters", { name: "s".repeat(256) }, "store_name_invalid"],
    ["a control character", { name: "a\u0007" }, "store_name_invalid"],
    ["half a character", { name: "a\ud800" }, "store_name_invalid"],
  ])("400: %s", async (_, body, word) => {
    expectWrong(await me.post(stores, body), word, "/name");
    expectWrong(await me.post(stores, [{ name: aName() }, body]), word, "/1/name");
  });

  test.each(["{", "null", '"s"', "5", "[]", "[null]", '["s"]', "", "[[]]"])(
    "400: the body %s",
    async (body) => {
      expectWrong(await me.post(stores, body), "invalid_json_body");
    },
  );

  test("409: a name that is taken, in a list or before it, and then none is made", async () => {
    const [name, free] = [aName(), aName()];
    const taken = (pointer: string) => ({
      code: 1003,
      message: "store_name_already_exists",
      source: { pointer },
    });
    expect((await me.post(stores, { name })).status).toBe(200);
    expectRefused(await me.post(stores, { name }), 409, taken("/name"));
    expectRefused(await me.post(stores, [{ name: free }, { name }]), 409, taken("/1/name"));
    expectRefused(await me.post(stores, [{ name: free }, { name: free }]), 409, taken("/1/name"));
    expect((await me.post(stores, { name: free })).status).toBe(200);
  });

  test("403: who only reads, and another account; 404 is never said of an account", async () => {
    const auditor = coffer.call((await aPerson(coffer, "auditor")).token);
    expectRefused(await auditor.post(stores, "{"), 403, authentication);
    const reader = coffer.call(await scopedToken(coffer, "Secrets Store Read"));
    expectRefused(await reader.post(stores, { name: aName() }), 403, authentication);
    for (const account of [nowhere, wireId(crypto.randomUUID())]) {
      const foreign = `/client/v4/accounts/${account}/secrets_store/stores`;
      expectRefused(await me.get(foreign), 403, authentication);
      expectRefused(await me.post(foreign, "{"), 403, authentication);
    }
    const machine = coffer.call(await aMachine(coffer));
    expect((await machine.post(stores, { name: aName() })).status).toBe(200);
  });
});

describe("list", () => {
  test("200: in pages, beyond the last an empty one", async () => {
    const reader = coffer.call((await aPerson(coffer)).token);
    const seen = await me.get(`${stores}?per_page=100`);
    const total = seen.body.result.length;
    expect(seen.body.result_info).toEqual({
      page: 1,
      per_page: 100,
      count: total,
      total_count: total,
      total_pages: 1,
    });
    const walked: unknown[] = [];
    for (let page = 1; ; page += 1) {
      const { result, result_info } = (await me.get(`${stores}?per_page=3&page=${page}`)).body;
      expect(result_info).toEqual({
        page,
        per_page: 3,
        count: result.length,
        total_count: total,
        total_pages: Math.ceil(total / 3),
      });
      if (result.length === 0) break;
      walked.push(...result);
    }
    expect(walked).toEqual(seen.body.result);
    // What somebody may not list is not there, and not counted.
    expectDone(await reader.get(stores), [], {
      result_info: { page: 1, per_page: 20, count: 0, total_count: 0, total_pages: 0 },
    });
  });

  test("200: in an order, whatever its letter case", async () => {
    const names = async (query: string) =>
      (await me.get(`${stores}?per_page=100&${query}`)).body.result.map(
        (each: { name: string }) => each.name,
      );
    const byName = await names("order=NAME");
    expect(byName).toEqual([...byName].sort());
    expect(await names("order=name&direction=DESC")).toEqual([...byName].reverse());
    clock.pass(1_000);
    const last = await aStore(coffer);
    const { name } = (await me.get(last.path)).body.result;
    for (const order of ["created", "modified", "comment", "status"]) {
      expect((await names(`order=${order}&direction=desc`))[0]).toBe(name);
    }
    expect((await names("")).at(-1)).toBe(name);
  });

  test.each([
    ["page=0", 1, 20],
    ["page=999999999999", 1_000_000_000, 20],
    ["per_page=1000", 1, 100],
  ])("200: %s", async (query, page, per_page) => {
    expect((await me.get(`${stores}?${query}`)).body.result_info).toMatchObject({ page, per_page });
  });

  test.each([
    "page=x",
    "page=",
    "page=-1",
    "page=1.5",
    "page=1&page=2",
    "per_page=0",
    "per_page=ten",
    "order=size",
    "order=",
    "order=constructor",
    "direction=up",
  ])("400: %s", async (query) => {
    expectWrong(await me.get(`${stores}?${query}`), "invalid_query_parameter");
  });
});

describe("get and delete", () => {
  test("200 and 404: an empty one goes, and is gone", async () => {
    const store = await aStore(coffer);
    expectDone(await me.delete(store.path), null);
    expectRefused(await me.get(store.path), 404, storeNotFound);
    expectRefused(await me.delete(store.path), 404, storeNotFound);
    expectRefused(await me.get(`${stores}/${nowhere}`), 404, storeNotFound);
  });

  test("404: an id of another form", async () => {
    const store = await aStore(coffer);
    for (const id of [store.uuid, store.id.toUpperCase(), "x", "..%2f", "%00", store.id.slice(1)]) {
      expectRefused(await me.get(`${stores}/${id}`), 404, storeNotFound);
    }
  });

  test("409: one that holds secrets goes by force alone, each with an entry of its own", async () => {
    const store = await aStore(coffer);
    await aSecret(me, store);
    await aSecret(me, store);
    const notEmpty = { code: 1003, message: "store_not_empty" };
    expectRefused(await me.delete(store.path), 409, notEmpty);
    expectRefused(await me.delete(`${store.path}?force=false`), 409, notEmpty);
    expectWrong(await me.delete(`${store.path}?force=1`), "invalid_query_parameter");
    expectDone(await me.delete(`${store.path}?force=true`), null);
    const entries = (await readTrail(coffer, null)).filter(
      ({ target_store_id, outcome }) => target_store_id === store.uuid && outcome === "allowed",
    );
    expect(entries.map(({ action }) => action)).toEqual([
      "store.create",
      "secret.create",
      "secret.create",
      "secret.delete",
      "secret.delete",
      "store.delete",
    ]);
    expect(new Set(entries.map(({ dialect }) => dialect))).toEqual(new Set(["cloudflare"]));
  });

  test("409: the default store", async () => {
    const path = `${stores}/${wireId(coffer.bootstrap.store.id)}?force=true`;
    expectRefused(await me.delete(path), 409, { code: 1003, message: "store_is_default" });
  });

  test("404 before 403 to who may not list it, 403 to who may", async () => {
    const store = await aStore(coffer);
    const stranger = coffer.call((await aPerson(coffer)).token);
    expectRefused(await stranger.get(store.path), 404, storeNotFound);
    expectRefused(await stranger.delete(store.path), 404, storeNotFound);
    const reader = coffer.call(await aMachine(coffer, store, "read"));
    expect((await reader.get(store.path)).status).toBe(200);
    expectRefused(await reader.delete(store.path), 403, authentication);
  });
});

describe("quotas", () => {
  test("200: of the whole account; unlimited shows a million", async () => {
    const { usage } = (await me.get("/v1/organizations/default/quota")).body.secrets;
    expectDone(await me.get(`${secretsStore(coffer)}/quota`), { secrets: { quota: 1_000_000, usage } });
    await aSecret(me, await aStore(coffer));
    const after = await me.get(`${secretsStore(coffer)}/quota`);
    expect(after.body.result.secrets.usage).toBe(usage + 1);
  });

  test("400: at the limit, none of a list is made; what goes makes room", async () => {
    const store = await aStore(coffer);
    const first = await aSecret(me, store);
    const usage = (await me.get("/v1/organizations/default/quota")).body;
    const limits = { secrets: usage.secrets.usage + 1, stores: usage.stores.usage + 1 };
    expect((await me.patch("/v1/organizations/default", { limits })).status).toBe(200);
    const quota = await me.get(`${secretsStore(coffer)}/quota`);
    expectDone(quota, { secrets: { quota: limits.secrets, usage: usage.secrets.usage } });
    const full = { code: 1003, message: "maximum_secrets_exceeded" };
    const body = (name: string) => ({ name, value: "v", scopes: ["workers"] });
    expectRefused(await me.post(store.secrets, [body("A"), body("B")]), 400, full);
    expect((await me.post(store.secrets, [body("A")])).status).toBe(200);
    // Before the name, which is taken too.
    expectRefused(await me.post(store.secrets, [body("A")]), 400, full);
    const copy = { name: "C", scopes: ["workers"] };
    expectRefused(await me.post(`${store.secrets}/${first.id}/duplicate`, copy), 400, full);
    expect((await me.delete(`${store.secrets}/${first.id}`)).status).toBe(200);
    expect((await me.post(store.secrets, [body("B")])).status).toBe(200);
    const stuffed = { code: 1003, message: "maximum_stores_exceeded" };
    expectRefused(await me.post(stores, [{ name: aName() }, { name: aName() }]), 400, stuffed);
    expect((await me.post(stores, { name: aName() })).status).toBe(200);
    expectRefused(await me.post(stores, { name: aName() }), 400, stuffed);
    const none = { limits: { secrets: null, stores: null } };
    expect((await me.patch("/v1/organizations/default", none)).status).toBe(200);
  });

  test("403: without the permission", async () => {
    const narrow = coffer.call(await scopedToken(coffer, "User Details Read"));
    expectRefused(await narrow.get(`${secretsStore(coffer)}/quota`), 403, authentication);
    expectRefused(await narrow.get(stores), 403, authentication);
  });
});
