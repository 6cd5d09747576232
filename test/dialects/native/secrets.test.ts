// Secrets by their metadata: create, get, update, delete, duplicate, move.
import { afterAll, describe, expect, test } from "vitest";
import { startCoffer } from "../../support/server.ts";
import { aName, anId, aTime, at, created, createdStore, expectRefused, secrets, stores } from "./support.ts";

const coffer = await startCoffer();
afterAll(() => coffer.stop());
const me = coffer.call(coffer.token);
const { person, organization, store } = coffer.bootstrap;
const owner = { kind: "person", id: person.id, name: "Owner" };
const never = "0190a0a0-0000-7000-8000-000000000000";

const notThere = "No such secret, or none that this credential may see.";
const taken = "A live secret of this store has that name already.";

describe("create-secret", () => {
  test("201: all that is unset is null, and there is no value yet", async () => {
    const name = aName();
    const answer = await me.post(secrets, { name });
    expect(answer.status).toBe(201);
    expect(answer.body).toEqual({
      id: anId,
      organizationId: organization.id,
      storeId: store.id,
      name,
      description: null,
      policy: null,
      consumers: null,
      labels: null,
      annotations: null,
      version: 0,
      status: "active",
      createdAt: aTime,
      createdBy: owner,
      updatedAt: null,
      updatedBy: null,
      lastReadAt: null,
      expiresAt: null,
      revision: expect.any(Number),
    });
    expect(answer.headers.get("etag")).toBe(`"${answer.body.revision}"`);
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(answer.headers.get("content-type")).toBe("application/json; charset=utf-8");
  });

  test("201: everything set comes back as it was given, and never the value", async () => {
    const given = {
      name: aName(),
      description: "two\nlines",
      policy: "- cluster_queue_key: [deploy] # kept\n",
      consumers: ["worker", "edge"],
      labels: { "example.org/team": "web", env: "" },
      annotations: { note: "ü\u{1F511}" },
    };
    const answer = await me.post(secrets, {
      ...given,
      value: "canary-in-create",
      expiresAt: "2099-01-31T13:00:00+01:00",
    });
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({ ...given, version: 1, expiresAt: "2099-01-31T12:00:00.000Z" });
    expect(answer.text).not.toContain("canary-in-create");
  });

  test("201: null is absent", async () => {
    const absent = {
      value: null,
      description: null,
      policy: null,
      consumers: null,
      labels: null,
      annotations: null,
      expiresAt: null,
    };
    const secret = await created(me, absent);
    expect(secret).toMatchObject({ version: 0, description: null, labels: null, expiresAt: null });
    const value = await me.get(at(secret.name, "/value"));
    expectRefused(value, 404, "secret.no_value", "The secret has no value yet.");
  });

  test("404 for a store that is not there", async () => {
    const answer = await me.post(`${stores}/nowhere/secrets`, { name: aName() });
    expectRefused(answer, 404, "store.not_found", "No such store, or none that this credential reaches.");
  });

  test("404 for an organization that is not there", async () => {
    const answer = await me.post("/v1/organizations/nowhere/stores/default/secrets", { name: aName() });
    const message = "No such organization, or none that this credential reaches.";
    expectRefused(answer, 404, "organization.not_found", message);
  });

  test("409 for a taken name; letter case makes another one", async () => {
    const { name } = await created(me);
    expectRefused(await me.post(secrets, { name }), 409, "secret.name_taken", taken, {
      field: "name",
    });
    await created(me, { name: name.toUpperCase() });
  });

  test("409 past the organization's quota, and nothing is made", async () => {
    const mine = coffer.call(coffer.token);
    const { body } = await mine.get("/v1/organizations/default/quota");
    const limit = body.secrets.usage;
    await mine.patch("/v1/organizations/default", { limits: { secrets: limit } });
    const name = aName();
    const answer = await mine.post(secrets, { name });
    await mine.patch("/v1/organizations/default", { limits: { secrets: null } });
    expect(answer.status).toBe(409);
    expect(answer.body.error).toMatchObject({ code: "quota.exceeded", details: { limit } });
    expect((await mine.get(at(name))).status).toBe(404);
  });
});

describe("get-secret", () => {
  test("200 by name, by id and by capital id", async () => {
    const secret = await created(me, { value: "x" });
    for (const path of [at(secret.name), at(secret.id), at(secret.id.toUpperCase())]) {
      const answer = await me.get(path);
      expect(answer.status).toBe(200);
      expect(answer.body).toEqual(secret);
      expect(answer.headers.get("etag")).toBe(`"${secret.revision}"`);
    }
  });

  test("200 with organization and store by id", async () => {
    const secret = await created(me);
    const path = `/v1/organizations/${organization.id}/stores/${store.id}/secrets/${secret.name}`;
    expect((await me.get(path)).body).toEqual(secret);
  });

  test.each([
    ["slashes and percent signs", "a/b//%2F%/c"],
    ["spaces and question marks", " what? #1 & more "],
    ["any script", "пароль/秘密/\u{1F511}/e\u0301"],
    ["500 characters of four bytes", "\u{1F511}".repeat(500)],
    ["dots around", "..."],
  ])("200 for a name with %s", async (_, name) => {
    const secret = await created(me, { name, value: "v" });
    expect((await me.get(at(name))).body).toEqual(secret);
    expect((await me.get(at(name, "/value"))).body).toEqual({ name, version: 1, value: "v" });
    expect((await me.delete(at(name))).status).toBe(204);
  });

  test("a name that looks like an id is found with by=name alone", async () => {
    const name = "0190a0a0-1111-7000-8000-000000000001";
    const secret = await created(me, { name });
    expectRefused(await me.get(at(name)), 404, "secret.not_found", notThere);
    expect((await me.get(at(name, "?by=name"))).body).toEqual(secret);
    expectRefused(await me.get(at(secret.id, "?by=name")), 404, "secret.not_found", notThere);
  });

  test("404, and other forms of a name are not it", async () => {
    const { name } = await created(me, { name: `${aName()}é` });
    for (const other of [aName(), never, name.toUpperCase(), name.normalize("NFD"), `${name} `]) {
      expectRefused(await me.get(at(other)), 404, "secret.not_found", notThere);
    }
  });

  test("304 for the revision held, also weakened or among others", async () => {
    const secret = await created(me);
    const tag = `"${secret.revision}"`;
    for (const held of [tag, `W/${tag}`, `"1", ${tag}`]) {
      const answer = await me.get(at(secret.name), { "if-none-match": held });
      expect([answer.status, answer.text, answer.headers.get("etag")]).toEqual([304, "", tag]);
    }
    expect((await me.get(at(secret.name), { "if-none-match": '"1"' })).status).toBe(200);
  });
});

describe("update-secret", () => {
  test("200: name, metadata and value in one step", async () => {
    const secret = await created(me, { value: "one", labels: { a: "b" }, description: "old" });
    const change = { name: aName(), description: null, labels: { c: "d" }, value: "two" };
    const answer = await me.patch(at(secret.name), change);
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      ...secret,
      name: change.name,
      description: null,
      labels: { c: "d" },
      version: 2,
      updatedAt: aTime,
      updatedBy: owner,
      revision: expect.any(Number),
    });
    expect(answer.body.revision).toBeGreaterThan(secret.revision);
    expect(answer.headers.get("etag")).toBe(`"${answer.body.revision}"`);
    expect((await me.get(at(change.name, "/value"))).body.value).toBe("two");
    expect((await me.get(at(secret.name))).status).toBe(404);
  });

  test("200: what changes nothing bumps nothing", async () => {
    const secret = await created(me, { description: "same", expiresAt: "2099-01-01T00:00:00Z" });
    for (const change of [{}, { description: "same" }, { value: null }, { expiresAt: secret.expiresAt }]) {
      expect((await me.patch(at(secret.name), change)).body).toEqual(secret);
    }
  });

  test("409 for a taken name", async () => {
    const [one, other] = [await created(me), await created(me)];
    const answer = await me.patch(at(one.name), { name: other.name });
    expect(answer.status).toBe(409);
    expect(answer.body.error).toMatchObject({ code: "secret.name_taken", message: taken });
  });

  test("412 for a stale If-Match, which names the revision that stands; nothing is changed", async () => {
    const secret = await created(me);
    const stale = { "if-match": '"1"' };
    const answer = await me.patch(at(secret.name), { description: "lost" }, stale);
    const message = "The secret has changed since that revision.";
    expectRefused(answer, 412, "precondition.failed", message, { revision: secret.revision });
    expect((await me.get(at(secret.name))).body).toEqual(secret);
    const tag = { "if-match": `"${secret.revision}"` };
    expect((await me.patch(at(secret.name), { description: "won" }, tag)).status).toBe(200);
    expect((await me.patch(at(secret.name), { description: "late" }, tag)).status).toBe(412);
    expect((await me.patch(at(secret.name), { description: "any" }, { "if-match": "*" })).status).toBe(200);
  });

  test("404", async () => {
    expectRefused(await me.patch(at(aName()), {}), 404, "secret.not_found", notThere);
  });
});

describe("delete-secret", () => {
  test("204: into the trash, the name free at once", async () => {
    const secret = await created(me, { value: "x" });
    const answer = await me.delete(at(secret.name));
    expect([answer.status, answer.text]).toEqual([204, ""]);
    expectRefused(await me.get(at(secret.name)), 404, "secret.not_found", notThere);
    expectRefused(await me.get(at(secret.id, "/value")), 404, "secret.not_found", notThere);
    await created(me, { name: secret.name });
    const trash = await me.get("/v1/organizations/default/trash");
    expect(trash.body.items.map((item: { id: string }) => item.id)).toContain(secret.id);
  });

  test("204 with purge=true: not even in the trash", async () => {
    const secret = await created(me);
    expect((await me.delete(at(secret.name, "?purge=true"))).status).toBe(204);
    const trash = await me.get("/v1/organizations/default/trash");
    expect(trash.body.items.map((item: { id: string }) => item.id)).not.toContain(secret.id);
  });

  test("412 for a stale If-Match", async () => {
    const { name, revision } = await created(me);
    const message = "The secret has changed since that revision.";
    const answer = await me.delete(at(name), undefined, { "if-match": '"1"' });
    expectRefused(answer, 412, "precondition.failed", message, { revision });
    expect((await me.delete(at(name), undefined, { "if-match": `"${revision}"` })).status).toBe(204);
  });

  test("404", async () => {
    expectRefused(await me.delete(at(aName())), 404, "secret.not_found", notThere);
  });
});

describe("duplicate-secret", () => {
  test("201: policy, consumers and expiry are copied, labels and description are not", async () => {
    const copied = {
      policy: "[build_branch: main]",
      consumers: ["worker"],
      expiresAt: "2099-01-01T00:00:00.000Z",
    };
    const source = await created(me, { ...copied, value: "v", description: "mine", labels: { a: "b" } });
    const name = aName();
    const answer = await me.post(at(source.name, "/duplicate"), { name });
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({ ...copied, name, description: null, labels: null, version: 1 });
    expect(answer.body.id).not.toBe(source.id);
    expect(answer.headers.get("etag")).toBe(`"${answer.body.revision}"`);
    expect((await me.get(at(name, "/value"))).body).toEqual({ name, version: 1, value: "v" });
  });

  test("201 into another store, with what the request says instead", async () => {
    const source = await created(me, { policy: "[build_branch: main]", consumers: ["worker"], value: "v" });
    const other = await createdStore(me);
    const body = {
      name: aName(),
      store: other.slug,
      description: "copy",
      policy: null,
      consumers: ["edge"],
      expiresAt: "2098-01-01T00:00:00.000Z",
    };
    const answer = await me.post(at(source.id, "/duplicate"), body);
    const { store: _, ...shown } = body;
    expect(answer.body).toMatchObject({ ...shown, storeId: other.id });
  });

  test("404 for source and target", async () => {
    const source = await created(me);
    const name = aName();
    expectRefused(await me.post(at(aName(), "/duplicate"), { name }), 404, "secret.not_found", notThere);
    const answer = await me.post(at(source.name, "/duplicate"), { name, store: "nowhere" });
    expect([answer.status, answer.body.error.code]).toEqual([404, "store.not_found"]);
  });

  test("409 for a taken name", async () => {
    const { name } = await created(me);
    const answer = await me.post(at(name, "/duplicate"), { name });
    expect([answer.status, answer.body.error.code]).toEqual([409, "secret.name_taken"]);
  });
});

describe("move-secret", () => {
  test("200: the same secret with its versions in another store, under another name if asked", async () => {
    const secret = await created(me, { value: "one" });
    await me.put(at(secret.name, "/value"), { value: "two" });
    const other = await createdStore(me);
    const name = aName();
    const answer = await me.post(at(secret.name, "/move"), { store: other.id, name });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ id: secret.id, name, storeId: other.id, version: 2 });
    expect(answer.headers.get("etag")).toBe(`"${answer.body.revision}"`);
    expect((await me.get(at(secret.id))).status).toBe(404);
    const moved = `${stores}/${other.slug}/secrets/${name}/value`;
    expect((await me.get(`${moved}?version=1`)).body).toEqual({ name, version: 1, value: "one" });
  });

  test("409 for a taken name, 412 for a stale If-Match, 404 for the store", async () => {
    const secret = await created(me);
    const other = await createdStore(me);
    await me.post(`${stores}/${other.slug}/secrets`, { name: secret.name });
    const clash = await me.post(at(secret.name, "/move"), { store: other.slug });
    expect([clash.status, clash.body.error.code]).toEqual([409, "secret.name_taken"]);
    const body = { store: other.slug, name: aName() };
    const stale = await me.post(at(secret.name, "/move"), body, { "if-match": '"1"' });
    expect([stale.status, stale.body.error.code]).toEqual([412, "precondition.failed"]);
    const nowhere = await me.post(at(secret.name, "/move"), { store: "nowhere" });
    expect([nowhere.status, nowhere.body.error.code]).toEqual([404, "store.not_found"]);
    expect((await me.get(at(secret.name))).body).toEqual(secret);
  });
});
