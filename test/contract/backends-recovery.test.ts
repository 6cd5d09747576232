// What is left when writes and removals over another backend end half way, and how it is put right.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { resumeSweeps } from "../../src/core/backends/guard.ts";
import { owedDue } from "../../src/core/backends/reconcile.ts";
import { readBackendState } from "../../src/core/backends/state.ts";
import { limits } from "../../src/core/limits.ts";
import type { Ref } from "../../src/core/organizations/organization.ts";
import { openSource, verify } from "../../src/verify/index.ts";
import { coffers, heldClock, home, lastingOwner, refusal, text } from "../support/coffers.ts";
import { type MemoryBackend, memoryBackend } from "../support/memory-backend.ts";
import { sharedPostgres } from "../support/postgres.ts";
import { reconcilerOf, type TestReconciler } from "../support/reconciling.ts";
import { startCoffer, type TestCoffer } from "../support/server.ts";

const day = 24 * 60 * 60 * 1000;

for (const engine of coffers) {
  describe(`recovery of another backend, on ${engine.name}`, () => {
    let coffer: TestCoffer;
    let backend: MemoryBackend;
    let store: Ref;
    let database: string | undefined;
    let reconciler: TestReconciler;
    const clock = heldClock(Date.now());
    beforeAll(async () => {
      backend = memoryBackend({ now: clock.now, maxVersions: 5 });
      if (engine.name === "PostgreSQL") database = await (await sharedPostgres()).database();
      const started = await startCoffer({
        backends: [backend],
        clock,
        ...(database === undefined ? {} : { database }),
      });
      coffer = { ...started, owner: await lastingOwner(started) };
      const { stores } = coffer.node.operations;
      store = { id: (await stores.create(coffer.owner, home, { name: "Far", backend: "vault" })).id };
      reconciler = reconcilerOf(coffer);
    });
    afterAll(() => coffer.stop());
    beforeEach(() => {
      backend.fails("all", null);
      for (const step of ["put", "deleteObject", "destroyVersion"] as const) backend.fails(step, null);
      backend.before = null;
    });

    const secrets = () => coffer.node.operations.secrets;
    const create = (name: string, value = name) =>
      secrets().create(coffer.owner, home, store, { name, value: text(value) });
    const round = () => reconciler.step(() => false);
    /** Rounds until nothing is owed, with as much time between them as postponing takes. */
    const quiet = async () => {
      for (let turn = 0; turn < 10; turn += 1) {
        await round();
        clock.pass(limits.owedRetryMsMax);
        const now = Number.MAX_SAFE_INTEGER;
        if ((await coffer.node.context.database.point(owedDue, { now, silent: [] })).length === 0) return;
      }
      throw new Error("something is owed for ever");
    };
    const objectOf = (id: string) => [...backend.objects].find(([ref]) => ref.endsWith(id))?.[1];
    const state = () => coffer.node.context.database.point(readBackendState, { backend: "vault" });
    const sweepNow = async () => {
      clock.pass(day);
      await round();
      return (await state()).report;
    };

    test("what a failed creation left there goes, and the name is free at once", async () => {
      backend.before = (step) => {
        if (step === "probe") throw new Error("never reached by an answer that came");
      };
      const { deleteObject } = backend.calls;
      // The first value arrives, the second one does not.
      let puts = 0;
      backend.before = (step) => {
        if (step === "put") puts += 1;
        if (puts > 1) backend.fails("put", "denied");
      };
      const pair = ["HALF_A", "HALF_B"].map((name) => ({ name, value: text(name) }));
      await refusal(secrets().createAll(coffer.owner, home, store, pair));
      backend.before = null;
      backend.fails("put", null);
      await create("HALF_A", "again");
      await quiet();
      expect(backend.calls.deleteObject).toBe(deleteObject + 2);
      expect(backend.bytes()).toHaveLength(1);
    });

    test("a removal for good is answered when nothing lies there any more", async () => {
      const { id } = await create("REMOVED");
      const options = { removal: "purge" } as const;
      await secrets().remove(coffer.owner, home, store, { name: "REMOVED" }, options);
      expect(objectOf(id)).toBeUndefined();
      expect(
        await coffer.node.context.database.point(owedDue, { now: clock.now() + day, silent: [] }),
      ).toEqual([]);
    });

    test("a removal that the backend refuses is a 503; the value is out of reach and goes later", async () => {
      const { id } = await create("REFUSED");
      backend.fails("deleteObject", "unavailable");
      const options = { removal: "purge" } as const;
      const removal = secrets().remove(coffer.owner, home, store, { name: "REFUSED" }, options);
      expect((await refusal(removal)).code).toBe("backend.unavailable");
      const reveal = secrets().reveal(coffer.owner, home, store, { id });
      expect((await refusal(reveal)).code).toBe("secret.not_found");
      await round();
      expect(objectOf(id)).toBeDefined();
      const next = await create("REFUSED", "another of that name");
      backend.fails("deleteObject", null);
      await quiet();
      expect(objectOf(id)).toBeUndefined();
      expect(objectOf(next.id)).toBeDefined();
    });

    test("a removal ends an update that is under way, and nothing of either stays", async () => {
      const { id } = await create("CROSSED", "one");
      backend.before = async (step) => {
        if (step !== "put") return;
        backend.before = null;
        const options = { removal: "purge" } as const;
        await secrets().remove(coffer.owner, home, store, { id }, options);
      };
      const update = secrets().update(coffer.owner, home, store, { id }, { value: text("two") });
      expect((await refusal(update)).code).toBe("secret.not_found");
      expect(objectOf(id)).toBeDefined();
      await quiet();
      expect(objectOf(id)).toBeUndefined();
    });

    test("what arrives after all is known to be given up is found by two sweeps, and not by one", async () => {
      await quiet();
      await sweepNow();
      const place = {
        organizationId: coffer.bootstrap.organization.id,
        secretId: coffer.node.context.ids.next(),
      };
      const kept = await create("KEPT");
      await backend.put({ place, writeId: coffer.node.context.ids.next(), bytes: Buffer.from("late") });
      const known = objectOf(kept.id);
      await backend.put({
        place: { ...place, secretId: kept.id },
        writeId: "late",
        bytes: Buffer.from("late"),
      });
      // Younger than any write under way may be: not even noticed.
      await round();
      expect(await sweepNow()).toMatchObject({ orphans: 2, removed: 0 });
      expect(objectOf(place.secretId)).toBeDefined();
      expect(await sweepNow()).toMatchObject({ orphans: 2, removed: 2, held: null });
      expect(objectOf(place.secretId)).toBeUndefined();
      expect(known?.versions.size).toBe(1);
      const { value } = await secrets().reveal(coffer.owner, home, store, { name: "KEPT" });
      expect(value?.reveal()).toBe("KEPT");
    });

    test("more orphans than a clean-up could find stop the sweep, and somebody is told", async () => {
      const { organization } = coffer.bootstrap;
      for (let count = 0; count < 12; count += 1) {
        const place = { organizationId: organization.id, secretId: coffer.node.context.ids.next() };
        await backend.put({ place, writeId: "late", bytes: Buffer.from("late") });
      }
      await sweepNow();
      expect(await sweepNow()).toMatchObject({ orphans: 12, removed: 0, held: "share" });
      expect(reconciler.alerts.at(-1)).toMatch(/nothing of it is removed/);
      for (const [ref, { versions }] of backend.objects) {
        if ([...versions.values()].some(({ writeId }) => writeId === "late")) backend.objects.delete(ref);
      }
    });

    test("the first sweep of another release only looks", async () => {
      const place = { organizationId: "x", secretId: coffer.node.context.ids.next() };
      await backend.put({ place, writeId: "late", bytes: Buffer.from("late") });
      await sweepNow();
      const newer = reconcilerOf(coffer, "2");
      clock.pass(day);
      await newer.step(() => false);
      expect((await state()).report).toMatchObject({ orphans: 1, removed: 0, held: "first" });
      clock.pass(day);
      await newer.step(() => false);
      expect((await state()).report).toMatchObject({ orphans: 1, removed: 1, held: null });
      clock.pass(day);
      await round();
    });

    test("a backend that has seen a newer database is not swept until an operator says so", async () => {
      await sweepNow();
      const { epoch } = await state();
      expect(backend.epoch).toBe(epoch);
      backend.epoch = epoch + 5;
      expect(await sweepNow()).toMatchObject({ held: "guarded" });
      backend.epoch = epoch;
      expect(await sweepNow()).toMatchObject({ held: "guarded" });
      await coffer.node.context.database.execute(resumeSweeps, {
        caller: coffer.owner,
        at: clock.now(),
        organizationId: null,
        backend: "vault",
        heard: epoch + 5,
      });
      expect(await sweepNow()).toMatchObject({ held: "first" });
      expect(await sweepNow()).toMatchObject({ held: null });
      expect(backend.epoch).toBeGreaterThan(epoch + 5);
    });

    test("a value that is lost there is told of, and its metadata stays", async () => {
      const { id } = await create("LOST");
      objectOf(id)?.versions.clear();
      reconciler.alerts.length = 0;
      for (let turn = 0; turn < 5 && reconciler.alerts.length === 0; turn += 1) await sweepNow();
      expect(reconciler.alerts).toContain("a value is not in its backend");
      expect((await secrets().get(coffer.owner, home, store, { id })).version).toBe(1);
    });

    test("a replaced value that the backend would drop by itself is let go before", async () => {
      const { id } = await create("OFTEN", "v1");
      for (let number = 2; number <= 8; number += 1) {
        await secrets().update(coffer.owner, home, store, { id }, { value: text(`v${number}`) });
      }
      await quiet();
      const page = { before: null, limit: 100 };
      const listed = await secrets().versions(coffer.owner, home, store, { id }, page);
      expect(listed.page.items.map(({ number }) => number)).toEqual([8, 7, 6, 5]);
      expect(objectOf(id)?.versions.size).toBe(4);
      const { value } = await secrets().reveal(coffer.owner, home, store, { id }, { version: 5 });
      expect(value?.reveal()).toBe("v5");
    });

    test("the trail and the tables agree after all of it", async () => {
      await coffer.node.signHeads();
      const source = await openSource(database === undefined ? { data: coffer.data } : { database });
      const { findings, verdict } = await verify(source, {}).finally(() => source.close());
      expect({ findings, verdict }).toEqual({
        findings: [],
        verdict: expect.stringMatching(/intact|unproven/),
      });
    });
  });
}
