// Services over HTTP: a service reads what names it, so whoever makes, renames or widens one must be
// able to read there himself.
import { randomUUID } from "node:crypto";
import { afterAll, describe, expect, test } from "vitest";
import { startCoffer } from "../../support/server.ts";
import { aMember, entriesOf, services } from "./principals.ts";
import {
  aName,
  anId,
  aTime,
  aToken,
  createdStore,
  expectInvalid,
  expectRefused,
  organization,
  organizations,
} from "./support.ts";

const coffer = await startCoffer();
afterAll(() => coffer.stop());
const me = coffer.call(coffer.token);

const denied = "This credential may not do that.";
const notHeld = "This credential may not give what it does not hold itself.";
const notThere = "No such service, or none that this credential may see.";
const noStore = "No such store, or none that this credential reaches.";

async function madeService(body: Record<string, unknown> = {}) {
  const answer = await me.post(services, { name: aName(), ...body });
  expect(answer.status, answer.text).toBe(201);
  return answer.body;
}

async function serviceClient(id: string) {
  const answer = await me.post(`${organization}/tokens`, { principal: { kind: "service", id }, name: "t" });
  expect(answer.status, answer.text).toBe(201);
  return coffer.call(answer.body.token);
}

describe("a service", () => {
  test("is made, read, listed by name, changed and deleted; each change is audited", async () => {
    const store = await createdStore(me);
    const made = await me.post(services, { name: "worker", stores: [store.slug] });
    expect([made.status, made.body]).toEqual([
      201,
      {
        id: anId,
        name: "worker",
        stores: [store.id],
        createdAt: aTime,
        createdBy: expect.objectContaining({ kind: "person" }),
      },
    ]);
    const path = `${services}/${made.body.id}`;
    expect((await me.get(path)).body).toEqual(made.body);
    const renamed = await me.patch(path, { name: "gateway" });
    expect(renamed.body).toEqual({ ...made.body, name: "gateway" });
    expect((await me.patch(path, { stores: null })).body).toEqual({ ...renamed.body, stores: null });
    expect((await me.patch(path, { stores: [store.id] })).body).toEqual(renamed.body);
    expect((await me.patch(path, { stores: [store.slug] })).body).toEqual(renamed.body);
    expect((await me.get(services)).body).toEqual({ items: [renamed.body], nextCursor: null });
    expect((await me.delete(path)).status).toBe(204);
    expectRefused(await me.get(path), 404, "service.not_found", notThere);
    const told = await entriesOf(me, made.body.id);
    expect(told.filter(({ outcome }) => outcome === "allowed").map(({ details }) => details)).toEqual([
      { ended: true, tokens: 0 },
      { changed: [] },
      { changed: ["stores"], stores: [store.id] },
      { changed: ["stores"], stores: null },
      { changed: ["name"] },
      { made: true, stores: [store.id] },
    ]);
  });

  test("reads what names it in its stores, until it is renamed, bound elsewhere or deleted", async () => {
    const [store, other] = [await createdStore(me), await createdStore(me)];
    const service = await madeService({ stores: [store.id] });
    const secrets = `${organization}/stores/${store.slug}/secrets`;
    await me.post(secrets, { name: "KEY", value: "v", consumers: [service.name] });
    const itself = await serviceClient(service.id);
    const reads = async () => (await itself.get(`${secrets}/KEY/value`)).status;
    expect(await reads()).toBe(200);
    const path = `${services}/${service.id}`;
    await me.patch(path, { name: aName() });
    expect(await reads()).toBe(403);
    await me.patch(path, { name: service.name });
    expect(await reads()).toBe(200);
    await me.patch(path, { stores: [other.id] });
    expect(await reads()).toBe(404);
    await me.patch(path, { stores: null });
    expect(await reads()).toBe(200);
    await me.delete(path);
    expect(await reads()).toBe(401);
  });

  test("409 for a name that is taken, on making and renaming", async () => {
    const taken = "Another service of the organization has that name.";
    const one = await madeService();
    const two = await madeService();
    const again = await me.post(services, { name: one.name });
    expectRefused(again, 409, "service.name_taken", taken, { field: "name" });
    const rename = await me.patch(`${services}/${two.id}`, { name: one.name });
    expectRefused(rename, 409, "service.name_taken", taken, { field: "name" });
  });

  test("400 and 404 for names and stores that are none", async () => {
    const store = await createdStore(me);
    const make = (stores: unknown) => me.post(services, { name: aName(), stores });
    expectInvalid(await me.post(services, { name: "" }), "name", "must not be empty");
    expectInvalid(await make([]), "stores", "must name a store, or be null for all");
    expectInvalid(await make([store.id, store.slug]), "stores[1]", "must not repeat an earlier entry");
    expectRefused(await make([randomUUID()]), 404, "store.not_found", noStore);
    const many = Array.from({ length: 1_001 }, () => store.id);
    expectInvalid(await make(many), "stores", "must have at most 1000 entries", 1_000);
  });
});

describe("whoever lets a service read somewhere reads there himself", () => {
  const managing = ["service.manage", "service.read", "store.list"];
  const narrow = (parts: Parameters<typeof aToken>[1]) => coffer.call(aToken(coffer, parts));
  const blind = narrow({ scopes: managing });
  const seeing = narrow({ scopes: [...managing, "secret.read", "secret.reveal"] });

  test("on making one", async () => {
    const store = await createdStore(me);
    for (const stores of [[store.id], null]) {
      const answer = await blind.post(services, { name: aName(), stores });
      expectRefused(answer, 403, "caller.denied", notHeld);
      expect((await seeing.post(services, { name: aName(), stores })).status).toBe(201);
    }
    for (const action of ["secret.read", "secret.reveal"]) {
      const half = narrow({ scopes: [...managing, action] });
      expectRefused(await half.post(services, { name: aName() }), 403, "caller.denied", notHeld);
    }
    const name = aName();
    await blind.post(services, { name });
    const [refused] = (await entriesOf(me, name)).filter(({ outcome }) => outcome === "refused");
    expect(refused).toMatchObject({
      action: "service.manage",
      because: "token: no scope covers secret.read (to let a service read there)",
    });
  });

  test("on renaming one: the new name may be listed already", async () => {
    const service = await madeService();
    const path = `${services}/${service.id}`;
    expectRefused(await blind.patch(path, { name: aName() }), 403, "caller.denied", notHeld);
    expect((await blind.patch(path, { name: service.name })).status).toBe(200);
    expect((await seeing.patch(path, { name: aName() })).status).toBe(200);
  });

  test("on widening one; to narrow it needs nothing more", async () => {
    const [one, two] = [await createdStore(me), await createdStore(me)];
    const service = await madeService();
    const path = `${services}/${service.id}`;
    expect((await blind.patch(path, { stores: [one.id, two.id] })).status).toBe(200);
    expect((await blind.patch(path, { stores: [one.id] })).status).toBe(200);
    for (const stores of [[two.id], [one.id, two.id], null]) {
      expectRefused(await blind.patch(path, { stores }), 403, "caller.denied", notHeld);
    }
    expect((await me.get(path)).body.stores).toEqual([one.id]);
    expect((await seeing.patch(path, { stores: null })).status).toBe(200);
  });

  test("stores that he may not list are not there", async () => {
    const store = await createdStore(me);
    const unseeing = narrow({ scopes: ["service.*", "secret.*"] });
    for (const id of [store.id, randomUUID()]) {
      const answer = await unseeing.post(services, { name: aName(), stores: [id] });
      expectRefused(answer, 404, "store.not_found", noStore);
    }
  });
});

describe("who may not", () => {
  test("a member learns nothing of services", async () => {
    const service = await madeService();
    const { client, id: member } = await aMember(coffer);
    expectRefused(await client.get(services), 403, "caller.denied", denied);
    expectRefused(await client.post(services, { name: aName() }), 403, "caller.denied", denied);
    for (const id of [service.id, randomUUID()]) {
      const path = `${services}/${id}`;
      const answers = [
        await client.get(path),
        await client.patch(path, { name: "x" }),
        await client.delete(path),
      ];
      for (const answer of answers) expectRefused(answer, 404, "service.not_found", notThere);
    }
    const refused = (await entriesOf(me, service.id)).filter(({ caller }) => caller.id === member);
    expect(refused.map(({ outcome }) => outcome)).toEqual(["refused", "refused", "refused"]);
  });

  test("an auditor reads them and changes nothing", async () => {
    const { id } = await madeService();
    const auditor = coffer.call(aToken(coffer, { role: "auditor" }));
    expect((await auditor.get(`${services}/${id}`)).status).toBe(200);
    for (const answer of [
      await auditor.post(services, { name: aName() }),
      await auditor.patch(`${services}/${id}`, { name: "x" }),
      await auditor.delete(`${services}/${id}`),
    ]) {
      expectRefused(answer, 403, "caller.denied", denied);
    }
  });

  test("another organization's services and stores are not there", async () => {
    const slug = `v-${randomUUID().slice(0, 8)}`;
    await me.post(organizations, { slug, name: "Other" });
    const service = await madeService();
    const store = await createdStore(me);
    const there = `${organizations}/${slug}/services`;
    expectRefused(await me.get(`${there}/${service.id}`), 404, "service.not_found", notThere);
    expectRefused(await me.delete(`${there}/${service.id}`), 404, "service.not_found", notThere);
    const foreign = await me.post(there, { name: aName(), stores: [store.id] });
    expectRefused(foreign, 404, "store.not_found", noStore);
  });
});
