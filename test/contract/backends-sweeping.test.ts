// Sweeps of other backends that do not go as they should.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { readBackendState } from "../../src/core/backends/state.ts";
import { sweep } from "../../src/core/backends/sweep.ts";
import { limits } from "../../src/core/limits.ts";
import { steadiness } from "../../src/server/steady.ts";
import { coffers, heldClock, lastingOwner, text } from "../support/coffers.ts";
import { type MemoryBackend, memoryBackend } from "../support/memory-backend.ts";
import { reconcilerOf, type TestReconciler } from "../support/reconciling.ts";
import type { TestCoffer } from "../support/server.ts";

const day = 24 * 60 * 60 * 1000;
const periodMs = 30_000;

for (const engine of coffers) {
  describe(`sweeps of other backends, on ${engine.name}`, () => {
    let coffer: TestCoffer;
    let reconciler: TestReconciler;
    const clock = heldClock(Date.now());
    const first: MemoryBackend = memoryBackend({ name: "first", maxVersions: 256, now: clock.now });
    const second: MemoryBackend = memoryBackend({ name: "second", now: clock.now });
    beforeAll(async () => {
      const started = await engine.start({ backends: [first, second], clock });
      coffer = { ...started, owner: await lastingOwner(started) };
      reconciler = reconcilerOf(coffer);
    });
    afterAll(() => coffer.stop());
    beforeEach(async () => {
      for (const backend of [first, second]) {
        backend.before = null;
        for (const step of ["all", "listOwned", "deleteObject", "destroyVersion"] as const) {
          backend.fails(step, null);
        }
      }
      for (const backend of [first, second]) {
        for (const [ref, { versions }] of backend.objects) {
          if ([...versions.values()].some(({ writeId }) => writeId === "late")) backend.objects.delete(ref);
        }
      }
      // All that was seen in the test before is forgotten.
      clock.pass(day);
      await round();
      reconciler.alerts.length = 0;
    });

    const round = () => reconciler.step(() => false);
    const state = (backend: MemoryBackend) =>
      coffer.node.context.database.point(readBackendState, { backend: backend.name });
    const leave = (backend: MemoryBackend, many: number) => {
      for (let count = 0; count < many; count += 1) {
        const place = {
          organizationId: coffer.bootstrap.organization.id,
          secretId: coffer.node.context.ids.next(),
        };
        const createdAt = clock.now() - 2 * day;
        const version = { writeId: "late", bytes: Buffer.from("late"), createdAt };
        backend.objects.set(backend.refOf(place), { createdAt, versions: new Map([["1", version]]) });
      }
    };

    test("a backend that refuses removal is swept once a day, and those after it are too", async () => {
      leave(first, 3);
      leave(second, 3);
      first.fails("deleteObject", "denied");
      clock.pass(day);
      await round();
      clock.pass(day);
      await round();
      const at = clock.now();
      expect(await state(first)).toMatchObject({
        sweptAt: at,
        report: { orphans: 3, removed: 0, failed: 3 },
      });
      expect(await state(second)).toMatchObject({
        sweptAt: at,
        report: { orphans: 3, removed: 3, failed: 0 },
      });
      expect(reconciler.alerts).toContain("what is nobody's in a backend could not all be removed");
      const { calls, epoch } = { calls: { ...first.calls }, epoch: first.epoch };
      for (let turn = 0; turn < 10; turn += 1) {
        clock.pass(periodMs);
        await round();
      }
      expect(first.calls).toEqual(calls);
      expect(first.epoch).toBe(epoch);
      first.fails("deleteObject", null);
      clock.pass(day);
      await round();
      expect((await state(first)).report).toMatchObject({ orphans: 3, removed: 3, failed: 0 });
    });

    test("a backend that cannot be listed is tried again after an hour, and those after it are swept", async () => {
      first.fails("listOwned", "denied");
      clock.pass(day);
      await round();
      expect((await state(first)).sweptAt).toBe(clock.now() - day);
      expect((await state(second)).sweptAt).toBe(clock.now());
      expect(reconciler.alerts).toContain("a backend could not be looked after");
      const { listOwned } = first.calls;
      const { epoch } = first;
      for (let turn = 0; turn < 10; turn += 1) {
        clock.pass(periodMs);
        await round();
      }
      expect(first.calls.listOwned).toBe(listOwned);
      expect(first.epoch).toBe(epoch);
      first.fails("listOwned", null);
      clock.pass(60 * 60_000);
      await round();
      expect((await state(first)).sweptAt).toBe(clock.now());
    });

    test("what a sweep that broke off has seen does not count for the one an hour later", async () => {
      leave(first, 6);
      let pages = 0;
      first.before = (step) => {
        if (step === "listOwned") pages += 1;
        if (pages === 2) first.fails("listOwned", "unavailable");
      };
      clock.pass(day);
      await round();
      expect(pages).toBe(2);
      first.before = null;
      first.fails("listOwned", null);
      clock.pass(60 * 60_000);
      await round();
      expect((await state(first)).report).toMatchObject({ orphans: 6, removed: 0, held: null });
      clock.pass(day);
      await round();
      expect((await state(first)).report).toMatchObject({ orphans: 6, removed: 6, held: null });
    });

    test("nothing is swept and no replaced value goes while time is not to be trusted", async () => {
      const { organizations, secrets, stores } = coffer.node.operations;
      const org = { id: (await organizations.create(coffer.owner, { slug: "timely", name: "Timely" })).id };
      const store = { id: (await stores.create(coffer.owner, org, { name: "Far", backend: "first" })).id };
      await secrets.create(coffer.owner, org, store, { name: "OFTEN", value: text("0") });
      for (let number = 1; number <= limits.versionsKept; number += 1) {
        const value = text(String(number));
        await secrets.update(coffer.owner, org, store, { name: "OFTEN" }, { value });
      }
      const kept = first.bytes().length;
      leave(second, 3);
      clock.pass(day);
      await round();
      let steadyMs = 0;
      const warned: string[] = [];
      const steady = steadiness({
        clock,
        monotonicMs: () => steadyMs,
        lastSeenAt: clock.now(),
        log: { warn: (_, what) => void warned.push(String(what)) },
      });
      const careful = reconcilerOf(coffer, "1", steady.check);
      const swept = async () => (await state(second)).sweptAt;
      const before = await swept();
      clock.pass(31 * day);
      for (let turn = 0; turn < 3; turn += 1) {
        await careful.step(() => false);
        clock.pass(periodMs);
        steadyMs += periodMs;
      }
      expect(await swept()).toBe(before);
      expect(second.objects.size).toBe(3);
      expect(first.bytes()).toHaveLength(kept);
      expect(warned).toHaveLength(1);
      // The backends still hear that this database is the newest.
      expect((await state(second)).epochAt).toBeGreaterThan(clock.now() - day);
      clock.pass(day);
      steadyMs += day;
      await careful.step(() => false);
      clock.pass(periodMs);
      await careful.step(() => false);
      expect(second.objects.size).toBe(0);
      expect(first.bytes()).toHaveLength(kept - 1);
    });

    test("what a move has sent is nobody's orphan, however long its chunk takes", async () => {
      const { organizations, secrets, stores } = coffer.node.operations;
      const org = { id: (await organizations.create(coffer.owner, { slug: "slow", name: "Slow" })).id };
      const store = { id: (await stores.create(coffer.owner, org, { name: "Here" })).id };
      const names = Array.from({ length: 2 }, (_, at) => ({ name: `S${at}` }));
      await secrets.createAll(
        coffer.owner,
        org,
        store,
        names.map(({ name }) => ({ name, value: text(name) })),
      );
      const [held, move] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      let puts = 0;
      second.before = async (step) => {
        if (step === "put") puts += 1;
        if (step !== "put" || puts !== 2) return;
        held.resolve();
        await move.promise;
      };
      // The sweep alone meets the move: nobody pays what is owed meanwhile.
      const moving = stores.migrate(coffer.owner, org, store, { backend: "second", after: null });
      await held.promise;
      for (let days = 0; days < 3; days += 1) {
        clock.pass(day);
        await sweep(coffer.node.context, second, { release: "1", alert: () => {} }, () => false);
      }
      expect(second.bytes()).toHaveLength(1);
      move.resolve();
      expect(await moving).toMatchObject({ moved: 2, failed: 0 });
      for (const { name } of names) {
        const { value } = await secrets.reveal(coffer.owner, org, store, { name });
        expect(value?.reveal()).toBe(name);
      }
    });
  });
}
