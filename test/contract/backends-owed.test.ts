// What is owed to other backends, paid while others are at work: no debt costs a value that is in use, and
// no backend waits for another.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { limits } from "../../src/core/limits.ts";
import type { Ref } from "../../src/core/organizations/organization.ts";
import { coffers, heldClock, home, lastingOwner, refusal, text } from "../support/coffers.ts";
import { type MemoryBackend, memoryBackend } from "../support/memory-backend.ts";
import { reconcilerOf, type TestReconciler } from "../support/reconciling.ts";
import type { TestCoffer } from "../support/server.ts";

const leaseMs = 1_000;

for (const engine of coffers) {
  describe(`what is owed, on ${engine.name}`, () => {
    let coffer: TestCoffer;
    let reconciler: TestReconciler;
    const clock = heldClock(Date.now());
    const a: MemoryBackend = memoryBackend({ name: "a", now: clock.now });
    const b: MemoryBackend = memoryBackend({ name: "b", now: clock.now });
    beforeAll(async () => {
      const env = { COFFER_RECONCILER_LEASE_SECONDS: String(leaseMs / 1000) };
      const started = await engine.start({ backends: [a, b], clock, env });
      coffer = { ...started, owner: await lastingOwner(started) };
      reconciler = reconcilerOf(coffer);
      await round();
    });
    afterAll(() => coffer.stop());
    beforeEach(() => {
      for (const backend of [a, b]) {
        backend.before = null;
        backend.fails("all", null);
        backend.fails("deleteObject", null);
      }
    });

    const operations = () => coffer.node.operations;
    const round = () => reconciler.step(() => false);
    const fresh = async (backend: string): Promise<Ref> => ({
      id: (await operations().stores.create(coffer.owner, home, { name: "Fresh", backend })).id,
    });
    const named = (many: number) => Array.from({ length: many }, (_, at) => ({ name: `S${at}` }));
    const createAll = (store: Ref, names: readonly { readonly name: string }[]) =>
      operations().secrets.createAll(
        coffer.owner,
        home,
        store,
        names.map(({ name }) => ({ name, value: text(`value of ${name}`) })),
      );
    const revealed = async (store: Ref, names: readonly { readonly name: string }[]) => {
      const values: (string | undefined)[] = [];
      for (const ref of names) {
        values.push((await operations().secrets.reveal(coffer.owner, home, store, ref)).value?.reveal());
      }
      return values;
    };
    const valuesOf = (names: readonly { readonly name: string }[]) =>
      names.map(({ name }) => `value of ${name}`);
    const migrate = (store: Ref, backend: string) =>
      operations().stores.migrate(coffer.owner, home, store, { backend, after: null });
    /** Until nothing lies there that is in no row. */
    const emptied = async (backend: MemoryBackend, bytes: number) => {
      for (let turn = 0; turn < 20 && backend.bytes().length > bytes; turn += 1) {
        clock.pass(60 * 60_000);
        await round();
      }
      expect(backend.bytes()).toHaveLength(bytes);
    };

    /** The second put waits for `move`, and what is taken away for `destroy`; each tells that it has come so far. */
    const halted = (backend: MemoryBackend) => {
      const [held, move] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      const [destroying, destroy] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      let puts = 0;
      backend.before = async (step) => {
        if (step === "put") puts += 1;
        if (step === "put" && puts === 2) {
          held.resolve();
          await move.promise;
        }
        if (step === "destroyVersion") {
          destroying.resolve();
          await destroy.promise;
        }
      };
      return { held, move, destroying, destroy };
    };

    test("a value that moves while its bytes are being taken away stays where it is, and moves again", async () => {
      const store = await fresh("embedded");
      const names = named(2);
      await createAll(store, names);
      const { held, move, destroying, destroy } = halted(a);
      const moving = migrate(store, "a");
      await held.promise;
      clock.pass(60 * 60_000);
      const paying = round();
      await destroying.promise;
      move.resolve();
      const moved = await moving;
      destroy.resolve();
      await paying;
      expect(await revealed(store, names)).toEqual(valuesOf(names));
      // The other one may have been quicker than who takes away.
      expect(moved.failed).toBeGreaterThan(0);
      expect(moved.moved + moved.failed).toBe(2);
      await emptied(a, moved.moved);
      expect(await migrate(store, "a")).toMatchObject({ moved: moved.failed, failed: 0, there: 2 });
      await emptied(a, 2);
      expect(await revealed(store, names)).toEqual(valuesOf(names));
    });

    test("a rotation that meets the same leaves each value under one of both keys", async () => {
      const store = await fresh("b");
      const names = named(2);
      await createAll(store, names);
      const before = b.bytes().length;
      const { held, move, destroying, destroy } = halted(b);
      await operations().keys.rotate(coffer.owner, home);
      const rewrap = () => operations().keys.rewrap(coffer.owner, home);
      const turning = rewrap();
      await held.promise;
      clock.pass(60 * 60_000);
      const paying = round();
      await destroying.promise;
      move.resolve();
      await turning;
      destroy.resolve();
      await paying;
      b.before = null;
      expect(await revealed(store, names)).toEqual(valuesOf(names));
      while (!(await rewrap()).ended) {
        // A chunk at a time.
      }
      const { progress } = await operations().keys.status(coffer.owner, home);
      expect(progress.done).toBe(progress.total);
      await emptied(b, before);
      expect(await revealed(store, names)).toEqual(valuesOf(names));
    });

    test("a backend that takes longer than a lease for a chunk gets it all the same", async () => {
      const store = await fresh("embedded");
      const names = named(40);
      await createAll(store, names);
      let puts = 0;
      b.before = async (step) => {
        if (step !== "put") return;
        puts += 1;
        clock.pass(leaseMs / 10);
        if (puts === 30) await round();
      };
      expect(await migrate(store, "b")).toMatchObject({ moved: 40, failed: 0, there: 40 });
      expect(await revealed(store, names)).toEqual(valuesOf(names));
    });

    test("a backend that is silent does not keep another's debts waiting", async () => {
      const [silent, well] = [await fresh("a"), await fresh("b")];
      const many = named(limits.reconcileRows + 20);
      await createAll(silent, many);
      await createAll(well, named(1));
      a.fails("deleteObject", "unavailable");
      b.fails("deleteObject", "unavailable");
      const purge = { removal: "purge", demandsPurge: true } as const;
      const { secrets } = operations();
      expect((await refusal(secrets.removeAll(coffer.owner, home, silent, many, purge))).code).toBe(
        "backend.unavailable",
      );
      clock.pass(1_000);
      await refusal(secrets.removeAll(coffer.owner, home, well, named(1), purge));
      b.fails("deleteObject", null);
      clock.pass(60_000);
      const [askedOfSilent, askedOfWell] = [a, b].map(({ calls }) => calls.deleteObject);
      await round();
      expect(b.calls.deleteObject).toBe((askedOfWell ?? 0) + 1);
      // It was asked by as many as ask at once, and then no more.
      expect(a.calls.deleteObject).toBeLessThanOrEqual((askedOfSilent ?? 0) + limits.remoteWritesMax);
    });
  });
}
