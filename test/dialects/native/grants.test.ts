// Grants over HTTP: what may be granted to whom, by whom, and that nobody gives what he does not hold.
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, describe, expect, test } from "vitest";
import { type Client, startCoffer } from "../../support/server.ts";
import {
  aMember,
  entriesOf,
  grants,
  groups,
  machines,
  madeGroup,
  madeMachine,
  services,
} from "./principals.ts";
import {
  aName,
  aToken,
  created,
  createdStore,
  expectInvalid,
  expectRefused,
  organization,
  organizations,
  secrets,
  type TokenParts,
} from "./support.ts";

const coffer = await startCoffer();
afterAll(() => coffer.stop());
const me = coffer.call(coffer.token);
const home = coffer.bootstrap.organization.id;

const denied = "This credential may not do that.";
const notHeld = "This credential may not give what it does not hold itself.";
const noStore = "No such store, or none that this credential reaches.";
const noSecret = "No such secret, or none that this credential may see.";
const noMachine = "No such machine, or none that this credential may see.";

type Party = readonly [kind: string, id: string];

const grantOf = ([sk, sid]: Party, [ok, oid]: Party) => ({
  subject: { kind: sk, id: sid },
  object: { kind: ok, id: oid },
});

function put(client: Client, subject: Party, object: Party, level: string) {
  return client.put(grants, { ...grantOf(subject, object), level });
}

function take(client: Client, subject: Party, object: Party) {
  return client.delete(grants, grantOf(subject, object));
}

async function given(subject: Party, object: Party, level: string): Promise<void> {
  const answer = await put(me, subject, object, level);
  expect(answer.status, answer.text).toBe(200);
}

const narrow = (parts: TokenParts) => coffer.call(aToken(coffer, parts));

describe("a grant", () => {
  test("is given, listed, changed and taken away; each change is audited", async () => {
    const store = await createdStore(me);
    const group = await madeGroup(me);
    const [subject, object]: Party[] = [
      ["group", group.id],
      ["store", store.id],
    ] as const;
    if (subject === undefined || object === undefined) throw new Error();
    const wire = { ...grantOf(subject, object), level: "write" };
    const answer = await put(me, subject, object, "write");
    expect([answer.status, answer.body]).toEqual([200, wire]);
    expect((await put(me, subject, object, "write")).body).toEqual(wire);
    const listed = await me.get(`${grants}?object=store:${store.id}`);
    expect(listed.body).toEqual({ items: [wire], nextCursor: null });
    expect((await put(me, subject, object, "read")).body).toEqual({ ...wire, level: "read" });
    expect((await me.delete(grants, wire)).status).toBe(404);
    expect((await me.delete(grants, { ...wire, level: "read" })).status).toBe(204);
    expectRefused(await take(me, subject, object), 404, "grant.not_found", "There is no such grant.");
    const told = await entriesOf(me, store.id);
    const changes = told.filter(({ action, outcome }) => action === "grant.manage" && outcome === "allowed");
    const details = (level: string | null, before: string | null) => ({
      subject: { kind: "group", id: group.id },
      level,
      before,
    });
    expect(changes.map((entry) => [entry.target, entry.details])).toEqual(
      [
        details(null, "read"),
        details("read", "write"),
        details("write", "write"),
        details("write", null),
      ].map((each) => [expect.objectContaining({ kind: "store", id: store.id, storeId: store.id }), each]),
    );
  });

  test("may go to people, groups and machines on places, and to people and groups on machines", async () => {
    const person = await aMember(coffer);
    const subjects: readonly Party[] = [
      ["person", person.id],
      ["group", (await madeGroup(me)).id],
      ["machine", (await madeMachine(me)).id],
    ];
    const machine: Party = ["machine", (await madeMachine(me)).id];
    const places: readonly Party[] = [
      ["organization", home],
      ["store", (await createdStore(me)).id],
      ["secret", (await created(me)).id],
    ];
    for (const subject of subjects) {
      for (const level of subject[0] === "machine" ? ["read", "write"] : ["read", "write", "manage"]) {
        for (const object of [...places, ...(subject[0] === "machine" ? [] : [machine])]) {
          expect((await put(me, subject, object, level)).status).toBe(200);
        }
      }
      for (const object of places) await take(me, subject, object);
    }
  });

  test("400 for anything else", async () => {
    const machine: Party = ["machine", (await madeMachine(me)).id];
    const place: Party = ["organization", home];
    const person: Party = ["person", coffer.bootstrap.person.id];
    expectInvalid(
      await put(me, machine, machine, "read"),
      "object.kind",
      "must be organization, store or secret where the subject is a machine",
    );
    const subjects = 'must be one of "person", "group", "machine"';
    expectInvalid(await put(me, ["service", home], place, "read"), "subject.kind", subjects);
    const objects = 'must be one of "organization", "store", "secret", "machine"';
    expectInvalid(await put(me, person, ["group", home], "read"), "object.kind", objects);
    expectInvalid(await put(me, person, place, "own"), "level", 'must be one of "read", "write", "manage"');
    expectInvalid(await put(me, ["person", "ada"], place, "read"), "subject.id", "must be an id");
    expectInvalid(await put(me, person, ["store", "default"], "read"), "object.id", "must be an id");
    expectInvalid(await me.put(grants, grantOf(person, place)), "level", "is required");
    expectInvalid(
      await me.get(`${grants}?object=default`),
      "object",
      "must be a kind and an id like store:ID",
    );
    expectInvalid(await me.get(`${grants}?subject=ada`), "subject", "must be a kind and an id like group:ID");
  });

  test("404 for subjects and objects that are not in this very organization", async () => {
    const slug = `o-${randomUUID().slice(0, 8)}`;
    const other = (await me.post(organizations, { slug, name: "Other" })).body;
    const there = `${organizations}/${slug}`;
    const store = (await me.post(`${there}/stores`, { name: "s" })).body;
    const secret = (await me.post(`${there}/stores/default/secrets`, { name: "s" })).body;
    const machine = (await me.post(`${there}/machines`, { name: "m" })).body;
    const group = (await me.post(`${there}/groups`, { name: "g" })).body;
    const person: Party = ["person", coffer.bootstrap.person.id];
    const stranger = await aMember(coffer, { role: null });
    for (const id of [randomUUID(), store.id, stranger.id]) {
      const nobody = "There is no such person, machine or service here.";
      expectRefused(
        await put(me, ["person", id], ["organization", home], "read"),
        404,
        "principal.not_found",
        nobody,
      );
    }
    for (const id of [randomUUID(), group.id]) {
      const message = "No such group, or none that this credential may see.";
      expectRefused(
        await put(me, ["group", id], ["organization", home], "read"),
        404,
        "group.not_found",
        message,
      );
    }
    for (const id of [randomUUID(), machine.id]) {
      const answers = [
        await put(me, ["machine", id], ["organization", home], "read"),
        await put(me, person, ["machine", id], "read"),
        await take(me, person, ["machine", id]),
        await me.get(`${grants}?object=machine:${id}`),
      ];
      for (const answer of answers) expectRefused(answer, 404, "machine.not_found", noMachine);
    }
    for (const id of [randomUUID(), store.id]) {
      expectRefused(await put(me, person, ["store", id], "read"), 404, "store.not_found", noStore);
      expectRefused(await me.get(`${grants}?object=store:${id}`), 404, "store.not_found", noStore);
    }
    for (const id of [randomUUID(), secret.id]) {
      expectRefused(await put(me, person, ["secret", id], "read"), 404, "secret.not_found", noSecret);
    }
    const noOrganization = "No such organization, or none that this credential reaches.";
    for (const id of [randomUUID(), other.id]) {
      const answer = await put(me, person, ["organization", id], "read");
      expectRefused(answer, 404, "organization.not_found", noOrganization);
    }
  });

  test("on a secret goes when it is purged, not when it is trashed", async () => {
    const secret = await created(me);
    const member = await aMember(coffer);
    await given(["person", member.id], ["secret", secret.id], "read");
    const listed = async () => (await me.get(`${grants}?subject=person:${member.id}`)).body.items.length;
    await me.delete(`${secrets}/${secret.id}`);
    expect(await listed()).toBe(1);
    await me.delete(`${organization}/trash/${secret.id}`);
    expect(await listed()).toBe(0);
  });
});

describe("there are only so many", () => {
  /** Written straight into the table: so many requests would prove no more. */
  function fill(rows: number, column: "subject" | "object", id: string): void {
    const db = new DatabaseSync(join(coffer.data, "coffer.db"), { timeout: 5_000 });
    const [subject, object] = column === "subject" ? [id, null] : [null, id];
    db.prepare(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
       INSERT INTO grants SELECT 'group', COALESCE(?, 'g' || i), 'store', COALESCE(?, 's' || i), ?, 'read', 1 FROM n`,
    ).run(rows, subject ?? null, object ?? null, home);
    db.close();
  }

  test("to one subject, and on one object", async () => {
    const group: Party = ["group", (await madeGroup(me)).id];
    const other: Party = ["group", (await madeGroup(me)).id];
    const store: Party = ["store", (await createdStore(me)).id];
    fill(1_000, "subject", group[1]);
    const full = await put(me, group, store, "read");
    const subjects = { field: "grants to one subject", limit: 1_000 };
    expectRefused(
      full,
      409,
      "quota.exceeded",
      "The limit of 1000 grants to one subject is reached.",
      subjects,
    );
    fill(10_000, "object", store[1]);
    const crowded = await put(me, other, store, "read");
    const objects = { field: "grants on one object", limit: 10_000 };
    expectRefused(
      crowded,
      409,
      "quota.exceeded",
      "The limit of 10000 grants on one object is reached.",
      objects,
    );
    expect((await me.delete(`${groups}/${group[1]}`)).status).toBe(204);
    expect((await me.delete(`${organization}/stores/${store[1]}`)).status).toBe(204);
    expect((await me.get(`${grants}?subject=group:${group[1]}`)).body.items).toEqual([]);
  });
});

describe("there is no room by what one makes either", () => {
  test("for a member's next store and machine", async () => {
    const { client, id } = await aMember(coffer);
    const db = new DatabaseSync(join(coffer.data, "coffer.db"), { timeout: 5_000 });
    db.prepare(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
       INSERT INTO grants SELECT 'person', ?, 'store', 'made' || i, ?, 'manage', 1 FROM n`,
    ).run(id, home);
    db.close();
    for (const [path, body] of [
      [`${organization}/stores`, { name: "One more" }],
      [`${organization}/machines`, { name: "One more" }],
    ] as const) {
      const message = "The limit of 1000 grants to one subject is reached.";
      const details = { field: "grants to one subject", limit: 1_000 };
      expectRefused(await client.post(path, body), 409, "quota.exceeded", message, details);
    }
  });
});

describe("lists", () => {
  test("go by object and subject, in pages, and can be filtered by both", async () => {
    const store = await createdStore(me);
    const parties: Party[] = [];
    for (let count = 0; count < 3; count += 1) parties.push(["person", (await aMember(coffer)).id]);
    for (const party of parties) await given(party, ["store", store.id], "read");
    const ids = parties.map(([, id]) => id).toSorted();
    const seen: string[] = [];
    for (let cursor: string | null = ""; cursor !== null; ) {
      const query = `object=store:${store.id}&limit=1${cursor === "" ? "" : `&cursor=${cursor}`}`;
      const { body } = await me.get(`${grants}?${query}`);
      seen.push(...body.items.map(({ subject }: { subject: { id: string } }) => subject.id));
      cursor = body.nextCursor;
    }
    expect(seen).toEqual(ids);
    const [first = ["person", ""] as Party] = parties;
    await given(first, ["organization", home], "read");
    const of = await me.get(`${grants}?subject=person:${first[1]}`);
    expect(of.body.items.map(({ object }: { object: { kind: string } }) => object.kind)).toEqual([
      "organization",
      "store",
    ]);
    const both = await me.get(`${grants}?subject=person:${first[1]}&object=organization:${home}`);
    expect(both.body.items).toHaveLength(1);
    const page = await me.get(`${grants}?object=store:${store.id}&limit=1`);
    const foreign = await me.get(`${grants}?cursor=${page.body.nextCursor}`);
    expect(foreign.body.error.code).toBe("cursor.invalid");
  });

  test("are for who may read grants there: auditors everywhere, others on what they manage", async () => {
    const store = await createdStore(me);
    const machine = await madeMachine(me);
    const { client, id } = await aMember(coffer);
    await given(["person", (await aMember(coffer)).id], ["machine", machine.id], "manage");
    const auditor = narrow({ role: "auditor" });
    await given(["person", id], ["store", store.id], "write");
    expectRefused(await client.get(grants), 403, "caller.denied", denied);
    const path = `${grants}?object=store:${store.id}`;
    expectRefused(await client.get(path), 403, "caller.denied", denied);
    await given(["person", id], ["store", store.id], "manage");
    expect((await client.get(path)).body.items).toMatchObject([{ level: "manage" }]);
    expect((await auditor.get(path)).body.items).toHaveLength(1);
    expect((await auditor.get(`${grants}?object=machine:${machine.id}`)).body.items).toHaveLength(1);
    expectRefused(
      await client.get(`${grants}?object=machine:${machine.id}`),
      404,
      "machine.not_found",
      noMachine,
    );
  });

  test("of a whole organization show grants on machines only to who reads those", async () => {
    const machine = await madeMachine(me);
    const { client, id } = await aMember(coffer);
    await given(["person", (await aMember(coffer)).id], ["machine", machine.id], "manage");
    await given(["person", id], ["organization", home], "manage");
    const kinds = async (caller: Client) => {
      const { body } = await caller.get(`${grants}?limit=1000`);
      return new Set(body.items.map(({ object }: { object: { kind: string } }) => object.kind));
    };
    expect((await kinds(me)).has("machine")).toBe(true);
    expect([(await kinds(client)).has("machine"), (await kinds(client)).has("organization")]).toEqual([
      false,
      true,
    ]);
  });
});

describe("nobody gives what he does not hold", () => {
  test("a manager of one store gives levels on it and on its secrets, and nothing elsewhere", async () => {
    const [store, other] = [await createdStore(me), await createdStore(me)];
    const secret = (await me.post(`${organization}/stores/${store.slug}/secrets`, { name: "in" })).body;
    const foreign = await created(me);
    const machine = await madeMachine(me);
    const { client, id } = await aMember(coffer);
    const friend: Party = ["person", (await aMember(coffer)).id];
    await given(["person", id], ["store", store.id], "manage");
    expect((await put(client, friend, ["store", store.id], "manage")).status).toBe(200);
    expect((await put(client, friend, ["secret", secret.id], "write")).status).toBe(200);
    for (const who of [friend, ["person", id] as const]) {
      expectRefused(await put(client, who, ["store", other.id], "read"), 404, "store.not_found", noStore);
      expectRefused(
        await put(client, who, ["secret", foreign.id], "read"),
        404,
        "secret.not_found",
        noSecret,
      );
      expectRefused(
        await put(client, who, ["machine", machine.id], "read"),
        404,
        "machine.not_found",
        noMachine,
      );
      expectRefused(await put(client, who, ["organization", home], "read"), 403, "caller.denied", denied);
    }
    const refused = (await entriesOf(me, other.id)).filter(({ caller }) => caller.id === id);
    expect(refused.map(({ action, outcome }) => [action, outcome])).toEqual([
      ["grant.manage", "refused"],
      ["grant.manage", "refused"],
    ]);
  });

  test("write is not enough to give anything, and an auditor gives nothing", async () => {
    const store = await createdStore(me);
    const { client, id } = await aMember(coffer);
    const auditor = narrow({ role: "auditor" });
    await given(["person", id], ["store", store.id], "write");
    for (const caller of [client, auditor]) {
      expectRefused(
        await put(caller, ["person", id], ["store", store.id], "read"),
        403,
        "caller.denied",
        denied,
      );
      expectRefused(await take(caller, ["person", id], ["store", store.id]), 403, "caller.denied", denied);
    }
  });

  test("nor through a token that does not hold it; to lower and take away needs grant.manage alone", async () => {
    const store = await createdStore(me);
    const object: Party = ["store", store.id];
    const group: Party = ["group", (await madeGroup(me)).id];
    const managing = narrow({ scopes: ["grant.manage"] });
    const reading = narrow({
      scopes: ["grant.manage", "store.list", "store.read", "secret.list", "secret.read", "secret.reveal"],
    });
    expectRefused(await put(managing, group, object, "read"), 403, "caller.denied", notHeld);
    expect((await put(reading, group, object, "read")).status).toBe(200);
    expectRefused(await put(reading, group, object, "write"), 403, "caller.denied", notHeld);
    await given(group, object, "manage");
    expect((await put(managing, group, object, "write")).status).toBe(200);
    expectRefused(await put(managing, group, object, "manage"), 403, "caller.denied", notHeld);
    expect((await take(managing, group, object)).status).toBe(204);
    const because = (await entriesOf(me, store.id)).filter(({ outcome }) => outcome === "refused");
    expect(because.map((entry) => entry.because)).toContain(
      "token: no scope covers store.list (to confer read)",
    );
  });

  test("nor through a token bound to another store", async () => {
    const [store, other] = [await createdStore(me), await createdStore(me)];
    const bound = narrow({ stores: [other.id] });
    const group: Party = ["group", (await madeGroup(me)).id];
    expectRefused(await put(bound, group, ["store", store.id], "read"), 404, "store.not_found", noStore);
    expectRefused(await put(bound, group, ["organization", home], "read"), 403, "caller.denied", denied);
    expect((await put(bound, group, ["store", other.id], "manage")).status).toBe(200);
  });

  test("who manages a machine hands it on, but not through a narrowed token", async () => {
    const { client, id } = await aMember(coffer);
    const machine = await madeMachine(client);
    const friend = await aMember(coffer);
    const scopes = ["machine.*", "grant.*", "token.*", "store.*", "secret.*"];
    const narrowed = narrow({ scopes });
    const party: Party = ["person", friend.id];
    const object: Party = ["machine", machine.id];
    expectRefused(await put(narrowed, party, object, "manage"), 403, "caller.denied", notHeld);
    expect((await put(narrowed, party, object, "read")).status).toBe(200);
    expectRefused(await put(friend.client, party, object, "manage"), 403, "caller.denied", denied);
    expect((await put(client, party, object, "manage")).status).toBe(200);
    expect((await friend.client.patch(`${machines}/${machine.id}`, { name: "ours" })).status).toBe(200);
    expect((await take(friend.client, ["person", id], object)).status).toBe(204);
    expectRefused(await client.get(`${machines}/${machine.id}`), 404, "machine.not_found", noMachine);
  });

  test("a service grants nothing and reads no grants", async () => {
    const service = (await me.post(services, { name: aName() })).body;
    const { token } = (
      await me.post(`${organization}/tokens`, { principal: { kind: "service", id: service.id }, name: "t" })
    ).body;
    const itself = coffer.call(token);
    const person: Party = ["person", coffer.bootstrap.person.id];
    expectRefused(await put(itself, person, ["organization", home], "read"), 403, "caller.denied", denied);
    expectRefused(await itself.get(grants), 403, "caller.denied", denied);
  });
});

test("taking a grant away ends what was held by it at once", async () => {
  const store = await createdStore(me);
  const { client, id } = await aMember(coffer);
  const path = `${organization}/stores/${store.slug}/secrets`;
  await me.post(path, { name: "KEY", value: "v" });
  await given(["person", id], ["store", store.id], "read");
  expect((await client.get(`${path}/KEY/value`)).status).toBe(200);
  expect((await take(me, ["person", id], ["store", store.id])).status).toBe(204);
  expectRefused(await client.get(`${path}/KEY/value`), 404, "store.not_found", noStore);
});
