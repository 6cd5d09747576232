// What the core promises about groups, machines, services and grants, on both engines: what goes with
// what, what binds at once, and which of two who meet comes second.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Grant } from "../../src/core/grants/grant.ts";
import { unnarrowed } from "../../src/core/tokens/token.ts";
import { coffers, freshStore, heldClock, home, refusal, text } from "../support/coffers.ts";
import { onEachEngine } from "../support/repositories.ts";
import { ada, anOrganization, aPlace, aSecret, ids } from "../support/rows.ts";
import type { TestCoffer } from "../support/server.ts";

onEachEngine("groups, machines and services", (bench) => {
  test("lists go by name, bytes and not letters, and go on after a position", async () => {
    const { organization } = await aPlace(bench.tx);
    const names = ["b", "B", "ä", "a b", "\u{1F511}", "\uFFFD"];
    const sorted = names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    const parts = { organizationId: organization.id, createdAt: 1 };
    for (const name of names) {
      await bench.tx.groups.insert({ ...parts, id: ids.next(), name });
      await bench.tx.services.insert({ ...parts, id: ids.next(), name, stores: null, createdBy: ada });
      await bench.tx.machines.insert({ ...parts, id: ids.next(), name, createdBy: ada, changedAt: 1 });
    }
    for (const list of [
      (after: string | null) =>
        bench.tx.groups.list(organization.id, {
          after: after === null ? null : { key: after, id: "" },
          limit: 9,
        }),
      (after: string | null) =>
        bench.tx.services.list(organization.id, {
          after: after === null ? null : { key: after, id: "" },
          limit: 9,
        }),
      (after: string | null) =>
        bench.tx.machines.list(organization.id, {
          after: after === null ? null : { key: after, id: "\uFFFD" },
          limit: 9,
          only: null,
        }),
    ]) {
      expect((await list(null)).map(({ name }) => name)).toEqual(sorted);
      expect((await list(sorted[2] ?? "")).map(({ name }) => name)).toEqual(sorted.slice(3));
      await expect(list("a\u0000")).rejects.toMatchObject({ code: "cursor.invalid" });
    }
    expect(await bench.tx.machines.list(organization.id, { after: null, limit: 9, only: [] })).toEqual([]);
  });

  test("a name is taken within its organization alone, for groups and services", async () => {
    const { organization } = await aPlace(bench.tx);
    const other = anOrganization();
    await bench.tx.organizations.insert(other);
    const [one, two] = [ids.next(), ids.next()];
    const group = { id: one, organizationId: organization.id, name: "n", createdAt: 1 };
    await bench.tx.groups.insert(group);
    await bench.tx.groups.insert({ ...group, id: two, organizationId: other.id });
    const again = bench.tx.groups.insert({ ...group, id: ids.next() });
    await expect(again).rejects.toMatchObject({ code: "group.name_taken" });
    const service = { ...group, stores: ["s"], createdBy: ada };
    await bench.tx.services.insert(service);
    await bench.tx.services.insert({ ...service, id: two, organizationId: other.id });
    const same = bench.tx.services.insert({ ...service, id: ids.next() });
    await expect(same).rejects.toMatchObject({ code: "service.name_taken" });
    expect(await bench.tx.services.find(organization.id, one)).toEqual(service);
    expect(await bench.tx.services.find(organization.id, two)).toBeNull();
    expect(await bench.tx.groups.find(organization.id, two)).toBeNull();
  });

  test("a machine's date moves with its name, and when it is touched", async () => {
    const { organization } = await aPlace(bench.tx);
    const machine = {
      id: ids.next(),
      organizationId: organization.id,
      name: "m",
      createdAt: 1,
      changedAt: 1,
      createdBy: ada,
    };
    await bench.tx.machines.insert(machine);
    await bench.tx.machines.rename(machine.id, "n", 2);
    expect(await bench.tx.machines.find(organization.id, machine.id)).toEqual({
      ...machine,
      name: "n",
      changedAt: 2,
    });
    await bench.tx.machines.touch(machine.id, 3);
    expect((await bench.tx.machines.find(organization.id, machine.id))?.changedAt).toBe(3);
  });

  test("tokens of one that is gone go in chunks, and nobody else's with them", async () => {
    const token = {
      ...unnarrowed,
      organizationId: null,
      name: "t",
      expiresAt: null,
      revokedAt: null,
      createdAt: 1,
    };
    const insert = (principalKind: "machine" | "service", principalId: string) =>
      bench.tx.access.insertToken({
        ...token,
        id: ids.next(),
        principalKind,
        principalId,
        hash: new Uint8Array(1),
      });
    for (let count = 0; count < 3; count += 1) await insert("machine", "m");
    await insert("service", "m");
    await insert("machine", "n");
    const removed = [];
    for (let round = 0; round < 3; round += 1)
      removed.push(await bench.tx.access.removeTokens("machine", "m", 2));
    expect(removed).toEqual([2, 1, 0]);
    expect(await bench.tx.access.removeTokens("service", "m", 2)).toBe(1);
    expect(await bench.tx.access.removeTokens("machine", "n", 2)).toBe(1);
  });
});

onEachEngine("groups of a person", (bench) => {
  test("are counted in one organization alone", async () => {
    const [{ organization }, { organization: other }] = [await aPlace(bench.tx), await aPlace(bench.tx)];
    const person = { id: "p", email: "p@example.org", name: "P", operator: false, createdAt: 1 };
    await bench.tx.people.insert(person);
    for (const [index, { id }] of [organization, organization, other].entries()) {
      const group = { id: `g${index}`, organizationId: id, name: `n${index}`, createdAt: 1 };
      await bench.tx.groups.insert(group);
      await bench.tx.groups.addMember(group, person.id, 1);
    }
    expect(await bench.tx.groups.countOf(organization.id, "p")).toBe(2);
    expect(await bench.tx.groups.countOf(other.id, "p")).toBe(1);
    expect(await bench.tx.groups.countOf(other.id, "q")).toBe(0);
  });
});

onEachEngine("grants", (bench) => {
  const grant = (level: Grant["level"], subject: string, object: string): Grant => ({
    subject: { kind: "group", id: subject },
    object: { kind: "store", id: object },
    level,
  });
  const everything = { subject: null, object: null, onMachines: true } as const;

  test("are one per subject and object, counted on both, and listed by object, then subject", async () => {
    const { organization } = await aPlace(bench.tx);
    const { id } = organization;
    const given = [grant("read", "a", "1"), grant("read", "b", "1"), grant("read", "a", "2")];
    for (const each of given.toReversed()) expect(await bench.tx.grants.put(id, each, 1)).toBe(true);
    expect(await bench.tx.grants.put(id, grant("read", "a", "1"), 2)).toBe(false);
    expect(await bench.tx.grants.put(id, grant("write", "a", "1"), 2)).toBe(true);
    const [first = grant("read", "a", "1"), ...rest] = given;
    const place = { subject: first.subject, object: first.object };
    expect(await bench.tx.grants.find(id, place.subject, place.object)).toBe("write");
    const counted = (ofSubject: number, onObject: number) =>
      bench.tx.grants.count(id, place.subject, place.object, { ofSubject, onObject });
    expect(await counted(9, 9)).toEqual({ ofSubject: 2, onObject: 2 });
    expect(await counted(1, 9)).toEqual({ ofSubject: 1, onObject: 2 });
    expect(await counted(9, 1)).toEqual({ ofSubject: 2, onObject: 1 });
    const page = { after: null, limit: 9 };
    expect(await bench.tx.grants.list(id, everything, page)).toEqual([{ ...first, level: "write" }, ...rest]);
    expect(await bench.tx.grants.list(id, everything, { after: place, limit: 1 })).toEqual(rest.slice(0, 1));
    expect(await bench.tx.grants.list(id, { ...everything, subject: place.subject }, page)).toHaveLength(2);
    expect(await bench.tx.grants.list(id, { ...everything, object: place.object }, page)).toHaveLength(2);
    expect(await bench.tx.grants.list("elsewhere", everything, page)).toEqual([]);
    expect(await bench.tx.grants.remove("elsewhere", place.subject, place.object)).toBe(false);
    expect(await bench.tx.grants.remove(id, place.subject, place.object)).toBe(true);
    expect(await bench.tx.grants.find(id, place.subject, place.object)).toBeNull();
  });

  test("on machines stay out of a list that is not for them", async () => {
    const { organization } = await aPlace(bench.tx);
    const on = { ...grant("read", "a", "1"), object: { kind: "machine", id: "m" } } as const;
    await bench.tx.grants.put(organization.id, on, 1);
    await bench.tx.grants.put(organization.id, grant("read", "a", "1"), 1);
    const list = (onMachines: boolean) =>
      bench.tx.grants.list(organization.id, { ...everything, onMachines }, { after: null, limit: 9 });
    expect(await list(true)).toHaveLength(2);
    expect(await list(false)).toEqual([grant("read", "a", "1")]);
  });

  test("on a secret go with its row, and no others", async () => {
    const { organization, store } = await aPlace(bench.tx);
    const [secret, other] = [aSecret(store), aSecret(store)];
    for (const each of [secret, other]) {
      await bench.tx.secrets.insert(each);
      const on = { ...grant("read", "a", ""), object: { kind: "secret", id: each.id } } as const;
      await bench.tx.grants.put(organization.id, on, 1);
    }
    await bench.tx.secrets.purge(secret, 2);
    const left = await bench.tx.grants.list(organization.id, everything, { after: null, limit: 9 });
    expect(left.map(({ object }) => object.id)).toEqual([other.id]);
  });
});

for (const engine of coffers) {
  describe(`who may on ${engine.name}`, () => {
    const clock = heldClock();
    let coffer: TestCoffer;
    let owner: TestCoffer["owner"];
    let operations: TestCoffer["node"]["operations"];

    beforeAll(async () => {
      coffer = await engine.start({ clock });
      operations = coffer.node.operations;
      owner = coffer.owner;
    });
    afterAll(() => coffer.stop());

    /** A machine with a token, as the core sees it. */
    async function aMachine(name: string) {
      const machine = await operations.machines.create(owner, home, { name });
      const itself = { kind: "machine", id: machine.id } as const;
      const { token } = await operations.tokens.mint(owner, home, itself, { name: "t" });
      const caller = { ...owner, kind: "machine", id: machine.id, name, tokenId: token.id } as const;
      return { machine, caller };
    }

    test("a grant binds from its commit on, and so does taking it away", async () => {
      const store = await freshStore(coffer);
      await operations.secrets.create(owner, home, store, { name: "KEY", value: text("v") });
      const { machine, caller } = await aMachine("CI");
      const reveal = () => operations.secrets.reveal(caller, home, store, { name: "KEY" });
      expect((await refusal(reveal())).code).toBe("store.not_found");
      const place = {
        subject: { kind: "machine", id: machine.id },
        object: { kind: "store", id: "id" in store ? store.id : "" },
      } as const;
      clock.pass(1_000);
      await operations.grants.put(owner, home, { ...place, level: "read" });
      expect((await operations.machines.get(owner, home, machine.id)).changedAt).toBe(clock.now());
      expect((await reveal()).value?.reveal()).toEqual(text("v").reveal());
      await operations.grants.remove(owner, home, place);
      expect((await refusal(reveal())).code).toBe("store.not_found");
      await operations.grants.put(owner, home, { ...place, level: "read" });
      await operations.machines.remove(owner, home, machine.id);
      expect((await refusal(reveal())).code).toBe("caller.unauthenticated");
    });

    test("of two who rename to one name, one comes second", async () => {
      const made = [];
      for (const name of ["one", "two"]) made.push(await operations.services.create(owner, home, { name }));
      const renamed = await Promise.allSettled(
        made.map(({ id }) => operations.services.update(owner, home, id, { name: "same" })),
      );
      expect(renamed.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
      const lost = renamed.find(({ status }) => status === "rejected");
      expect(lost).toMatchObject({ reason: { code: "service.name_taken" } });
    });

    test("changes that meet are all made, each decided on what the others left", async () => {
      const group = await operations.groups.create(owner, home, { name: "meeting" });
      const subject = { kind: "group", id: group.id } as const;
      const stores = await Promise.all(Array.from({ length: 5 }, () => freshStore(coffer)));
      const on = stores.map((store) => ({ kind: "store", id: "id" in store ? store.id : "" }) as const);
      await Promise.all(
        on.map((object) => operations.grants.put(owner, home, { subject, object, level: "read" })),
      );
      const listed = await operations.grants.list(
        owner,
        home,
        { subject, object: null },
        { after: null, limit: 100 },
      );
      expect(listed.items.map(({ object }) => object.id)).toEqual(on.map(({ id }) => id).toSorted());
    });
  });
}
