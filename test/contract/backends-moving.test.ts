// Values that move: between backends, under another key, and while others change or remove them.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { owedDue } from "../../src/core/backends/reconcile.ts";
import type { Ref } from "../../src/core/organizations/organization.ts";
import { openSource, verify } from "../../src/verify/index.ts";
import { coffers, heldClock, home, lastingOwner, refusal, text } from "../support/coffers.ts";
import { type MemoryBackend, memoryBackend } from "../support/memory-backend.ts";
import { sharedPostgres } from "../support/postgres.ts";
import { reconcilerOf, type TestReconciler } from "../support/reconciling.ts";
import { startCoffer, type TestCoffer } from "../support/server.ts";

for (const engine of coffers) {
  describe(`moving values, on ${engine.name}`, () => {
    let coffer: TestCoffer;
    let database: string | undefined;
    let reconciler: TestReconciler;
    const clock = heldClock(Date.now());
    const sealed: MemoryBackend = memoryBackend({ name: "sealed", now: clock.now });
    const native: MemoryBackend = memoryBackend({ name: "native", payload: "native", now: clock.now });
    beforeAll(async () => {
      if (engine.name === "PostgreSQL") database = await (await sharedPostgres()).database();
      const started = await startCoffer({
        backends: [sealed, native],
        clock,
        env: { COFFER_RECONCILER_LEASE_SECONDS: "1" },
        ...(database === undefined ? {} : { database }),
      });
      coffer = { ...started, owner: await lastingOwner(started) };
      reconciler = reconcilerOf(coffer);
    });
    afterAll(() => coffer.stop());

    const operations = () => coffer.node.operations;
    const fresh = async (backend?: string): Promise<Ref> => {
      const made = { name: "Fresh", ...(backend === undefined ? {} : { backend }) };
      return { id: (await operations().stores.create(coffer.owner, home, made)).id };
    };
    const create = (store: Ref, name: string, value: string) =>
      operations().secrets.create(coffer.owner, home, store, { name, value: text(value) });
    const update = (store: Ref, name: string, value: string) =>
      operations().secrets.update(coffer.owner, home, store, { name }, { value: text(value) });
    const reveal = async (store: Ref, name: string, version?: number) => {
      const options = version === undefined ? {} : { version };
      const { value } = await operations().secrets.reveal(coffer.owner, home, store, { name }, options);
      return value?.reveal();
    };
    const migrate = async (store: Ref, backend: string) => {
      const steps = [];
      for (let after: string | null = null; ; ) {
        const step: Awaited<ReturnType<ReturnType<typeof operations>["stores"]["migrate"]>> =
          await operations().stores.migrate(coffer.owner, home, store, { backend, after });
        steps.push(step);
        after = step.next;
        if (after === null) return steps;
      }
    };
    const quiet = async () => {
      for (let turn = 0; turn < 10; turn += 1) {
        await reconciler.step(() => false);
        clock.pass(60 * 60_000);
        const now = Number.MAX_SAFE_INTEGER;
        if ((await coffer.node.context.database.point(owedDue, { now, silent: [] })).length === 0) return;
      }
      throw new Error("something is owed for ever");
    };

    test("a store's values, past ones too, move from place to place and stay what they are", async () => {
      const store = await fresh();
      for (const name of ["A", "B", "C"]) await create(store, name, `${name}1`);
      await update(store, "B", "B2");
      for (const backend of ["sealed", "native", "sealed", "embedded", "native", "embedded"]) {
        const steps = await migrate(store, backend);
        expect(steps.at(-1)).toMatchObject({ failed: 0, total: 4, there: 4, next: null });
        expect(await reveal(store, "A")).toBe("A1");
        expect(await reveal(store, "B")).toBe("B2");
        expect(await reveal(store, "B", 1)).toBe("B1");
        expect((await operations().stores.get(coffer.owner, home, store)).backend).toBe(backend);
        expect((await operations().secrets.get(coffer.owner, home, store, { name: "A" })).backend).toBe(
          backend,
        );
        await quiet();
        for (const each of [sealed, native]) {
          expect(each.bytes()).toHaveLength(each.name === backend ? 4 : 0);
        }
      }
    });

    test("more than one chunk moves in several requests, and again moves nothing", async () => {
      const store = await fresh();
      const many = Array.from({ length: 70 }, (_, at) => ({ name: `S${at}`, value: text(`v${at}`) }));
      await operations().secrets.createAll(coffer.owner, home, store, many);
      expect((await migrate(store, "sealed")).map(({ moved }) => moved)).toEqual([64, 6]);
      expect((await migrate(store, "sealed")).map(({ moved }) => moved)).toEqual([0]);
      expect(await reveal(store, "S69")).toBe("v69");
    });

    test("what cannot move stays, is counted, and moves the next time", async () => {
      const store = await fresh();
      await create(store, "STAYS", "here");
      native.fails("put", "unavailable");
      expect(await migrate(store, "native")).toMatchObject([{ moved: 0, failed: 1, there: 0 }]);
      native.fails("put", null);
      expect(await reveal(store, "STAYS")).toBe("here");
      expect(await migrate(store, "native")).toMatchObject([{ moved: 1, failed: 0, there: 1 }]);
      expect(await reveal(store, "STAYS")).toBe("here");
    });

    test("a secret that is removed while its value moves leaves nothing there", async () => {
      const store = await fresh();
      const { id } = await create(store, "RACED", "x");
      sealed.before = async (step) => {
        if (step !== "put") return;
        sealed.before = null;
        await operations().secrets.remove(coffer.owner, home, store, { id }, { removal: "purge" });
      };
      expect(await migrate(store, "sealed")).toMatchObject([{ moved: 0 }]);
      await quiet();
      const left = [...sealed.objects].find(([ref]) => ref.endsWith(id))?.[1].versions.size ?? 0;
      expect(left).toBe(0);
    });

    test("a rotation seals anew what lies elsewhere, and leaves what is not sealed", async () => {
      const [there, plain] = [await fresh("sealed"), await fresh("native")];
      await create(there, "TURNED", "one");
      await update(there, "TURNED", "two");
      await create(plain, "PLAIN", "plain");
      const before = sealed.bytes().map((bytes) => Buffer.from(bytes).toString("hex"));
      const { puts } = { puts: native.calls.put };
      await operations().keys.rotate(coffer.owner, home);
      while (!(await operations().keys.rewrap(coffer.owner, home)).ended) {
        // A chunk at a time.
      }
      const { progress, terms } = await operations().keys.status(coffer.owner, home);
      expect(progress.done).toBe(progress.total);
      expect(terms.at(-1)?.emptiedAt).not.toBeNull();
      await quiet();
      const after = sealed.bytes().map((bytes) => Buffer.from(bytes).toString("hex"));
      expect(after).toHaveLength(before.length);
      expect(after.filter((bytes) => before.includes(bytes))).toEqual([]);
      expect(native.calls.put).toBe(puts);
      expect(await reveal(there, "TURNED")).toBe("two");
      expect(await reveal(there, "TURNED", 1)).toBe("one");
      expect(await reveal(plain, "PLAIN")).toBe("plain");
    });

    test("whoever takes longer than his lease is not told of success, and leaves nothing", async () => {
      const store = await fresh("sealed");
      const kept = await create(store, "KEPT", "old");
      const [reached, free] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      sealed.before = async (step) => {
        if (step !== "put") return;
        sealed.before = null;
        reached.resolve();
        await free.promise;
      };
      const late = refusal(update(store, "KEPT", "late"));
      await reached.promise;
      // On PostgreSQL it is the database's clock that has to come so far.
      for (let pending = true; pending; ) {
        clock.pass(2_000);
        await reconciler.step(() => false);
        const [status] = await operations().backends.status(coffer.owner);
        pending = status?.pending !== 0;
      }
      free.resolve();
      expect((await late).code).toBe("backend.unavailable");
      expect(await reveal(store, "KEPT")).toBe("old");
      expect(await operations().secrets.get(coffer.owner, home, store, { name: "KEPT" })).toEqual({
        ...kept,
        lastReadAt: expect.anything(),
      });
    });

    test("a name that a dead writer took is free again when his lease has ended", async () => {
      const store = await fresh("sealed");
      const reached = Promise.withResolvers<void>();
      sealed.before = async (step) => {
        if (step !== "put") return;
        sealed.before = null;
        reached.resolve();
        await new Promise(() => {});
      };
      void create(store, "TAKEN", "never");
      await reached.promise;
      expect((await refusal(create(store, "TAKEN", "second"))).code).toBe("secret.name_taken");
      for (let taken = true; taken; ) {
        clock.pass(2_000);
        await reconciler.step(() => false);
        const [status] = await operations().backends.status(coffer.owner);
        taken = status?.pending !== 0;
      }
      await create(store, "TAKEN", "second");
      expect(await reveal(store, "TAKEN")).toBe("second");
    });

    test("a store with writes under way can be deleted, and they end as failures", async () => {
      const store = await fresh("sealed");
      sealed.before = async (step) => {
        if (step !== "put") return;
        sealed.before = null;
        await operations().stores.remove(coffer.owner, home, store, { force: true, removal: "trash" });
      };
      const code = (await refusal(create(store, "HOMELESS", "x"))).code;
      expect(code).toBe("store.not_found");
      await quiet();
    });

    test("with an organization goes what it had elsewhere", async () => {
      const slug = `ended-${engine.name.toLowerCase()}`;
      const { id } = await operations().organizations.create(coffer.owner, { slug, name: "Ended" });
      const there = { name: "There", backend: "sealed" };
      const store = { id: (await operations().stores.create(coffer.owner, { id }, there)).id };
      const value = text("x");
      await operations().secrets.create(coffer.owner, { id }, store, { name: "GONE", value });
      await operations().secrets.create(coffer.owner, { id }, store, { name: "GOING", value });
      sealed.fails("deleteObject", "unavailable");
      const purge = { removal: "purge" } as const;
      await refusal(operations().secrets.remove(coffer.owner, { id }, store, { name: "GOING" }, purge));
      const held = () => [...sealed.objects.keys()].filter((ref) => ref.startsWith(id)).length;
      expect(held()).toBe(2);
      await operations().organizations.remove(coffer.owner, { id }, { force: true });
      await operations().organizations.work(() => false);
      sealed.fails("deleteObject", null);
      await quiet();
      expect(held()).toBe(0);
    });

    test("who has a store to himself does not choose where the organization's values lie", async () => {
      const { stores, machines, grants, tokens } = operations();
      const store = await fresh();
      const machine = await machines.create(coffer.owner, home, { name: "mover" });
      const object = { kind: "store", id: "id" in store ? store.id : "" } as const;
      const subject = { kind: "machine", id: machine.id } as const;
      await grants.put(coffer.owner, home, { subject, object, level: "write" });
      const { token } = await tokens.mint(coffer.owner, home, subject, { name: "t" });
      const caller = { ...coffer.owner, kind: "machine", id: machine.id, tokenId: token.id } as const;
      await stores.update(caller, home, store, { name: "Mine" });
      for (const backend of ["sealed", "unheard-of"]) {
        expect((await refusal(stores.update(caller, home, store, { backend }))).code).toBe("caller.denied");
        const moving = stores.migrate(caller, home, store, { backend, after: null });
        expect((await refusal(moving)).code).toBe("caller.denied");
      }
      const unknown = stores.update(coffer.owner, home, store, { backend: "unheard-of" });
      expect((await refusal(unknown)).code).toBe("backend.not_found");
    });

    test("the trail and the tables agree after all of it", async () => {
      await quiet();
      await coffer.node.signHeads();
      const source = await openSource(database === undefined ? { data: coffer.data } : { database });
      const { findings } = await verify(source, {}).finally(() => source.close());
      expect(findings).toEqual([]);
    });
  });
}
