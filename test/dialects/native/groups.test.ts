// Groups over HTTP: making and naming them, who is in them, and that nobody is let into more than the
// one who lets him in holds.
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, describe, expect, test } from "vitest";
import { startCoffer } from "../../support/server.ts";
import { aMember, entriesOf, groups, madeGroup, madeMachine } from "./principals.ts";
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
const notThere = "No such group, or none that this credential may see.";
const nobody = "There is no such person, machine or service here.";

describe("a group", () => {
  test("is made, read, renamed, listed by name and deleted; each change is audited", async () => {
    const made = await me.post(groups, { name: "B team" });
    expect([made.status, made.body]).toEqual([201, { id: anId, name: "B team", createdAt: aTime }]);
    const path = `${groups}/${made.body.id}`;
    expect((await me.get(path)).body).toEqual(made.body);
    const renamed = await me.patch(path, { name: "A team" });
    expect([renamed.status, renamed.body]).toEqual([200, { ...made.body, name: "A team" }]);
    expect((await me.patch(path, {})).body).toEqual(renamed.body);
    expect((await me.get(groups)).body).toEqual({ items: [renamed.body], nextCursor: null });
    expect((await me.delete(path)).status).toBe(204);
    expectRefused(await me.get(path), 404, "group.not_found", notThere);
    expectRefused(await me.delete(path), 404, "group.not_found", notThere);
    const told = await entriesOf(me, made.body.id);
    expect(told.filter(({ outcome }) => outcome === "allowed").map(({ details }) => details)).toEqual([
      { ended: true },
      { changed: [] },
      { changed: ["name"] },
      { made: true },
    ]);
  });

  test("is listed in pages", async () => {
    const names = ["p1", "p2", "p3"];
    for (const name of names) await madeGroup(me, name);
    const first = await me.get(`${groups}?limit=2`);
    expect(first.body.items.map(({ name }: { name: string }) => name)).toEqual(["p1", "p2"]);
    const second = await me.get(`${groups}?limit=2&cursor=${first.body.nextCursor}`);
    expect(second.body).toMatchObject({ items: [{ name: "p3" }], nextCursor: null });
    for (const { id } of [...first.body.items, ...second.body.items]) await me.delete(`${groups}/${id}`);
  });

  test("409 for a name that is taken, on making and renaming; letter case counts", async () => {
    const taken = "Another group of the organization has that name.";
    await madeGroup(me, "Taken");
    const other = await madeGroup(me, "taken");
    const details = { field: "name" };
    expectRefused(await me.post(groups, { name: "Taken" }), 409, "group.name_taken", taken, details);
    const rename = await me.patch(`${groups}/${other.id}`, { name: "Taken" });
    expectRefused(rename, 409, "group.name_taken", taken, details);
  });

  test("400 for names that are none, and ids that are none", async () => {
    expectInvalid(await me.post(groups, { name: "" }), "name", "must not be empty");
    expectInvalid(await me.post(groups, { name: "a\nb" }), "name", "must not contain control characters");
    const long = await me.post(groups, { name: "x".repeat(256) });
    expectInvalid(long, "name", "must have at most 255 characters", 255);
    expectInvalid(await me.get(`${groups}/B%20team`), "id", "must be an id");
    expectInvalid(await me.post(groups, { name: "x", members: [] }), "members", "is not a member known here");
  });
});

describe("members", () => {
  test("come and go, are listed by id, and hold what the group holds", async () => {
    const group = await madeGroup(me);
    const store = await createdStore(me);
    const [one, two] = [await aMember(coffer), await aMember(coffer)];
    const place = `${organization}/stores/${store.slug}`;
    expect((await one.client.get(place)).status).toBe(404);
    const grant = { subject: { kind: "group", id: group.id }, object: { kind: "store", id: store.id } };
    expect((await me.put(`${organization}/grants`, { ...grant, level: "read" })).status).toBe(200);
    expect((await one.client.get(place)).status).toBe(404);
    for (const { id } of [one, two, one]) {
      expect((await me.put(`${groups}/${group.id}/members/${id}`)).status).toBe(204);
    }
    expect((await one.client.get(place)).status).toBe(200);
    const members = await me.get(`${groups}/${group.id}/members?limit=1`);
    const first = [one, two].toSorted((a, b) => (a.id < b.id ? -1 : 1))[0];
    expect(members.body.items).toEqual([
      { id: first?.id, name: "Someone", email: `${first?.id}@example.org` },
    ]);
    const rest = await me.get(`${groups}/${group.id}/members?cursor=${members.body.nextCursor}`);
    expect(rest.body).toMatchObject({ items: [{ id: expect.not.stringContaining(first?.id ?? "") }] });
    const leaves = `${groups}/${group.id}/members/${one.id}`;
    expect((await me.delete(leaves)).status).toBe(204);
    expect((await one.client.get(place)).status).toBe(404);
    expectRefused(await me.delete(leaves), 404, "principal.not_found", nobody);
    expect((await two.client.get(place)).status).toBe(200);
    await me.delete(`${groups}/${group.id}`);
    expect((await two.client.get(place)).status).toBe(404);
  });

  test("are people of this very organization", async () => {
    const group = await madeGroup(me);
    const stranger = await aMember(coffer, { role: null });
    for (const id of [stranger.id, randomUUID()]) {
      const answer = await me.put(`${groups}/${group.id}/members/${id}`);
      expectRefused(answer, 404, "principal.not_found", nobody);
    }
    expectInvalid(await me.put(`${groups}/${group.id}/members/ada`), "person", "must be an id");
  });

  test("are let in only by who holds all that the group holds, through the credential he uses", async () => {
    const group = await madeGroup(me);
    const [store, other] = [await createdStore(me), await createdStore(me)];
    const machine = await madeMachine(me);
    const member = await aMember(coffer);
    const path = `${groups}/${group.id}/members/${member.id}`;
    const subject = { kind: "group", id: group.id };
    const grant = (kind: string, id: string, level: string) =>
      me.put(`${organization}/grants`, { subject, object: { kind, id }, level });
    const narrow = (parts: Parameters<typeof aToken>[1]) => coffer.call(aToken(coffer, parts));
    const managing = narrow({ scopes: ["group.manage"] });
    // As long as the group holds nothing, its management is enough.
    expect((await managing.put(path)).status).toBe(204);
    expect((await grant("store", store.id, "read")).status).toBe(200);
    const read = ["store.list", "store.read", "secret.list", "secret.read", "secret.reveal"];
    const reading = narrow({ scopes: ["group.manage", ...read] });
    expectRefused(await managing.put(path), 403, "caller.denied", notHeld);
    expect((await reading.put(path)).status).toBe(204);
    expect((await grant("store", other.id, "write")).status).toBe(200);
    expectRefused(await reading.put(path), 403, "caller.denied", notHeld);
    const all = narrow({
      scopes: ["group.*", "store.*", "secret.*", "grant.*", "job.*", "machine.*", "token.*"],
    });
    expect((await all.put(path)).status).toBe(204);
    // Who manages a machine comes to hold what it holds: no narrowed token hands that on.
    expect((await grant("machine", machine.id, "manage")).status).toBe(200);
    expectRefused(await all.put(path), 403, "caller.denied", notHeld);
    expect((await me.put(path)).status).toBe(204);
    const [latest] = (await entriesOf(me, group.id)).filter(({ outcome }) => outcome === "refused");
    expect(latest).toMatchObject({
      action: "group.manage",
      target: { kind: "group", id: group.id },
      because: "a narrowed token (to confer manage on a machine)",
    });
  });
});

test("a group has so many members and no more, and goes with all of them", async () => {
  const group = await madeGroup(me);
  const db = new DatabaseSync(join(coffer.data, "coffer.db"), { timeout: 5_000 });
  const numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)";
  db.exec(`${numbers} INSERT INTO people SELECT 'p' || i, 'p' || i, 'p' || i, 'P', 0, 1 FROM n`);
  db.prepare(`${numbers} INSERT INTO access_group_members SELECT ?, 'p' || i, ?, 1 FROM n`).run(
    group.id,
    coffer.bootstrap.organization.id,
  );
  db.close();
  const member = await aMember(coffer);
  const answer = await me.put(`${groups}/${group.id}/members/${member.id}`);
  const details = { field: "members", limit: 10_000 };
  expectRefused(answer, 409, "quota.exceeded", "The limit of 10000 members is reached.", details);
  expect((await me.delete(`${groups}/${group.id}`)).status).toBe(204);
});

test("a person is in so many groups and no more", async () => {
  const member = await aMember(coffer);
  const db = new DatabaseSync(join(coffer.data, "coffer.db"), { timeout: 5_000 });
  const home = coffer.bootstrap.organization.id;
  const numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)";
  db.prepare(`${numbers} INSERT INTO access_groups SELECT 'many' || i, ?, 'many' || i, 1 FROM n`).run(home);
  db.prepare(`${numbers} INSERT INTO access_group_members SELECT 'many' || i, ?, ?, 1 FROM n`).run(
    member.id,
    home,
  );
  db.close();
  const one = await madeGroup(me);
  const answer = await me.put(`${groups}/${one.id}/members/${member.id}`);
  const details = { field: "groups of one person", limit: 100 };
  expectRefused(answer, 409, "quota.exceeded", "The limit of 100 groups of one person is reached.", details);
  expect((await me.get(`${groups}/${one.id}/members`)).body.items).toEqual([]);
});

describe("who may not", () => {
  test("a member learns nothing of groups, his own neither", async () => {
    const group = await madeGroup(me);
    const member = await aMember(coffer);
    await me.put(`${groups}/${group.id}/members/${member.id}`);
    expectRefused(await member.client.get(groups), 403, "caller.denied", denied);
    expectRefused(await member.client.post(groups, { name: aName() }), 403, "caller.denied", denied);
    for (const id of [group.id, randomUUID()]) {
      const path = `${groups}/${id}`;
      const answers = [
        await member.client.get(path),
        await member.client.patch(path, { name: "x" }),
        await member.client.delete(path),
        await member.client.get(`${path}/members`),
        await member.client.put(`${path}/members/${member.id}`),
        await member.client.delete(`${path}/members/${member.id}`),
      ];
      for (const answer of answers) expectRefused(answer, 404, "group.not_found", notThere);
    }
    const refused = (await entriesOf(me, group.id)).filter(({ caller }) => caller.id === member.id);
    expect(refused.map(({ outcome, because }) => [outcome, because])).toEqual(
      Array.from({ length: 6 }, () => ["refused", expect.stringMatching(/^role: member has no group\./)]),
    );
  });

  test("an auditor reads them and changes nothing", async () => {
    const group = await madeGroup(me);
    const auditor = coffer.call(aToken(coffer, { role: "auditor" }));
    expect((await auditor.get(`${groups}/${group.id}`)).status).toBe(200);
    expect((await auditor.get(`${groups}/${group.id}/members`)).body).toEqual({
      items: [],
      nextCursor: null,
    });
    const path = `${groups}/${group.id}`;
    const answers = [
      await auditor.post(groups, { name: aName() }),
      await auditor.patch(path, { name: "x" }),
      await auditor.delete(path),
      await auditor.put(`${path}/members/${randomUUID()}`),
      await auditor.delete(`${path}/members/${randomUUID()}`),
    ];
    for (const answer of answers) expectRefused(answer, 403, "caller.denied", denied);
  });

  test("a right to people is none to groups: those that are there and those that are not look the same", async () => {
    const group = await madeGroup(me);
    const narrow = coffer.call(aToken(coffer, { scopes: ["people.*"] }));
    for (const id of [group.id, randomUUID()]) {
      expectRefused(await narrow.delete(`${groups}/${id}`), 404, "group.not_found", notThere);
    }
  });

  test("another organization's groups are not there", async () => {
    const slug = `g-${randomUUID().slice(0, 8)}`;
    await me.post(organizations, { slug, name: "Other" });
    const group = await madeGroup(me);
    const there = `${organizations}/${slug}/groups/${group.id}`;
    for (const answer of [
      await me.get(there),
      await me.patch(there, { name: "x" }),
      await me.delete(there),
      await me.get(`${there}/members`),
      await me.put(`${there}/members/${coffer.bootstrap.person.id}`),
    ]) {
      expectRefused(answer, 404, "group.not_found", notThere);
    }
  });
});
