// Machines over HTTP: who makes them, who sees them, and what goes when they go.
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, describe, expect, test } from "vitest";
import { startCoffer } from "../../support/server.ts";
import { aMember, entriesOf, grants, machines, madeMachine } from "./principals.ts";
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
const notThere = "No such machine, or none that this credential may see.";

async function machineToken(id: string): Promise<string> {
  const answer = await me.post(`${organization}/tokens`, { principal: { kind: "machine", id }, name: "t" });
  expect(answer.status, answer.text).toBe(201);
  return answer.body.token;
}

describe("a machine", () => {
  test("is made, read, renamed and deleted; each change is audited", async () => {
    const { id: owner, name: ownerName } = (await me.get("/v1/whoami")).body.principal;
    const made = await me.post(machines, { name: "CI" });
    const createdBy = { kind: "person", id: owner, name: ownerName };
    expect([made.status, made.body]).toEqual([
      201,
      { id: anId, name: "CI", createdAt: aTime, createdBy, changedAt: made.body.createdAt },
    ]);
    const path = `${machines}/${made.body.id}`;
    expect((await me.get(path)).body).toEqual(made.body);
    const renamed = await me.patch(path, { name: "CD" });
    expect(renamed.body).toEqual({ ...made.body, name: "CD", changedAt: aTime });
    expect(renamed.body.changedAt > made.body.changedAt).toBe(true);
    expect((await me.patch(path, { name: "CD" })).body).toEqual(renamed.body);
    expect((await me.delete(path)).status).toBe(204);
    expectRefused(await me.get(path), 404, "machine.not_found", notThere);
    const told = await entriesOf(me, made.body.id);
    expect(told.filter(({ outcome }) => outcome === "allowed").map(({ details }) => details)).toEqual([
      { ended: true, tokens: 0 },
      { changed: [] },
      { changed: ["name"] },
      { made: true },
    ]);
  });

  test("may share its name; lists go by name, then by id", async () => {
    const made = [];
    for (const name of ["same", "same", "same"]) made.push(await madeMachine(me, name));
    const ids = made.map(({ id }) => id);
    const seen: string[] = [];
    for (let cursor: string | null = ""; cursor !== null; ) {
      const { body } = await me.get(`${machines}?limit=1${cursor === "" ? "" : `&cursor=${cursor}`}`);
      seen.push(...body.items.map(({ id }: { id: string }) => id));
      cursor = body.nextCursor;
    }
    expect(seen.filter((id) => ids.includes(id))).toEqual(ids.toSorted());
  });

  test("400 for names that are none", async () => {
    expectInvalid(await me.post(machines, { name: "" }), "name", "must not be empty");
    const long = await me.post(machines, { name: "x".repeat(256) });
    expectInvalid(long, "name", "must have at most 255 characters", 255);
  });

  test("moves its date when it is given something, and when that is taken away", async () => {
    const machine = await madeMachine(me);
    const store = await createdStore(me);
    const read = async () => (await me.get(`${machines}/${machine.id}`)).body.changedAt as string;
    const grant = { subject: { kind: "machine", id: machine.id }, object: { kind: "store", id: store.id } };
    const dates = [await read()];
    for (const change of [
      () => me.put(grants, { ...grant, level: "read" }),
      () => me.put(grants, { ...grant, level: "write" }),
      () => me.delete(grants, grant),
    ]) {
      expect((await change()).status).toBeLessThan(300);
      dates.push(await read());
    }
    expect(dates).toEqual([...new Set(dates)].toSorted());
  });

  test("takes its tokens and grants along when it goes, at once", async () => {
    const machine = await madeMachine(me);
    const store = await createdStore(me);
    const grant = { subject: { kind: "machine", id: machine.id }, object: { kind: "store", id: store.id } };
    await me.put(grants, { ...grant, level: "read" });
    const itself = coffer.call(await machineToken(machine.id));
    expect((await itself.get(`${organization}/stores/${store.slug}`)).status).toBe(200);
    expect((await me.delete(`${machines}/${machine.id}`)).status).toBe(204);
    expect((await itself.get(`${organization}/stores/${store.slug}`)).status).toBe(401);
    const db = new DatabaseSync(join(coffer.data, "coffer.db"), { timeout: 5_000 });
    const left = db
      .prepare(
        `SELECT (SELECT COUNT(*) FROM grants WHERE subject_id = $id OR object_id = $id)
          + (SELECT COUNT(*) FROM tokens WHERE principal_id = $id) AS count`,
      )
      .get({ $id: machine.id });
    db.close();
    expect(left?.count).toBe(0);
  });
});

describe("members", () => {
  test("make machines, manage those they made and see no others", async () => {
    const hidden = await madeMachine(me);
    const member = await aMember(coffer);
    expect((await member.client.get(machines)).body).toEqual({ items: [], nextCursor: null });
    const own = await madeMachine(member.client);
    expect((await member.client.get(machines)).body.items).toMatchObject([{ id: own.id }]);
    expect((await member.client.patch(`${machines}/${own.id}`, { name: "mine" })).status).toBe(200);
    for (const id of [hidden.id, randomUUID()]) {
      const path = `${machines}/${id}`;
      for (const answer of [
        await member.client.get(path),
        await member.client.patch(path, { name: "x" }),
        await member.client.delete(path),
      ]) {
        expectRefused(answer, 404, "machine.not_found", notThere);
      }
    }
    const refused = (await entriesOf(me, hidden.id)).filter(({ caller }) => caller.id === member.id);
    expect(refused.map(({ outcome }) => outcome)).toEqual(["refused", "refused", "refused"]);
    expect((await member.client.delete(`${machines}/${own.id}`)).status).toBe(204);
  });

  test("who were given a machine to read see it and change nothing", async () => {
    const machine = await madeMachine(me);
    const member = await aMember(coffer);
    const grant = { subject: { kind: "person", id: member.id }, object: { kind: "machine", id: machine.id } };
    await me.put(grants, { ...grant, level: "read" });
    expect((await member.client.get(machines)).body.items).toMatchObject([{ id: machine.id }]);
    const path = `${machines}/${machine.id}`;
    expect((await member.client.get(path)).status).toBe(200);
    expectRefused(await member.client.patch(path, { name: "x" }), 403, "caller.denied", denied);
    expectRefused(await member.client.delete(path), 403, "caller.denied", denied);
  });

  test("make none where the organization has switched that off, nor by a token that is not for it", async () => {
    const member = await aMember(coffer);
    const narrow = await aMember(coffer, { scopes: ["organization.read", "machine.manage"] });
    expectRefused(await narrow.client.post(machines, { name: "x" }), 403, "caller.denied", denied);
    await me.patch(organization, { membersCreate: false });
    expectRefused(await member.client.post(machines, { name: "x" }), 403, "caller.denied", denied);
    await me.patch(organization, { membersCreate: true });
  });
});

test("an auditor sees all machines and changes none", async () => {
  const machine = await madeMachine(me);
  const auditor = coffer.call(aToken(coffer, { role: "auditor" }));
  const { items } = (await auditor.get(`${machines}?limit=1000`)).body;
  expect(items.map(({ id }: { id: string }) => id)).toContain(machine.id);
  expectRefused(await auditor.post(machines, { name: "x" }), 403, "caller.denied", denied);
  expectRefused(await auditor.delete(`${machines}/${machine.id}`), 403, "caller.denied", denied);
});

test("a machine makes no machines and lists none", async () => {
  const machine = await madeMachine(me);
  const itself = coffer.call(await machineToken(machine.id));
  expectRefused(await itself.post(machines, { name: aName() }), 403, "caller.denied", denied);
  expectRefused(await itself.get(machines), 403, "caller.denied", denied);
  expectRefused(await itself.delete(`${machines}/${machine.id}`), 404, "machine.not_found", notThere);
});

test("another organization's machines are not there", async () => {
  const slug = `m-${randomUUID().slice(0, 8)}`;
  await me.post(organizations, { slug, name: "Other" });
  const machine = await madeMachine(me);
  const there = `${organizations}/${slug}/machines/${machine.id}`;
  for (const answer of [await me.get(there), await me.patch(there, { name: "x" }), await me.delete(there)]) {
    expectRefused(answer, 404, "machine.not_found", notThere);
  }
});

test("where clients seal names, a machine cannot be named here, and its name is not shown", async () => {
  const slug = `m-${randomUUID().slice(0, 8)}`;
  const { body } = await me.post(organizations, { slug, name: "Sealed", custody: "client" });
  const home = `${organizations}/${slug}/machines`;
  const message =
    "This organization's values are sealed by its clients; the server cannot read or write them.";
  expectRefused(await me.post(home, { name: "CI" }), 409, "custody.client", message);
  const name = "2.c2VhbGVk|bmFtZQ==|bWFj";
  const made = await coffer.node.operations.machines.create(
    coffer.owner,
    { id: body.id },
    { name, opaque: true },
  );
  expect((await me.get(`${home}/${made.id}`)).body).toMatchObject({ id: made.id, name: null });
  expectRefused(await me.patch(`${home}/${made.id}`, { name: "CI" }), 409, "custody.client", message);
  const audit = await me.get(`${organizations}/${slug}/audit`);
  expect(audit.text).not.toContain(name);
});
