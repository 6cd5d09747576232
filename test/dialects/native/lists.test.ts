// Lists of secrets: search, labels, orders, directions, pages; and the trash.
import { randomUUID } from "node:crypto";
import { afterAll, describe, expect, test } from "vitest";
import type { Client } from "../../support/server.ts";
import { startCoffer } from "../../support/server.ts";
import {
  aName,
  aTime,
  at,
  created,
  createdStore,
  expectInvalid,
  expectRefused,
  organization,
  secrets,
  stores,
} from "./support.ts";

const coffer = await startCoffer();
afterAll(() => coffer.stop());
const me = coffer.call(coffer.token);
const owner = { kind: "person", id: coffer.bootstrap.person.id, name: "Owner" };

const foreign = '"cursor" must be one that this list gave for the same filters and order';
const notThere = "No such secret, or none that this credential may see.";

async function namesOf(client: Client, path: string, query = ""): Promise<string[]> {
  const { body } = await client.get(`${path}?${query}`);
  return body.items.map((item: { name: string }) => item.name);
}

/** A store with secrets b, A, c (made in this order; A changed last). */
async function aStoreOfThree() {
  const { slug, id } = await createdStore(me);
  const path = `${stores}/${slug}/secrets`;
  await me.post(path, { name: "b", description: "Zebra", labels: { env: "prod", tier: "web" } });
  await me.post(path, { name: "A", description: "aardvark 100%", labels: { env: "prod" } });
  await me.post(path, { name: "c", labels: { env: "test" } });
  await me.patch(`${path}/A`, { annotations: { touched: "yes" } });
  return { slug, id, path };
}

describe("list-secrets", () => {
  test("200: whole objects in order of creation, without values", async () => {
    const { slug } = await createdStore(me);
    const path = `${stores}/${slug}/secrets`;
    const one = await me.post(path, { name: "one", value: "canary-in-list" });
    const two = await me.post(path, { name: "two" });
    const answer = await me.get(path);
    expect([answer.status, answer.body]).toEqual([200, { items: [one.body, two.body], nextCursor: null }]);
    expect(answer.text).not.toContain("canary-in-list");
  });

  test.each([
    ["", ["b", "A", "c"]],
    ["direction=desc", ["c", "A", "b"]],
    ["order=created&direction=asc", ["b", "A", "c"]],
    ["order=name", ["A", "b", "c"]],
    ["order=name&direction=desc", ["c", "b", "A"]],
    ["order=updated&direction=desc", ["A", "c", "b"]],
    ["order=description", ["c", "b", "A"]],
    ["order=status", ["b", "A", "c"]],
    ["search=ZEB", ["b"]],
    ["search=a", ["b", "A"]],
    ["search=100%25", ["A"]],
    ["search=_", []],
    ["search=", ["b", "A", "c"]],
    ["label=env=prod", ["b", "A"]],
    ["label=env%3Dprod&label=tier%3Dweb", ["b"]],
    ["label=env=none", []],
    ["label=env=prod&search=aard", ["A"]],
  ])("200 for %j: %j, whole and in pages of one", async (query, expected) => {
    const { path } = await aStoreOfThree();
    expect(await namesOf(me, path, query)).toEqual(expected);
    const paged: string[] = [];
    for (let cursor: string | null = null, pages = 0; pages < 5; pages += 1) {
      const more: string = cursor === null ? "" : `&cursor=${cursor}`;
      const { body } = await me.get(`${path}?${query}&limit=1${more}`);
      paged.push(...body.items.map((item: { name: string }) => item.name));
      cursor = body.nextCursor;
      if (cursor === null) break;
    }
    expect(paged).toEqual(expected);
  });

  test("200 across stores", async () => {
    const mark = aName();
    const { slug, id } = await createdStore(me);
    await created(me, { name: mark });
    await me.post(`${stores}/${slug}/secrets`, { name: mark });
    const { body } = await me.get(`${organization}/secrets?search=${mark}`);
    const storeIds = body.items.map((item: { storeId: string }) => item.storeId);
    expect(storeIds.sort()).toEqual([coffer.bootstrap.store.id, id].sort());
  });

  test("a page goes on where the last one ended, though its last secret is purged by then", async () => {
    const { path } = await aStoreOfThree();
    const first = await me.get(`${path}?limit=2`);
    await me.delete(`${path}/A?purge=true`);
    expect(await namesOf(me, path, `cursor=${first.body.nextCursor}`)).toEqual(["c"]);
  });

  test("400 for a cursor of any other list", async () => {
    const { path, slug } = await aStoreOfThree();
    const { nextCursor } = (await me.get(`${path}?limit=1&search=a`)).body;
    const same = await me.get(`${path}?search=a&cursor=${nextCursor}&limit=7`);
    expect(same.status).toBe(200);
    for (const other of [
      `${path}?`,
      `${path}?search=b&`,
      `${path}?search=a&order=name&`,
      `${path}?search=a&direction=desc&`,
      `${path}?search=a&label=a=b&`,
      `${secrets}?search=a&`,
      `${organization}/secrets?search=a&`,
      `${organization}/trash?`,
      `${stores}?`,
      `${organization}/audit?`,
      `${path}/b/versions?`,
      "/v1/organizations?",
    ]) {
      const answer = await me.get(`${other}cursor=${nextCursor}`);
      expectRefused(answer, 400, "cursor.invalid", foreign, { field: "cursor" });
    }
    expect((await me.get(`${stores}/${slug}`)).status).toBe(200);
  });

  test.each(["", "x", "bm90IGpzb24", "e30", "W10", "W251bGwsbnVsbCxudWxsXQ", "a".repeat(8_193)])(
    "400 for a cursor that is none: %j",
    async (cursor) => {
      const answer = await me.get(`${secrets}?cursor=${cursor}`);
      expectRefused(answer, 400, "cursor.invalid", foreign, { field: "cursor" });
    },
  );

  test("400 for a cursor forged to a place that no list has", async () => {
    const { path } = await aStoreOfThree();
    for (const [query, key] of [
      ["", "text"],
      ["order=name", 7],
      ["order=name", "\u0000"],
      ["", null],
    ] as const) {
      const { nextCursor } = (await me.get(`${path}?${query}&limit=1`)).body;
      const [list, , id] = JSON.parse(Buffer.from(nextCursor, "base64url").toString());
      const forged = Buffer.from(JSON.stringify([list, key, id])).toString("base64url");
      const answer = await me.get(`${path}?${query}&cursor=${forged}`);
      expectRefused(answer, 400, "cursor.invalid", foreign, { field: "cursor" });
    }
  });

  test("400 for a forged cursor of stores", async () => {
    await createdStore(me);
    const { nextCursor } = (await me.get(`${stores}?limit=1`)).body;
    const [list, , id] = JSON.parse(Buffer.from(nextCursor, "base64url").toString());
    for (const key of [1, null, "\u0000"]) {
      const forged = Buffer.from(JSON.stringify([list, key, id])).toString("base64url");
      const answer = await me.get(`${stores}?cursor=${forged}`);
      expectRefused(answer, 400, "cursor.invalid", foreign, { field: "cursor" });
    }
  });

  test("400 for a forged cursor of versions", async () => {
    const { name } = await created(me, { value: "1" });
    await me.put(at(name, "/value"), { value: "2" });
    const { nextCursor } = (await me.get(at(name, "/versions?limit=1"))).body;
    const [list, , id] = JSON.parse(Buffer.from(nextCursor, "base64url").toString());
    for (const key of ["2", null]) {
      const forged = Buffer.from(JSON.stringify([list, key, id])).toString("base64url");
      const answer = await me.get(at(name, `/versions?cursor=${forged}`));
      expectRefused(answer, 400, "cursor.invalid", foreign, { field: "cursor" });
    }
  });

  test("pages hold 100 where nothing else is asked, and 1,000 at most", async () => {
    const { slug } = await createdStore(me);
    const path = `${stores}/${slug}/secrets`;
    const all = Array.from({ length: 101 }, (_, index) => me.post(path, { name: `s${index}` }));
    await Promise.all(all);
    expect((await me.get(path)).body.items).toHaveLength(100);
    expect((await me.get(`${path}?limit=1000`)).body.items).toHaveLength(101);
    expectInvalid(
      await me.get(`${path}?limit=1001`),
      "limit",
      "must be a whole number from 1 to 1000",
      1_000,
    );
  });

  test("404 for the store", async () => {
    const answer = await me.get(`${stores}/nowhere/secrets`);
    expect([answer.status, answer.body.error.code]).toEqual([404, "store.not_found"]);
  });
});

describe("trash", () => {
  test("list-trash 200: the secret as it was, and when, by whom, until when", async () => {
    const secret = await created(me, { value: "canary-in-trash", labels: { a: "b" } });
    await me.delete(at(secret.name));
    const answer = await me.get(`${organization}/trash?limit=1000`);
    const item = answer.body.items.find(({ id }: { id: string }) => id === secret.id);
    expect(item).toEqual({
      ...secret,
      status: "trashed",
      revision: expect.any(Number),
      deletedAt: aTime,
      deletedBy: owner,
      purgeAt: aTime,
    });
    expect(Date.parse(item.purgeAt) - Date.parse(item.deletedAt)).toBe(30 * 24 * 60 * 60 * 1000);
    expect(answer.text).not.toContain("canary-in-trash");
  });

  test("list-trash 200 in pages", async () => {
    for (const _ of "ab") await me.delete(at((await created(me)).name));
    const all = (await me.get(`${organization}/trash?limit=1000`)).body.items;
    const first = (await me.get(`${organization}/trash?limit=1`)).body;
    const rest = (await me.get(`${organization}/trash?limit=1000&cursor=${first.nextCursor}`)).body;
    expect([...first.items, ...rest.items]).toEqual(all);
  });

  test.each([undefined, {}, { name: null }])("restore-secret 200 with %j", async (body) => {
    const secret = await created(me, { value: "v" });
    await me.delete(at(secret.name));
    const answer = await me.post(`${organization}/trash/${secret.id}/restore`, body);
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      ...secret,
      updatedAt: aTime,
      updatedBy: owner,
      revision: expect.any(Number),
    });
    expect(answer.headers.get("etag")).toBe(`"${answer.body.revision}"`);
    expect((await me.get(at(secret.name, "/value"))).body.value).toBe("v");
  });

  test("restore-secret 409 for a taken name, 200 under another", async () => {
    const secret = await created(me);
    await me.delete(at(secret.name));
    await created(me, { name: secret.name });
    const path = `${organization}/trash/${secret.id.toUpperCase()}/restore`;
    const clash = await me.post(path);
    expect([clash.status, clash.body.error.code]).toEqual([409, "secret.name_taken"]);
    const name = aName();
    expect((await me.post(path, { name })).body).toMatchObject({ id: secret.id, name });
  });

  test("purge-trashed 204, and then 404 for all of it", async () => {
    const secret = await created(me);
    await me.delete(at(secret.name));
    const path = `${organization}/trash/${secret.id}`;
    const answer = await me.delete(path);
    expect([answer.status, answer.text]).toEqual([204, ""]);
    expectRefused(await me.delete(path), 404, "secret.not_found", notThere);
    expectRefused(await me.post(`${path}/restore`), 404, "secret.not_found", notThere);
  });

  test("404 for a live secret and an unknown one, 400 for what is no id", async () => {
    const live = await created(me);
    for (const id of [live.id, randomUUID()]) {
      expectRefused(await me.delete(`${organization}/trash/${id}`), 404, "secret.not_found", notThere);
    }
    const answer = await me.post(`${organization}/trash/${live.name}/restore`);
    expectInvalid(answer, "id", "must be the id of a secret");
  });
});
