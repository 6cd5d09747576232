// What credentials that hold less are answered, and organizations whose clients seal the values.
import { randomUUID } from "node:crypto";
import { afterAll, describe, expect, test } from "vitest";
import { Plaintext } from "../../../src/core/plaintext.ts";
import { startCoffer } from "../../support/server.ts";
import {
  aName,
  aToken,
  at,
  created,
  createdStore,
  expectRefused,
  organization,
  organizations,
  secrets,
  store,
  stores,
} from "./support.ts";

const coffer = await startCoffer();
afterAll(() => coffer.stop());
const me = coffer.call(coffer.token);

const denied = "This credential may not do that.";
const notThere = "No such secret, or none that this credential may see.";
const noStore = "No such store, or none that this credential reaches.";

describe("401", () => {
  test.each([
    ["GET", secrets],
    ["POST", secrets],
    ["GET", at("name", "/value")],
    ["PUT", at("name", "/value")],
    ["POST", `${store}/values`],
    ["DELETE", at("name")],
    ["GET", `${organization}/trash`],
    ["GET", `${organization}/audit`],
    ["GET", `${organization}/changes`],
  ])("for %s %s without a credential, before the body is looked at", async (method, path) => {
    const body = method === "GET" || method === "DELETE" ? {} : { body: "{not json" };
    const response = await fetch(coffer.url + path, { method, ...body });
    expect([response.status, response.headers.get("www-authenticate")]).toEqual([401, "Bearer"]);
    const { error } = (await response.json()) as { error: { code: string } };
    expect(error.code).toBe("caller.unauthenticated");
  });
});

describe("an auditor", () => {
  const auditor = coffer.call(aToken(coffer, { role: "auditor" }));

  test("reads metadata, lists, trash, trail and feed", async () => {
    const secret = await created(me);
    expect((await auditor.get(at(secret.name))).body).toEqual(secret);
    for (const path of [
      secrets,
      `${organization}/trash`,
      `${organization}/audit`,
      `${organization}/changes`,
    ]) {
      expect((await auditor.get(path)).status).toBe(200);
    }
  });

  test("403 for values and for every change", async () => {
    const { id, name } = await created(me, { value: "canary-for-auditor" });
    const other = await createdStore(me);
    const answers = [
      await auditor.get(at(name, "/value")),
      await auditor.get(at(name, "/value?version=1")),
      await auditor.post(secrets, { name: aName() }),
      await auditor.patch(at(name), { description: "x" }),
      await auditor.put(at(name, "/value"), { value: "x" }),
      await auditor.delete(at(name)),
      await auditor.delete(at(name, "?purge=true")),
      await auditor.post(at(name, "/duplicate"), { name: aName() }),
      await auditor.post(at(name, "/move"), { store: other.slug }),
      await auditor.post(at(name, "/versions/1/restore")),
      await auditor.post(stores, { name: "Web" }),
      await auditor.patch(`${stores}/${other.slug}`, { name: "x" }),
      await auditor.delete(`${stores}/${other.slug}`),
    ];
    for (const answer of answers) expectRefused(answer, 403, "caller.denied", denied);
    const batch = await auditor.post(`${store}/values`, { names: [name] });
    expect(batch.body).toEqual({ items: [{ name, error: { code: "caller.denied", message: denied } }] });
    await me.delete(at(name));
    expectRefused(await auditor.post(`${organization}/trash/${id}/restore`), 403, "caller.denied", denied);
    expectRefused(await auditor.delete(`${organization}/trash/${id}`), 403, "caller.denied", denied);
  });
});

describe("a member without grants", () => {
  test("cannot tell a secret that is there from one that is not", async () => {
    const member = coffer.call(aToken(coffer, { role: "member" }));
    const { name, id } = await created(me, { value: "v" });
    for (const secret of [name, id, aName(), randomUUID()]) {
      for (const more of ["", "/value", "/versions"]) {
        expectRefused(await member.get(at(secret, more)), 404, "store.not_found", noStore);
      }
    }
    expectRefused(await member.get(`${stores}/default`), 404, "store.not_found", noStore);
    expectRefused(await member.get(`${stores}/nowhere`), 404, "store.not_found", noStore);
  });
});

describe("a token with scopes", () => {
  test("does what they cover and no more", async () => {
    const scopes = ["store.list", "secret.read", "secret.reveal"];
    const narrow = coffer.call(aToken(coffer, { scopes }));
    const { name } = await created(me, { value: "v" });
    expect((await narrow.get(at(name, "/value"))).body).toEqual({ name, version: 1, value: "v" });
    expect((await narrow.get(at(name))).status).toBe(200);
    expectRefused(await narrow.get(secrets), 403, "caller.denied", denied);
    expectRefused(await narrow.delete(at(name)), 403, "caller.denied", denied);
  });
});

describe("client custody", () => {
  const sealed = "2.c2VhbGVk|bmFtZQ==|bWFj";

  async function aClientOrganization() {
    const slug = `c-${randomUUID().slice(0, 8)}`;
    const { body } = await me.post(organizations, { slug, name: "Sealed", custody: "client" });
    const secret = await coffer.node.operations.secrets.create(
      coffer.owner,
      { id: body.id },
      { slug: "default" },
      { name: sealed, description: sealed, value: new Plaintext(sealed), opaque: true },
    );
    const home = `${organizations}/${slug}`;
    return { home, secret, path: `${home}/stores/default/secrets/${secret.id}` };
  }

  test("names and descriptions are shown as null, wherever a secret is shown", async () => {
    const { home, path, secret } = await aClientOrganization();
    const one = await me.get(path);
    expect(one.body).toMatchObject({ id: secret.id, name: null, description: null, version: 1 });
    const lists = [`${home}/secrets`, `${home}/stores/default/secrets`, `${home}/changes`];
    for (const list of lists) {
      const answer = await me.get(list);
      expect(answer.body.items[0].name).toBeNull();
      expect(answer.text).not.toContain(sealed);
    }
    expect((await me.get(`${home}/stores/default`)).body.name).toBeNull();
    expect((await me.get(`${home}/stores`)).body.items).toMatchObject([{ slug: "default", name: null }]);
    const policy = "- build_branch: main\n";
    expect((await me.patch(path, { policy })).body).toMatchObject({ name: null, policy });
    expect((await me.delete(path)).status).toBe(204);
    const trash = await me.get(`${home}/trash`);
    expect(trash.body.items).toMatchObject([{ id: secret.id, name: null, description: null }]);
    expect(trash.text).not.toContain(sealed);
    const audit = await me.get(`${home}/audit`);
    expect(audit.text).not.toContain(sealed);
  });

  test("409 for reading and writing what only clients can seal", async () => {
    const { home, path } = await aClientOrganization();
    const message =
      "This organization's values are sealed by its clients; the server cannot read or write them.";
    const answers = [
      await me.get(`${path}/value`),
      await me.put(`${path}/value`, { value: "plain" }),
      await me.patch(path, { name: "plain" }),
      await me.patch(path, { description: "plain" }),
      await me.post(`${home}/stores/default/secrets`, { name: "plain", value: "plain" }),
    ];
    for (const answer of answers) expectRefused(answer, 409, "custody.client", message);
    const sorting = "Names and descriptions are sealed by the clients: they cannot be searched or sorted.";
    for (const query of ["search=plain", "order=name", "order=description"]) {
      expectRefused(await me.get(`${home}/secrets?${query}`), 409, "custody.client", sorting);
    }
  });

  test("404 by name: names are not looked up", async () => {
    const { home } = await aClientOrganization();
    const path = `${home}/stores/default/secrets/${encodeURIComponent(sealed)}`;
    expectRefused(await me.get(path), 404, "secret.not_found", notThere);
  });
});
