// What the core promises about secrets, on both engines.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { limits } from "../../src/core/limits.ts";
import type { Ref } from "../../src/core/organizations/organization.ts";
import type { SecretOperations } from "../../src/core/secrets/operations.ts";
import { coffers, freshStore, heldClock, home, lastingOwner, refusal, text } from "../support/coffers.ts";
import type { TestCoffer } from "../support/server.ts";

const dayMs = 24 * 60 * 60 * 1000;

for (const engine of coffers) {
  describe(`secrets on ${engine.name}`, () => {
    const clock = heldClock();
    let coffer: TestCoffer;
    let secrets: SecretOperations;
    let owner: TestCoffer["owner"];
    let store: Ref;

    beforeAll(async () => {
      coffer = await engine.start({ clock });
      secrets = coffer.node.operations.secrets;
      owner = await lastingOwner(coffer);
      store = await freshStore({ ...coffer, owner });
    });
    afterAll(() => coffer.stop());

    const value = async (name: string, at: Ref = store) =>
      (await secrets.reveal(owner, home, at, { name })).value?.reveal();
    const make = (name: string, given = "v1") =>
      secrets.create(owner, home, store, { name, value: text(given) });

    test("a created secret carries what it was given and reads back byte for byte", async () => {
      const given = " \u0000\r\nZürich 🔑\n";
      const created = await secrets.create(owner, home, store, {
        name: "Exact/Ünïcode %41",
        value: text(given),
        description: "two\nlines",
        policy: "- build_branch: b # kept\n",
        consumers: ["worker", "another"],
        labels: { "example.com/team": "blue" },
        annotations: { note: "x\ny" },
        expiresAt: clock.now() + dayMs,
      });
      expect(created).toMatchObject({
        name: "Exact/Ünïcode %41",
        description: "two\nlines",
        policy: "- build_branch: b # kept\n",
        consumers: ["worker", "another"],
        labels: { "example.com/team": "blue" },
        annotations: { note: "x\ny" },
        version: 1,
        state: "active",
        updatedAt: null,
        updatedBy: null,
        createdBy: { kind: "person", id: owner.id, name: "Owner" },
      });
      expect(await secrets.get(owner, home, store, { id: created.id })).toEqual(created);
      expect(await value(created.name)).toBe(given);
    });

    test("a secret without a value has version 0, and its value is not there", async () => {
      const created = await secrets.create(owner, home, store, { name: "empty-yet" });
      expect(created).toMatchObject({ version: 0, versionId: null });
      expect((await refusal(secrets.reveal(owner, home, store, { name: "empty-yet" }))).code).toBe(
        "secret.no_value",
      );
      await secrets.update(owner, home, store, { name: "empty-yet" }, { value: text("") });
      expect(await value("empty-yet")).toBe("");
    });

    test("of writers that race for one name exactly one wins", async () => {
      const tries = await Promise.allSettled(Array.from({ length: 8 }, () => make("contested")));
      expect(tries.filter((one) => one.status === "fulfilled")).toHaveLength(1);
      for (const one of tries)
        if (one.status === "rejected") expect(one.reason.code).toBe("secret.name_taken");
    });

    test("names differ by letter case, unless a dialect asks that they do not", async () => {
      await make("Cased");
      await make("cASED");
      const folded = secrets.create(
        owner,
        home,
        store,
        { name: "CASED", value: text("x") },
        { foldNames: true },
      );
      expect((await refusal(folded)).code).toBe("secret.name_taken");
      expect((await secrets.findFolded(owner, home, store, "Cased")).name).toBe("Cased");
      expect((await refusal(secrets.findFolded(owner, home, store, "casED"))).code).toBe("secret.not_found");
      await make("OnlyOne");
      expect((await secrets.findFolded(owner, home, store, "onlyone")).name).toBe("OnlyOne");
    });

    test("many are created all or none, and the refusal names the item", async () => {
      await make("taken");
      const items = ["bulk-1", "taken", "bulk-3"].map((name) => ({ name, value: text(name) }));
      expect(await refusal(secrets.createAll(owner, home, store, items))).toMatchObject({
        code: "secret.name_taken",
        details: { index: 1 },
      });
      expect((await refusal(secrets.get(owner, home, store, { name: "bulk-1" }))).code).toBe(
        "secret.not_found",
      );
      const made = await secrets.createAll(owner, home, store, [
        { name: "bulk-1", value: text("a") },
        { name: "bulk-2" },
      ]);
      expect(made.map(({ name, version }) => [name, version])).toEqual([
        ["bulk-1", 1],
        ["bulk-2", 0],
      ]);
      const twice = [{ name: "same" }, { name: "same" }];
      expect(await refusal(secrets.createAll(owner, home, store, twice))).toMatchObject({
        code: "secret.name_taken",
        details: { index: 1 },
      });
    });

    test("a dry run answers what would be and writes nothing", async () => {
      const before = await coffer.node.operations.organizations.get(owner, home);
      const dry = await secrets.create(
        owner,
        home,
        store,
        { name: "dry", value: text("x") },
        { dryRun: true },
      );
      expect(dry.name).toBe("dry");
      expect((await refusal(secrets.get(owner, home, store, { name: "dry" }))).code).toBe("secret.not_found");
      await make("wet");
      const patched = await secrets.update(
        owner,
        home,
        store,
        { name: "wet" },
        { description: "d" },
        { dryRun: true },
      );
      expect(patched.description).toBe("d");
      expect((await secrets.get(owner, home, store, { name: "wet" })).description).toBeNull();
      const after = await coffer.node.operations.organizations.get(owner, home);
      expect(after.revision).toBe(before.revision + 1);
    });

    test("an update changes what it names, at once, under its preconditions", async () => {
      const created = await make("patched");
      const changed = await secrets.update(
        owner,
        home,
        store,
        { name: "patched" },
        { name: "renamed", value: text("v2"), description: "new", labels: { a: "b" } },
        { revisions: [created.revision], id: created.id },
      );
      expect(changed).toMatchObject({ name: "renamed", version: 2, description: "new", labels: { a: "b" } });
      expect(changed.revision).toBeGreaterThan(created.revision);
      expect(await value("renamed")).toBe("v2");
      expect((await refusal(secrets.reveal(owner, home, store, { name: "patched" }))).code).toBe(
        "secret.not_found",
      );
      const stale = secrets.update(
        owner,
        home,
        store,
        { name: "renamed" },
        { description: null },
        {
          revisions: [created.revision],
        },
      );
      expect(await refusal(stale)).toMatchObject({
        code: "precondition.failed",
        details: { revision: changed.revision },
      });
      const other = secrets.update(
        owner,
        home,
        store,
        { name: "renamed" },
        { description: null },
        {
          id: "00000000-0000-7000-8000-000000000000",
        },
      );
      expect((await refusal(other)).code).toBe("precondition.failed");
    });

    test("a change of metadata that changes nothing succeeds without a revision", async () => {
      const created = await make("idle");
      const same = await secrets.update(owner, home, store, { name: "idle" }, { description: null });
      expect(same).toEqual(created);
      const rewritten = await secrets.update(owner, home, store, { name: "idle" }, { value: text("v1") });
      expect(rewritten.version).toBe(2);
    });

    test("read, modify, write meets concurrent writers and loses none of their changes", async () => {
      await secrets.create(owner, home, store, { name: "counter", description: "0" });
      const bump = () =>
        secrets.modify(owner, home, store, { name: "counter" }, ({ description }) => ({
          description: String(Number(description) + 1),
        }));
      await Promise.all([bump(), bump(), bump(), bump()]);
      expect((await secrets.get(owner, home, store, { name: "counter" })).description).toBe("4");
    });

    test("every write of a value is a version, and restoring one makes a new one", async () => {
      await make("history", "one");
      await secrets.update(owner, home, store, { name: "history" }, { value: text("two") });
      await secrets.update(owner, home, store, { name: "history" }, { value: text("three") });
      const first = await secrets.reveal(owner, home, store, { name: "history" }, { version: 1 });
      expect([first.version, first.value?.reveal()]).toEqual([1, "one"]);
      const restored = await secrets.restoreVersion(owner, home, store, { name: "history" }, 1);
      expect(restored.version).toBe(4);
      expect(await value("history")).toBe("one");
      const { page } = await secrets.versions(
        owner,
        home,
        store,
        { name: "history" },
        { before: null, limit: 3 },
      );
      expect(page.items.map(({ number, state }) => [number, state])).toEqual([
        [4, "active"],
        [3, "superseded"],
        [2, "superseded"],
      ]);
      const rest = await secrets.versions(owner, home, store, { name: "history" }, { before: 2, limit: 3 });
      expect(rest.page).toMatchObject({ next: null, items: [{ number: 1 }] });
      const none = secrets.reveal(owner, home, store, { name: "history" }, { version: 9 });
      expect((await refusal(none)).code).toBe("version.not_found");
    });

    test("only the newest hundred versions are kept", async () => {
      await make("long", "1");
      for (let n = 2; n <= 102; n += 1) {
        await secrets.update(owner, home, store, { name: "long" }, { value: text(String(n)) });
      }
      expect((await refusal(secrets.reveal(owner, home, store, { name: "long" }, { version: 2 }))).code).toBe(
        "version.not_found",
      );
      const oldest = await secrets.reveal(owner, home, store, { name: "long" }, { version: 3 });
      expect(oldest.value?.reveal()).toBe("3");
    });

    test("the trash frees the name at once and gives the secret back under another", async () => {
      const { id } = await make("binned", "kept");
      await value("binned"); // remembered by the process, and out of reach all the same
      await secrets.remove(owner, home, store, { name: "binned" }, { removal: "trash" });
      expect((await refusal(secrets.reveal(owner, home, store, { name: "binned" }))).code).toBe(
        "secret.not_found",
      );
      expect((await refusal(secrets.get(owner, home, store, { id }))).code).toBe("secret.not_found");
      await make("binned", "new");
      const { items } = await secrets.trash(owner, home, {});
      const item = items.find((one) => one.id === id);
      expect(item).toMatchObject({
        state: "trashed",
        deletedBy: { id: owner.id },
        purgeAt: clock.now() + 30 * dayMs,
      });
      expect((await refusal(secrets.restore(owner, home, id, null))).code).toBe("secret.name_taken");
      expect(await secrets.restore(owner, home, id, "back")).toMatchObject({
        name: "back",
        state: "active",
        deletedAt: null,
      });
      expect(await value("back")).toBe("kept");
    });

    test("what was purged is gone, and a cursor may still name its place for a day", async () => {
      const { id } = await make("zz-purged");
      const listAfter = (order: "created" | "name" | "updated" | "id") =>
        secrets.list(owner, home, store, { afterSecret: id, order });
      await secrets.remove(owner, home, store, { name: "zz-purged" }, { removal: "purge" });
      expect((await refusal(secrets.restore(owner, home, id, null))).code).toBe("secret.not_found");
      const later = await make("zz-purged-later");
      for (const order of ["created", "name", "updated", "id"] as const) {
        expect(
          (await listAfter(order)).items.map((one) => one.id),
          order,
        ).toEqual([later.id]);
      }
      const beside = await coffer.node.operations.stores.create(owner, home, { name: "no place of it" });
      const elsewhere = secrets.list(owner, home, { id: beside.id }, { afterSecret: id });
      expect((await refusal(elsewhere)).code).toBe("cursor.invalid");
      clock.pass(dayMs + 1);
      await coffer.node.sweep(() => false);
      expect((await refusal(listAfter("created"))).code).toBe("cursor.invalid");
    });

    test("after thirty days the trash empties itself, audited", async () => {
      const { id } = await make("forgotten");
      await secrets.remove(owner, home, store, { name: "forgotten" }, { removal: "trash" });
      clock.pass(30 * dayMs - 1);
      await coffer.node.sweep(() => false);
      expect((await secrets.trash(owner, home, {})).items.map((one) => one.id)).toContain(id);
      clock.pass(1);
      await coffer.node.sweep(() => false);
      expect((await secrets.trash(owner, home, {})).items).toEqual([]);
      const audit = {
        action: "trash.purge",
        caller: null,
        target: id,
        outcome: null,
        dialect: null,
        since: null,
        until: null,
      };
      const { items } = await coffer.node.operations.audit.list(owner, home, audit, {
        before: null,
        limit: 5,
      });
      expect(items).toMatchObject([{ callerKind: "system", outcome: "allowed", because: "retention" }]);
    });

    test("the organization's rule on deletes overrides what a dialect promises", async () => {
      const { organizations } = coffer.node.operations;
      await organizations.update(owner, home, { trash: "always" });
      const { id } = await make("stays");
      await secrets.remove(owner, home, store, { id }, { removal: "purge" });
      expect((await secrets.trash(owner, home, {})).items.map((one) => one.id)).toEqual([id]);
      await secrets.purge(owner, home, id);
      await organizations.update(owner, home, { trash: "never" });
      const gone = await make("goes");
      await secrets.remove(owner, home, store, { id: gone.id }, { removal: "trash" });
      expect((await secrets.trash(owner, home, {})).items).toEqual([]);
      await organizations.update(owner, home, { trash: "dialect" });
    });

    test("many are deleted all or none", async () => {
      await make("del-1");
      await make("del-2");
      const some = ["del-1", "never-there", "del-2"].map((name) => ({ name }));
      expect(await refusal(secrets.removeAll(owner, home, store, some, { removal: "trash" }))).toMatchObject({
        code: "secret.not_found",
        details: { index: 1 },
      });
      expect(await value("del-1")).toBe("v1");
      const both = [{ name: "del-2" }, { name: "del-1" }, { name: "del-2" }];
      expect(await secrets.removeAll(owner, home, store, both, { removal: "purge" })).toHaveLength(2);
      expect(await secrets.removeAll(owner, home, store, [], { removal: "purge" })).toEqual([]);
    });

    test("a duplicate copies value, policy, consumers and expiry unless told otherwise", async () => {
      const expiresAt = clock.now() + dayMs;
      await secrets.create(owner, home, store, {
        name: "source",
        value: text("copied"),
        description: "not copied",
        policy: "- build_branch: p",
        consumers: ["c"],
        expiresAt,
      });
      const copy = await secrets.duplicate(owner, home, store, { name: "source" }, { name: "copy" });
      expect(copy).toMatchObject({
        description: null,
        policy: "- build_branch: p",
        consumers: ["c"],
        expiresAt,
        version: 1,
      });
      expect(await value("copy")).toBe("copied");
      const elsewhere = await freshStore({ ...coffer, owner });
      const other = { name: "copy", store: elsewhere, policy: null, consumers: ["d"], expiresAt: null };
      const second = await secrets.duplicate(owner, home, store, { name: "source" }, other);
      expect(second).toMatchObject({ policy: null, consumers: ["d"], expiresAt: null });
      expect(await value("copy", elsewhere)).toBe("copied");
      const onto = secrets.duplicate(owner, home, store, { name: "source" }, { name: "source" });
      expect((await refusal(onto)).code).toBe("secret.name_taken");
    });

    test("a move changes the store and nothing else; the sealed value opens there", async () => {
      const created = await make("moving", "m");
      await value("moving");
      const elsewhere = await freshStore({ ...coffer, owner });
      const moved = await secrets.update(owner, home, store, { name: "moving" }, { store: elsewhere });
      expect(moved).toMatchObject({ id: created.id, version: 1, name: "moving" });
      expect((await refusal(secrets.reveal(owner, home, store, { name: "moving" }))).code).toBe(
        "secret.not_found",
      );
      expect(await value("moving", elsewhere)).toBe("m");
      await make("moving", "other");
      const back = secrets.update(owner, home, elsewhere, { name: "moving" }, { store });
      expect((await refusal(back)).code).toBe("secret.name_taken");
    });

    test("past its expiry a value is out of reach, also for a process that remembers it", async () => {
      await secrets.create(owner, home, store, {
        name: "brief",
        value: text("x"),
        expiresAt: clock.now() + 1_000,
      });
      expect(await value("brief")).toBe("x");
      clock.pass(1_000);
      expect((await refusal(secrets.reveal(owner, home, store, { name: "brief" }))).code).toBe(
        "secret.expired",
      );
      expect((await secrets.get(owner, home, store, { name: "brief" })).expiresAt).toBe(clock.now());
    });

    test("a batch answers each item in the order asked", async () => {
      await make("b-1", "one");
      await make("b-2", "two");
      const names = [{ name: "b-2" }, { name: "absent" }, { name: "b-1" }, { name: "empty" }];
      await secrets.create(owner, home, store, { name: "empty" });
      for (const _ of ["cold", "remembered"]) {
        const items = await secrets.revealAll(owner, home, store, names);
        expect(items.map(({ revealed, error }) => revealed?.value?.reveal() ?? error?.code)).toEqual([
          "two",
          "secret.not_found",
          "one",
          "secret.no_value",
        ]);
      }
    });

    test("a whole batch of names that are not there is answered item by item, and does not fill the trail", async () => {
      const names = Array.from({ length: 10_000 }, (_, index) => ({ name: `absent-${index}` }));
      const items = await secrets.revealAll(owner, home, store, names);
      expect(items.filter(({ error }) => error?.code === "secret.not_found")).toHaveLength(10_000);
      const filter = {
        action: "secret.reveal",
        caller: null,
        target: null,
        outcome: "failed",
        dialect: null,
        since: null,
        until: null,
      } as const;
      const page = { before: null, limit: 1_000 };
      const { items: entries } = await coffer.node.operations.audit.list(owner, home, filter, page);
      const written = entries.filter(({ targetName }) => targetName?.startsWith("absent-"));
      // The others are counted into one entry once the minute is over; refusals.test.ts counts them.
      expect(written.length).toBeLessThanOrEqual(limits.refusalsPerMinute);
    });

    test("a value is remembered as read at once, then at most once a minute, without a revision", async () => {
      const { revision } = await make("watched");
      await value("watched");
      const first = clock.now();
      expect((await secrets.get(owner, home, store, { name: "watched" })).lastReadAt).toBe(first);
      clock.pass(59_999);
      await value("watched");
      expect((await secrets.get(owner, home, store, { name: "watched" })).lastReadAt).toBe(first);
      clock.pass(1);
      await value("watched");
      expect(await secrets.get(owner, home, store, { name: "watched" })).toMatchObject({
        lastReadAt: clock.now(),
        revision,
      });
    });

    test("a reveal of a revision that the caller holds is recorded and carries no value", async () => {
      const { revision } = await make("held");
      const held = await secrets.reveal(
        owner,
        home,
        store,
        { name: "held" },
        { unlessRevisions: [revision] },
      );
      expect(held.value).toBeNull();
      const changed = await secrets.reveal(
        owner,
        home,
        store,
        { name: "held" },
        { unlessRevisions: [revision - 1] },
      );
      expect(changed.value?.reveal()).toBe("v1");
    });

    test("the quota of secrets holds against racing writers, and deletes give room", async () => {
      const { organizations } = coffer.node.operations;
      const { usage } = await organizations.get(owner, home);
      await organizations.update(owner, home, { limits: { secrets: usage.secrets + 2 } });
      const tries = await Promise.allSettled(["q-1", "q-2", "q-3", "q-4"].map((name) => make(name)));
      expect(tries.map((one) => (one.status === "rejected" ? one.reason.code : "made")).sort()).toEqual([
        "made",
        "made",
        "quota.exceeded",
        "quota.exceeded",
      ]);
      const made = ["q-1", "q-2", "q-3", "q-4"][tries.findIndex((one) => one.status === "fulfilled")] ?? "";
      await secrets.remove(owner, home, store, { name: made }, { removal: "trash" });
      await make("q-5");
      await organizations.update(owner, home, { limits: { secrets: null } });
    });
  });
}
