// Secrets: no copy, move, rename, restore or precondition shows a value, or shows it to more, than the
// credential could by the front door.
import { afterAll, expect, test } from "vitest";
import type { ErrorCode } from "../../../src/core/errors.ts";
import {
  type Actor,
  aName,
  countOf,
  expectNoValue,
  expectValue,
  field,
  hours,
  organization,
  type Secret,
  stores,
  trash,
} from "./field.ts";

const it = await field();
const { attempt, me, owner } = it;
const first = it.coffer.bootstrap.store.id;
afterAll(() => it.coffer.stop());

const policy = "- pipeline_slug: deploy\n";
const inDefault = (name: string) => `${stores}/default/secrets/${name}`;

/** Sees and makes secrets, and reads no value. */
const copier = ["secret.list", "secret.read", "secret.create", "store.list"];

async function copying(
  by: Actor,
  source: Secret,
  body: Record<string, unknown>,
  refused: ErrorCode = "caller.denied",
) {
  const name = aName();
  const answer = await by.client.post(`${source.path}/duplicate`, { name, ...body });
  const unchanged = async () => {
    const { body: found } = await me.get(`${organization}/secrets?search=${name}`);
    expect(found.items).toEqual([]);
  };
  return { by, answer, refused, unchanged };
}

attempt("copy without its policy, for one's own job to read", async () => {
  const source = await it.secret("default", { policy });
  await expectNoValue(await it.job("default"), source.path);
  return copying(await it.narrowed(owner, { scopes: copier }), source, { policy: null });
});

attempt("copy with a policy of one's own", async () => {
  const by = await it.narrowed(owner, { scopes: copier });
  return copying(by, await it.secret("default", { policy }), { policy: "- pipeline_slug: mine\n" });
});

attempt("copy with other consumers", async () => {
  const by = await it.narrowed(owner, { scopes: copier });
  return copying(by, await it.secret("default", { consumers: ["theirs"] }), { consumers: ["mine"] });
});

attempt("copy with a later end", async () => {
  const by = await it.narrowed(owner, { scopes: copier });
  return copying(by, await it.secret("default", { expiresAt: hours(1) }), { expiresAt: null });
});

attempt("copy an expired secret without its end, by a token that reads", async () => {
  const source = await it.secret("default", { expiresAt: "2020-01-01T00:00:00Z" });
  const by = await it.narrowed(owner, { scopes: [...copier, "secret.reveal"] });
  return copying(by, source, { expiresAt: null });
});

attempt("copy into a store of one's own without reading the source", async () => {
  const { slug } = await it.store();
  const by = await it.narrowed(owner, { scopes: copier });
  return copying(by, await it.secret(), { store: slug });
});

attempt("copy into a store in which one makes nothing", async () => {
  const { id, slug } = await it.store();
  const by = it.person("member", ["store", first, "manage"], ["store", id, "read"]);
  return copying(by, await it.secret(), { store: slug });
});

attempt("copy into a store of another tenant", async () => {
  const { store } = await it.tenant();
  return copying(owner, await it.secret(), { store }, "store.not_found");
});

attempt("copy to the name that one's scope reads", async () => {
  const [source, name] = [await it.secret(), aName()];
  const by = await it.narrowed(owner, { scopes: [...copier, `secret.reveal@default/${name}`] });
  const answer = await by.client.post(`${source.path}/duplicate`, { name });
  return { by, answer, refused: "caller.denied", unchanged: () => expectNoValue(by, inDefault(name)) };
});

attempt("rename to the name that one's scope reads", async () => {
  const [source, name] = [await it.secret(), aName()];
  const scopes = ["secret.read", "secret.update", `secret.reveal@default/${name}`];
  const by = await it.narrowed(owner, { scopes });
  const answer = await by.client.patch(source.path, { name });
  const unchanged = async () => {
    await expectNoValue(by, inDefault(name));
    await expectValue(owner, source.path);
  };
  return { by, answer, refused: "caller.denied", unchanged };
});

attempt("restore from the trash to the name that one's scope reads", async () => {
  const [{ id, path }, name] = [await it.secret(), aName()];
  expect((await me.delete(path)).status).toBe(204);
  const scopes = ["secret.read", "secret.restore", `secret.reveal@default/${name}`];
  const by = await it.narrowed(owner, { scopes });
  const answer = await by.client.post(`${trash}/${id}/restore`, { name });
  return { by, answer, refused: "caller.denied", unchanged: () => expectNoValue(by, inDefault(name)) };
});

attempt("move into one's own store what one may only write to", async () => {
  const { slug } = await it.store();
  const source = await it.secret();
  const by = await it.narrowed(owner, { scopes: [...copier, "secret.update", "secret.delete"] });
  const answer = await by.client.post(`${source.path}/move`, { store: slug });
  return { by, answer, refused: "caller.denied", unchanged: () => expectValue(owner, source.path) };
});

attempt("move into one's own store what one may only read", async () => {
  const { id, slug } = await it.store();
  const source = await it.secret();
  const by = it.person("member", ["store", first, "read"], ["store", id, "manage"]);
  const answer = await by.client.post(`${source.path}/move`, { store: slug });
  return { by, answer, refused: "caller.denied", unchanged: () => expectValue(owner, source.path) };
});

attempt("move into a store in which one makes nothing", async () => {
  const { slug } = await it.store();
  const source = await it.secret();
  const by = it.person("member", ["store", first, "manage"]);
  const answer = await by.client.post(`${source.path}/move`, { store: slug });
  return { by, answer, refused: "store.not_found", unchanged: () => expectValue(owner, source.path) };
});

attempt("restore somebody else's trash", async () => {
  const { id, path } = await it.secret();
  expect((await me.delete(path)).status).toBe(204);
  const by = it.person("member", ["store", (await it.store()).id, "manage"]);
  const answer = await by.client.post(`${trash}/${id}/restore`, {});
  return { by, answer, refused: "secret.not_found", unchanged: () => expectNoValue(owner, path) };
});

attempt("restore from the trash what the token may not see", async () => {
  const { id, path } = await it.secret();
  expect((await me.delete(path)).status).toBe(204);
  const by = await it.narrowed(owner, { scopes: ["secret.restore", "secret.create", "secret.reveal"] });
  const answer = await by.client.post(`${trash}/${id}/restore`, {});
  return { by, answer, refused: "secret.not_found", unchanged: () => expectNoValue(owner, path) };
});

attempt("restore trash of another tenant", async () => {
  const tenant = await it.tenant();
  const path = `${tenant.path}/stores/default/secrets`;
  const { id, name } = await it.made(path, { name: aName(), value: "hidden" });
  expect((await me.delete(`${path}/${name}`)).status).toBe(204);
  const answer = await me.post(`${trash}/${id}/restore`, {});
  return { by: owner, answer, refused: "secret.not_found" };
});

attempt(
  "delete an organization with all its secrets by a token that only deletes organizations",
  async () => {
    const { path } = await it.tenant();
    await it.made(`${path}/stores/default/secrets`, { name: "X", value: "hidden" });
    const principal = { kind: "person", id: owner.id };
    const scopes = ["organization.read", "organization.delete"];
    const { token } = await it.made(`${path}/tokens`, { principal, name: "narrow", scopes });
    const by = it.as(owner.id, token);
    const answer = await by.client.delete(`${path}?force=true`);
    const unchanged = () => expectValue(owner, `${path}/stores/default/secrets/X`);
    return { by, answer, refused: "caller.denied", unchanged };
  },
);

attempt("purge with the right to delete", async () => {
  const { path } = await it.secret();
  const by = it.person("member", ["store", first, "write"]);
  const answer = await by.client.delete(`${path}?purge=true`);
  return { by, answer, refused: "caller.denied", unchanged: () => expectValue(owner, path) };
});

attempt("write by guessing the revision, with the right to read", async () => {
  const { path, revision } = await it.secret();
  const by = it.person("member", ["store", first, "read"]);
  const answer = await by.client.put(`${path}/value`, { value: "mine" }, { "if-match": `"${revision}"` });
  return { by, answer, refused: "caller.denied", unchanged: () => expectValue(owner, path) };
});

attempt("learn by a wrong revision that a hidden secret is there", async () => {
  const { path } = await it.secret();
  const by = it.person();
  const answer = await by.client.patch(path, { description: "x" }, { "if-match": '"1"' });
  return { by, answer, refused: "store.not_found" };
});

attempt("delete by a wrong revision a secret that one may read", async () => {
  const { path } = await it.secret();
  const by = it.person("member", ["store", first, "read"]);
  const answer = await by.client.delete(path, undefined, { "if-match": '"1"' });
  return { by, answer, refused: "caller.denied" };
});

attempt("name a secret by its id through a store of one's own", async () => {
  const { id } = await it.secret();
  const { id: mine, slug } = await it.store();
  const by = it.person("member", ["store", mine, "manage"]);
  const answer = await by.client.get(`${stores}/${slug}/secrets/${id}/value`);
  return { by, answer, refused: "secret.not_found" };
});

attempt("reach another tenant's store by its id through one's own organization", async () => {
  const { path, store } = await it.tenant();
  await it.made(`${path}/stores/default/secrets`, { name: "X", value: "hidden" });
  const answer = await me.get(`${stores}/${store}/secrets/X/value`);
  return { by: owner, answer, refused: "store.not_found" };
});

attempt("reach the other organization of the same person by a token of one", async () => {
  const { path } = await it.tenant();
  const by = await it.narrowed(owner, {});
  const answer = await by.client.get(`${path}/stores`);
  return { by, answer, refused: "organization.not_found" };
});

attempt("restore a version with the right to write values", async () => {
  const { path } = await it.secret();
  expect((await me.put(`${path}/value`, { value: "next" })).status).toBe(200);
  const by = await it.narrowed(owner, { scopes: ["secret.read", "secret.write"] });
  const answer = await by.client.post(`${path}/versions/1/restore`);
  return { by, answer, refused: "caller.denied" };
});

attempt("learn by restoring which versions there are, with the right to write values", async () => {
  const { path } = await it.secret();
  const by = await it.narrowed(owner, { scopes: ["secret.read", "secret.write"] });
  return { by, answer: await by.client.post(`${path}/versions/9/restore`), refused: "caller.denied" };
});

attempt("delete a store with all its secrets by a token that deletes stores", async () => {
  const { slug } = await it.store();
  const { path } = await it.secret(slug);
  const by = await it.narrowed(owner, { scopes: ["store.*"] });
  const answer = await by.client.delete(`${stores}/${slug}?force=true`);
  return { by, answer, refused: "caller.denied", unchanged: () => expectValue(owner, path) };
});

attempt("delete a store so that its secrets come where one reads", async () => {
  const { slug } = await it.store();
  const { id, name } = await it.secret(slug);
  const there = ["store.delete", "secret.delete"].map((action) => `${action}@${slug}`);
  const here = ["secret.restore", "secret.reveal"].map((action) => `${action}@default`);
  const by = await it.narrowed(owner, { scopes: ["store.list", "secret.read", ...there, ...here] });
  expect((await by.client.delete(`${stores}/${slug}?force=true`)).status).toBe(204);
  const answer = await by.client.post(`${trash}/${id}/restore`, {});
  return { by, answer, refused: "caller.denied", unchanged: () => expectNoValue(by, inDefault(name)) };
});

/** A secret whose store was deleted with it. */
async function orphaned() {
  const { id: store, slug } = await it.store();
  const secret = await it.secret(slug);
  const before = it.person("member", ["store", store, "manage"]);
  expect((await me.delete(`${stores}/${slug}?force=true`)).status).toBe(204);
  return { ...secret, before };
}

for (const level of ["write", "manage"] as const) {
  attempt(`restore what lay in a deleted store, with ${level} in the default one`, async () => {
    const { id, name } = await orphaned();
    const by = it.person("member", ["store", first, level]);
    const shown = await by.client.get(`${trash}?limit=1000`);
    expect(shown.text).not.toContain(id);
    const answer = await by.client.post(`${trash}/${id}/restore`, {});
    return { by, answer, refused: "secret.not_found", unchanged: () => expectNoValue(by, inDefault(name)) };
  });
}

attempt("purge what lay in a deleted store, managing the default one", async () => {
  const { id } = await orphaned();
  const by = it.person("member", ["store", first, "manage"]);
  const answer = await by.client.delete(`${trash}/${id}`);
  const unchanged = async () => expect((await me.get(`${trash}?limit=1000`)).text).toContain(id);
  return { by, answer, refused: "secret.not_found", unchanged };
});

attempt("restore what lay in one's own deleted store to the readers of the default one", async () => {
  const { id, before } = await orphaned();
  const answer = await before.client.post(`${trash}/${id}/restore`, {});
  return { by: before, answer, refused: "secret.not_found" };
});

attempt(
  "restore from a deleted store by the secret's own grant, making nothing in the default one",
  async () => {
    const { id, name } = await orphaned();
    const by = it.person("member", ["secret", id, "write"], ["store", first, "read"]);
    const answer = await by.client.post(`${trash}/${id}/restore`, {});
    return { by, answer, refused: "caller.denied", unchanged: () => expectNoValue(owner, inDefault(name)) };
  },
);

attempt("restore from a deleted store by a token that reads no value", async () => {
  const { id, name } = await orphaned();
  const by = await it.narrowed(owner, { scopes: ["secret.read", "secret.restore", "secret.create"] });
  const answer = await by.client.post(`${trash}/${id}/restore`, {});
  return { by, answer, refused: "caller.denied", unchanged: () => expectNoValue(owner, inDefault(name)) };
});

attempt("grant oneself what lay in a deleted store, managing the default one", async () => {
  const { id } = await orphaned();
  const by = it.person("member", ["store", first, "manage"]);
  const body = { subject: { kind: "person", id: by.id }, object: { kind: "secret", id }, level: "manage" };
  return { by, answer: await by.client.put(`${organization}/grants`, body), refused: "secret.not_found" };
});

test("allowed: who writes everywhere, or holds the secret and makes secrets there, restores from a deleted store", async () => {
  for (const place of ["organization", "secret"] as const) {
    const { id, name } = await orphaned();
    const held =
      place === "secret"
        ? ([
            ["secret", id, "write"],
            ["store", first, "write"],
          ] as const)
        : ([["organization", it.coffer.bootstrap.organization.id, "write"]] as const);
    const by = it.person("member", ...held);
    const answer = await by.client.post(`${trash}/${id}/restore`, {});
    expect([answer.status, answer.body.storeId], answer.text).toEqual([200, first]);
    await expectValue(by, inDefault(name));
    // From now on it is the default store's: whoever reads there reads it.
    await expectValue(it.person("member", ["store", first, "read"]), inDefault(name));
    expect((await me.delete(inDefault(name))).status).toBe(204);
    const writer = it.person("member", ["store", first, "write"]);
    expect((await writer.client.post(`${trash}/${id}/restore`, {})).status).toBe(200);
  }
});

test("who reads the feed of the default store hears nothing of what lay in a deleted one until it is restored", async () => {
  const reader = it.person("member", ["store", first, "read"]);
  const [purged, restored] = [await orphaned(), await orphaned()];
  const changes = `${organization}/changes?since=`;
  const { body: begin } = await reader.client.get(`${changes}0&limit=1000`);
  expect((await me.delete(`${trash}/${purged.id}`)).status).toBe(204);
  expect((await me.post(`${trash}/${restored.id}/restore`, { name: "Renamed" })).status).toBe(200);
  const { body } = await reader.client.get(`${changes}${begin.revision}`);
  const text = JSON.stringify([begin, body]);
  for (const { name } of [purged, restored]) expect(text).not.toContain(name);
  expect(text).not.toContain(purged.id);
  expect(body.items).toMatchObject([{ kind: "secret.restored", secretId: restored.id, name: "Renamed" }]);
});

test("allowed: to delete a store with all its secrets, whatever one reads", async () => {
  for (const reveals of [["secret.reveal"], []]) {
    const { slug } = await it.store();
    await it.secret(slug);
    const by = await it.narrowed(owner, { scopes: ["store.*", "secret.delete", ...reveals] });
    expect((await by.client.delete(`${stores}/${slug}?force=true`)).status).toBe(204);
  }
});

test("in a batch each name is decided for itself, and each refusal is written down", async () => {
  const [mine, theirs] = [await it.secret(), await it.secret()];
  const by = it.person("member", ["secret", mine.id, "read"]);
  const answer = await by.client.post(`${stores}/default/values`, { names: [mine.name, theirs.name] });
  expect(answer.text.match(/hidden/g) ?? []).toHaveLength(answer.status === 200 ? 1 : 0);
  const { body } = await me.get(`${organization}/audit?caller=${by.id}&outcome=refused`);
  expect(body.items.length).toBeGreaterThan(0);
});

test("allowed: a copy as it is, under other terms by who may change or read the source, and a plain rename", async () => {
  const source = await it.secret("default", { policy });
  const copied = async (scopes: readonly string[], body: Record<string, unknown>) => {
    const { client } = await it.narrowed(owner, { scopes });
    const answer = await client.post(`${source.path}/duplicate`, { name: aName(), ...body });
    expect(answer.status, answer.text).toBe(201);
    return answer.body;
  };
  expect((await copied(copier, {})).policy).toBe(policy);
  expect((await copied(copier, { policy })).policy).toBe(policy);
  expect((await copied([...copier, "secret.reveal"], { policy: null })).policy).toBeNull();
  expect((await copied([...copier, "secret.update"], { policy: null })).policy).toBeNull();
  const { slug } = await it.store();
  await copied([...copier, "secret.reveal"], { store: slug });

  const { path, name } = await it.secret();
  const scopes = ["secret.read", `secret.update@default/${name}`];
  const renamer = await it.narrowed(owner, { scopes });
  expect((await renamer.client.patch(path, { name: aName() })).status).toBe(200);
});

test("somebody else's cursor shows no more than one's own list", async () => {
  await it.store();
  const { body } = await me.get(`${stores}?limit=1`);
  const mine = await it.store();
  const by = it.person("member", ["store", mine.id, "read"]);
  expect(await countOf(by.client, stores)).toBe(1);
  const page = await by.client.get(`${stores}?limit=100&cursor=${body.nextCursor}`);
  expect(page.body.items.map(({ id }: { id: string }) => id)).toEqual([mine.id]);
});
