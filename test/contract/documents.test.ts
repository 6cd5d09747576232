// Documents of dialects and what else the Grafana dialect stands on, on both engines.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Operations } from "../../src/core/operations.ts";
import type { Ref } from "../../src/core/organizations/organization.ts";
import { coffers, freshStore, home, refusal, text } from "../support/coffers.ts";
import type { TestCoffer } from "../support/server.ts";

for (const engine of coffers) {
  describe(`documents on ${engine.name}`, () => {
    let coffer: TestCoffer;
    let core: Operations;
    let owner: TestCoffer["owner"];
    let store: Ref;

    beforeAll(async () => {
      coffer = await engine.start();
      core = coffer.node.operations;
      owner = coffer.owner;
      store = await freshStore(coffer);
    });
    afterAll(() => coffer.stop());

    const place = () => ({ store, kind: "thing" });
    const make = (name: string, body = {}) => core.documents.create(owner, home, place(), { name, body });

    test("made, read, listed by name, changed and removed; each takes a revision and is audited", async () => {
      const made = await make("b", { n: 1 });
      expect(made).toMatchObject({ name: "b", body: { n: 1 }, dialect: "test", updatedAt: null });
      const other = await make("a");
      expect(other.revision).toBeGreaterThan(made.revision);
      expect(await core.documents.get(owner, home, place(), "b")).toEqual(made);
      const page = await core.documents.list(owner, home, place(), { after: null, limit: 1 });
      expect(page.items.map(({ name }) => name)).toEqual(["a"]);
      expect(page.next).toMatchObject({ key: "a" });
      expect(page.revision).toBeGreaterThanOrEqual(other.revision);
      const changed = await core.documents.modify(owner, home, place(), "b", ({ body }) => ({
        ...body,
        n: 2,
      }));
      expect(changed).toMatchObject({ id: made.id, body: { n: 2 } });
      expect(changed.revision).toBeGreaterThan(other.revision);
      const same = await core.documents.modify(owner, home, place(), "b", ({ body }) => body);
      expect(same).toEqual(changed);
      await core.documents.remove(owner, home, place(), "b");
      expect((await refusal(core.documents.get(owner, home, place(), "b"))).code).toBe("document.not_found");
      expect((await refusal(core.documents.remove(owner, home, place(), "b"))).code).toBe(
        "document.not_found",
      );
      const path = `/v1/organizations/default/audit?target=${made.id}`;
      const { items } = (await coffer.call(coffer.token).get(path)).body;
      expect(items.map(({ details }: { details: { change: string } }) => details.change)).toEqual([
        "removed",
        "nothing",
        "updated",
        "created",
      ]);
    });

    test("a name is taken once, of one kind and by one dialect", async () => {
      await make("taken");
      expect((await refusal(make("taken"))).code).toBe("document.name_taken");
      await core.documents.create(owner, home, { store, kind: "other" }, { name: "taken", body: {} });
      const elsewhere = { ...owner, dialect: "another" };
      expect((await refusal(core.documents.get(elsewhere, home, place(), "taken"))).code).toBe(
        "document.not_found",
      );
      await core.documents.create(elsewhere, home, place(), { name: "taken", body: {} });
      const twins = await Promise.allSettled([make("twin"), make("twin")]);
      expect(twins.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    });

    test("conditions, dry runs and two who change at once", async () => {
      const made = await make("c", { n: 0 });
      const change = (options: object) =>
        core.documents.modify(owner, home, place(), "c", () => ({ n: 9 }), options);
      expect((await refusal(change({ revisions: [1] }))).code).toBe("precondition.failed");
      expect((await refusal(change({ id: crypto.randomUUID(), revisions: [made.revision] }))).code).toBe(
        "precondition.failed",
      );
      expect((await change({ dryRun: true })).body).toEqual({ n: 9 });
      const dry = core.documents.create(owner, home, place(), { name: "dry", body: {} }, { dryRun: true });
      expect((await dry).revision).toBe(0);
      expect((await core.documents.get(owner, home, place(), "c")).body).toEqual({ n: 0 });
      const counted = () =>
        core.documents.modify(owner, home, place(), "c", ({ body }) => ({ n: Number(body.n) + 1 }));
      await Promise.all([counted(), counted(), counted()]);
      expect((await core.documents.get(owner, home, place(), "c")).body).toEqual({ n: 3 });
      const removal = core.documents.remove(owner, home, place(), "c", { revisions: [made.revision] });
      expect((await refusal(removal)).code).toBe("precondition.failed");
    });

    test("they go with their store", async () => {
      const gone = await freshStore(coffer, "Gone");
      await core.documents.create(owner, home, { store: gone, kind: "thing" }, { name: "a", body: {} });
      await core.stores.remove(owner, home, gone, { force: false, removal: "trash" });
      const read = core.documents.get(owner, home, { store: gone, kind: "thing" }, "a");
      expect((await refusal(read)).code).toBe("store.not_found");
    });

    test("a purge tells the last state of what was live, and none of what lay in the trash", async () => {
      const { secrets, feed } = core;
      const { revision } = await secrets.list(owner, home, store, {});
      const live = await secrets.create(owner, home, store, {
        name: "live",
        value: text("v"),
        description: "d",
      });
      await secrets.remove(owner, home, store, { name: "live" }, { removal: "purge" });
      const dead = await secrets.create(owner, home, store, { name: "dead" });
      await secrets.remove(owner, home, store, { name: "dead" }, { removal: "trash" });
      await secrets.purge(owner, home, dead.id);
      const { items } = await feed.changes(owner, home, revision, { waitSeconds: 0, limit: 100 });
      const purged = items.filter(({ kind }) => kind === "secret.purged");
      expect(
        purged.map(({ secretId, after }) => [secretId, after?.state ?? null, after?.description ?? null]),
      ).toEqual([
        [live.id, "deleted", "d"],
        [dead.id, null, null],
      ]);
    });

    test("a list says at which revision it was read", async () => {
      const made = await core.secrets.create(owner, home, store, { name: "latest" });
      expect((await core.secrets.list(owner, home, store, {})).revision).toBe(made.revision);
      const named = await core.secrets.list(owner, home, store, { names: ["latest", "nothing"] });
      expect(named.items.map(({ name }) => name)).toEqual(["latest"]);
    });
  });
}
