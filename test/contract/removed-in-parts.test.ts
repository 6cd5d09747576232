// Removals of more than one commit takes, on both engines: each part is whole in itself, and what is cut off
// between two of them is finished by whoever asks again.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Caller } from "../../src/core/caller.ts";
import { limits } from "../../src/core/limits.ts";
import type { Ref } from "../../src/core/organizations/organization.ts";
import { prepareReveal } from "../../src/core/secrets/reveal.ts";
import { sweepTrash } from "../../src/core/secrets/trash.ts";
import { removeStore } from "../../src/core/stores/remove.ts";
import { coffers, freshStore, heldClock, home, lastingOwner, refusal, text } from "../support/coffers.ts";
import type { TestCoffer } from "../support/server.ts";

const part = limits.removedSecrets;
const few = 10;

for (const engine of coffers) {
  describe(`removals in parts on ${engine.name}`, () => {
    const clock = heldClock();
    let coffer: TestCoffer;
    let owner: Caller;
    beforeAll(async () => {
      const started = await engine.start({ clock });
      owner = await lastingOwner(started);
      coffer = { ...started, owner };
    });
    afterAll(() => coffer.stop());
    const operations = () => coffer.node.operations;

    const filled = async (secrets: number): Promise<{ store: Ref; ids: readonly string[] }> => {
      const store = await freshStore(coffer, "Filled");
      const drafts = Array.from({ length: secrets }, (_, at) => ({ name: `S${at}`, value: text(`v${at}`) }));
      const made = await operations().secrets.createAll(owner, home, store, drafts);
      return { store, ids: made.map(({ id }) => id) };
    };
    const live = async (store: Ref) =>
      (await operations().secrets.list(owner, home, store, { totals: true, limit: 1 })).total;
    const audited = async (action: string, target: string) => {
      const all = { caller: null, outcome: null, dialect: null, since: null, until: null };
      const page = { before: null, limit: 10 };
      return (await operations().audit.list(owner, home, { ...all, action, target }, page)).items;
    };

    test("retention purges so few in one commit that a database far away gets it done", async () => {
      const { store, ids } = await filled(2 * part + few);
      const refs = ids.map((id) => ({ id }));
      await operations().secrets.removeAll(owner, home, store, refs, { removal: "trash" });
      clock.pass(limits.trashKeptMs);
      const { database } = coffer.node.context;
      const sweep = () => database.execute(sweepTrash, { caller: owner, at: clock.now() });
      expect([await sweep(), await sweep(), await sweep(), await sweep()]).toEqual([part, part, few, 0]);
      for (const id of [ids[0], ids.at(-1)]) expect(await audited("trash.purge", id ?? "")).toHaveLength(1);
    });

    test("a sweep that is to end does so with the part that it is at", async () => {
      const { store, ids } = await filled(2 * part + few);
      const refs = ids.map((id) => ({ id }));
      await operations().secrets.removeAll(owner, home, store, refs, { removal: "trash" });
      clock.pass(limits.trashKeptMs);
      const left = async () => (await operations().secrets.trash(owner, home, { totals: true })).total;
      let asked = 0;
      await coffer.node.sweep(() => {
        asked += 1;
        return asked > 1;
      });
      expect(await left()).toBe(part + few);
      await coffer.node.sweep(() => false);
      expect(await left()).toBe(0);
    });

    test("a store whose deletion was cut off is a smaller store; the next one finishes it", async () => {
      const { store, ids } = await filled(2 * part + few);
      const { secrets, stores } = operations();
      const { database } = coffer.node.context;
      const organizationId = coffer.bootstrap.organization.id;
      const options = { store, removal: "trash", rehome: false } as const;
      const remove = (force: boolean) =>
        database.execute(removeStore, { organizationId, caller: owner, at: clock.now(), force, ...options });
      expect(await remove(true)).toBe("more");

      // Here it may be cut off. What is gone is whole and told of, and is still the store's own.
      expect(await live(store)).toBe(part + few);
      const [first = "", last = ""] = [ids[0], ids.at(-1)];
      expect(await audited("secret.delete", first)).toMatchObject([{ outcome: "allowed" }]);
      expect(await audited("secret.delete", last)).toEqual([]);
      expect(await secrets.restore(owner, home, first, null)).toMatchObject({ storeId: storeIdOf(store) });
      expect((await secrets.reveal(owner, home, store, { id: first })).value?.reveal()).toBe("v0");
      expect((await refusal(remove(false))).code).toBe("store.not_empty");

      await stores.remove(owner, home, store, { force: true, removal: "trash" });
      expect((await refusal(stores.get(owner, home, store))).code).toBe("store.not_found");
      expect(await audited("store.delete", storeIdOf(store))).toMatchObject([
        { outcome: "allowed" },
        { outcome: "failed" },
      ]);
      for (const id of [first, last]) {
        const back = await secrets.restore(owner, home, id, null);
        expect(back).toMatchObject({ storeId: coffer.bootstrap.store.id });
      }
    });

    test("a store that is emptied has nobody's rights decided anew until it goes", async () => {
      const { store } = await filled(2 * part + few);
      const { database } = coffer.node.context;
      const organizationId = coffer.bootstrap.organization.id;
      const kept = { store: await freshStore(coffer), secret: { name: "KEPT" } };
      await operations().secrets.create(owner, home, kept.store, { name: "KEPT", value: text("v") });
      const epoch = async () => {
        const options = { version: null, opaque: false, foldNames: false };
        const call = { caller: owner, at: clock.now(), organizationId };
        return (await database.point(prepareReveal, { ...call, ...kept, ...options })).epochs.organization;
      };
      const before = await epoch();
      await operations().stores.remove(owner, home, store, { force: true, removal: "trash" });
      expect(await epoch()).toBe(before + 1);
    });

    test("a large trash finds its home at once", async () => {
      const { store, ids } = await filled(300);
      const refs = ids.map((id) => ({ id }));
      await operations().secrets.removeAll(owner, home, store, refs, { removal: "trash" });
      await operations().stores.remove(owner, home, store, { force: false, removal: "trash" });
      const { total } = await operations().secrets.trash(owner, home, { totals: true });
      expect(total).toBeGreaterThanOrEqual(300);
      for (const id of [ids[0], ids[255], ids[256], ids[299]]) {
        const back = await operations().secrets.restore(owner, home, id ?? "", `back ${id}`);
        expect(back).toMatchObject({ storeId: coffer.bootstrap.store.id });
      }
    });
  });
}

function storeIdOf(store: Ref): string {
  return "id" in store ? store.id : "";
}
