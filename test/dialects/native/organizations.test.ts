// whoami, organizations, quota, and stores.
import { randomUUID } from "node:crypto";
import { afterAll, describe, expect, test } from "vitest";
import { startCoffer } from "../../support/server.ts";
import {
  aName,
  anId,
  aTime,
  aToken,
  created,
  createdStore,
  expectRefused,
  organization,
  organizations,
  stores,
} from "./support.ts";

const coffer = await startCoffer();
afterAll(() => coffer.stop());
const me = coffer.call(coffer.token);
const { bootstrap } = coffer;

const aSlug = () => `o-${randomUUID().slice(0, 8)}`;
const noOrganization = "No such organization, or none that this credential reaches.";
const noStore = "No such store, or none that this credential reaches.";

describe("whoami", () => {
  const principal = {
    kind: "person",
    id: bootstrap.person.id,
    name: "Owner",
    email: "owner@localhost",
  };

  test("200 for a token over all organizations", async () => {
    const answer = await me.get("/v1/whoami");
    expect([answer.status, answer.body]).toEqual([
      200,
      { principal, organization: null, scopes: null, operator: true },
    ]);
  });

  test("200 for a token of one organization with scopes", async () => {
    const scopes = ["secret.*", "store.list"];
    const narrow = coffer.call(aToken(coffer, { bound: true, scopes }));
    expect((await narrow.get("/v1/whoami")).body).toEqual({
      principal,
      organization: { id: bootstrap.organization.id, slug: "default" },
      scopes,
      operator: false,
    });
  });

  test.each([
    ["none", {}],
    ["an empty one", { authorization: "" }],
    ["another scheme", { authorization: `Token ${coffer.token}` }],
    ["no scheme", { authorization: coffer.token }],
    ["half a token", { authorization: `Bearer ${coffer.token.slice(0, -1)}` }],
    ["two tokens", { authorization: `Bearer ${coffer.token}, Bearer ${coffer.token}` }],
    ["one of nobody", { authorization: `Bearer ${coffer.token.replace(/.{4}$/, "AAAA")}` }],
    ["one that ended", { authorization: `Bearer ${aToken(coffer, { expiresAt: 1 })}` }],
  ])("401 for a credential that is %s", async (_, headers) => {
    const answer = await coffer.call(null).get("/v1/whoami", headers);
    expectRefused(answer, 401, "caller.unauthenticated", "No valid credential was given.");
    expect(answer.headers.get("www-authenticate")).toBe("Bearer");
  });

  test("the scheme's letters may be of any case", async () => {
    for (const scheme of ["bearer", "BEARER"]) {
      const headers = { authorization: `${scheme} ${coffer.token}` };
      expect((await coffer.call(null).get("/v1/whoami", headers)).status).toBe(200);
    }
  });
});

describe("organizations", () => {
  const made = (slug: string) => ({
    id: anId,
    slug,
    name: "Acme",
    custody: "server",
    trash: "dialect",
    membersCreate: true,
    limits: { secrets: null, stores: null },
    createdAt: aTime,
    revision: 1,
  });

  test("create-organization 201: its maker owns it, with a default store in it", async () => {
    const slug = aSlug();
    const answer = await me.post(organizations, { slug, name: "Acme" });
    expect([answer.status, answer.body]).toEqual([201, made(slug)]);
    expect((await me.get(`${organizations}/${slug}`)).body).toEqual(answer.body);
    expect((await me.get(`${organizations}/${answer.body.id.toUpperCase()}`)).body).toEqual(answer.body);
    expect((await me.get(`${organizations}/${slug}/stores`)).body.items).toMatchObject([{ slug: "default" }]);
  });

  test("create-organization 201 with client custody", async () => {
    const slug = aSlug();
    const answer = await me.post(organizations, { slug, name: "Acme", custody: "client" });
    expect(answer.body).toEqual({ ...made(slug), custody: "client" });
  });

  test("create-organization 403 for who is no operator", async () => {
    const member = coffer.call(aToken(coffer, { role: "owner" }));
    const answer = await member.post(organizations, { slug: aSlug(), name: "Acme" });
    expectRefused(answer, 403, "caller.denied", "Only operators of this installation may do that.");
  });

  test("create-organization 409 for a taken slug", async () => {
    const answer = await me.post(organizations, { slug: "default", name: "Acme" });
    expect([answer.status, answer.body.error.code]).toEqual([409, "organization.slug_taken"]);
  });

  test("list-organizations 200: by slug, in pages; a bound token sees its own", async () => {
    for (const _ of "ab") await me.post(organizations, { slug: aSlug(), name: "Acme" });
    const all = (await me.get(organizations)).body.items;
    const slugs = all.map((it: { slug: string }) => it.slug);
    expect(slugs).toEqual([...slugs].sort());
    const paged = [];
    let cursor = "";
    do {
      const { body } = await me.get(`${organizations}?limit=2${cursor}`);
      expect(body.items.length).toBeLessThanOrEqual(2);
      paged.push(...body.items);
      cursor = body.nextCursor === null ? "" : `&cursor=${body.nextCursor}`;
    } while (cursor !== "");
    expect(paged).toEqual(all);
    const bound = coffer.call(aToken(coffer, { bound: true }));
    expect((await bound.get(organizations)).body.items).toMatchObject([{ slug: "default" }]);
  });

  test("update-organization 200: what is named changes, the rest stays", async () => {
    const slug = aSlug();
    await me.post(organizations, { slug, name: "Acme" });
    const path = `${organizations}/${slug}`;
    const change = { name: "Acme & Söhne", trash: "always", membersCreate: false };
    const first = await me.patch(path, { ...change, limits: { secrets: 5 } });
    const limits = { secrets: 5, stores: null };
    expect([first.status, first.body]).toEqual([200, { ...made(slug), ...change, limits, revision: 2 }]);
    const second = await me.patch(path, { limits: { secrets: null, stores: 7 } });
    expect(second.body).toMatchObject({ ...change, limits: { secrets: null, stores: 7 } });
    expect((await me.get(path)).body).toEqual(second.body);
  });

  test("update-organization 403", async () => {
    const auditor = coffer.call(aToken(coffer, { role: "auditor" }));
    const answer = await auditor.patch(organization, { name: "Mine" });
    expectRefused(answer, 403, "caller.denied", "This credential may not do that.");
  });

  test("get-organization 404: missing and hidden have equal answers", async () => {
    const stranger = coffer.call(aToken(coffer, { role: null }));
    for (const path of [organization, `${organizations}/nowhere`, `${organizations}/${randomUUID()}`]) {
      for (const more of ["", "/quota", "/stores", "/secrets", "/trash", "/audit", "/changes"]) {
        const answer = await stranger.get(path + more);
        expectRefused(answer, 404, "organization.not_found", noOrganization);
      }
    }
  });

  test("get-quota 200", async () => {
    const slug = aSlug();
    await me.post(organizations, { slug, name: "Acme" });
    const path = `${organizations}/${slug}`;
    await me.patch(path, { limits: { stores: 3 } });
    await me.post(`${path}/stores/default/secrets`, { name: "one" });
    const answer = await me.get(`${path}/quota`);
    expect([answer.status, answer.body]).toEqual([
      200,
      { secrets: { quota: null, usage: 1 }, stores: { quota: 3, usage: 1 } },
    ]);
  });
});

describe("stores", () => {
  test("create-store 201: the slug is derived from the name, and counted on where it is taken", async () => {
    const mark = randomUUID().slice(0, 8);
    const name = `Web, ${mark} (Köln)`;
    const first = await me.post(stores, { name });
    const slug = `web-${mark}-koln`;
    expect([first.status, first.body]).toEqual([
      201,
      { id: anId, slug, name, backend: "embedded", createdAt: aTime, revision: expect.any(Number) },
    ]);
    expect((await me.post(stores, { name, slug: null })).body.slug).toBe(`${slug}-2`);
    expect((await me.get(`${stores}/${slug}`)).body).toEqual(first.body);
    expect((await me.get(`${stores}/${first.body.id}`)).body).toEqual(first.body);
  });

  test("create-store 409 for a taken slug and past the limit", async () => {
    const { slug } = await createdStore(me);
    const taken = await me.post(stores, { name: "Web", slug });
    expect([taken.status, taken.body.error.code]).toEqual([409, "store.slug_taken"]);
    const { body } = await me.get(`${organization}/quota`);
    await me.patch(organization, { limits: { stores: body.stores.usage } });
    const full = await me.post(stores, { name: "Web" });
    await me.patch(organization, { limits: { stores: null } });
    expectRefused(full, 409, "quota.exceeded", "The organization's limit of stores is reached.", {
      field: "stores",
      limit: body.stores.usage,
    });
  });

  test("list-stores 200: by slug, in pages; a narrowed token sees its own", async () => {
    const own = await createdStore(me);
    await createdStore(me);
    const all = (await me.get(stores)).body.items;
    const first = await me.get(`${stores}?limit=1`);
    expect(first.body.items).toEqual(all.slice(0, 1));
    const rest = await me.get(`${stores}?limit=1000&cursor=${first.body.nextCursor}`);
    expect(rest.body).toEqual({ items: all.slice(1), nextCursor: null });
    const narrow = coffer.call(aToken(coffer, { stores: [own.id] }));
    expect((await narrow.get(stores)).body.items).toEqual([own]);
    // One that is there and one that is not look the same.
    const hidden = await narrow.get(`${stores}/default`);
    const missing = await narrow.get(`${stores}/nowhere`);
    const shape = ({ status, body }: typeof hidden) => ({
      status,
      error: { ...body.error, requestId: null },
    });
    expect(shape(hidden)).toEqual(shape(missing));
    expect(shape(hidden)).toMatchObject({ status: 404, error: { code: "store.not_found" } });
  });

  test("update-store 200: another name, the same slug", async () => {
    const made = await createdStore(me);
    const path = `${stores}/${made.slug}`;
    const answer = await me.patch(path, { name: "Other" });
    expect([answer.status, answer.body]).toEqual([
      200,
      { ...made, name: "Other", revision: expect.any(Number) },
    ]);
    expect((await me.patch(path, { name: "Other" })).body).toEqual(answer.body);
    expect((await me.patch(path, {})).body).toEqual(answer.body);
  });

  test("delete-store 204, 404 after", async () => {
    const { slug } = await createdStore(me);
    const answer = await me.delete(`${stores}/${slug}`);
    expect([answer.status, answer.text]).toEqual([204, ""]);
    expectRefused(await me.delete(`${stores}/${slug}`), 404, "store.not_found", noStore);
    expectRefused(await me.get(`${stores}/${slug}`), 404, "store.not_found", noStore);
    expectRefused(await me.patch(`${stores}/${slug}`, {}), 404, "store.not_found", noStore);
  });

  test("delete-store 409 with live secrets, 204 by force, and they are in the trash", async () => {
    const { slug } = await createdStore(me);
    const name = aName();
    const secret = await me.post(`${stores}/${slug}/secrets`, { name });
    const refusal = await me.delete(`${stores}/${slug}?force=false`);
    const message = "The store has live secrets; delete them first, or force.";
    expectRefused(refusal, 409, "store.not_empty", message);
    expect((await me.delete(`${stores}/${slug}?force=true`)).status).toBe(204);
    const restored = await me.post(`${organization}/trash/${secret.body.id}/restore`);
    expect(restored.body).toMatchObject({ name, storeId: bootstrap.store.id, status: "active" });
  });

  test("delete-store 409 for the default store", async () => {
    await created(me);
    const answer = await me.delete(`${stores}/default?force=true`);
    expectRefused(answer, 409, "store.is_default", "The default store cannot be deleted.");
  });
});
