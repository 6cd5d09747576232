// Values that lie in another backend, through the core's operations on both engines.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { limits } from "../../src/core/limits.ts";
import type { Ref } from "../../src/core/organizations/organization.ts";
import { coffers, heldClock, home, refusal, text } from "../support/coffers.ts";
import { type MemoryBackend, memoryBackend } from "../support/memory-backend.ts";
import type { TestCoffer } from "../support/server.ts";

for (const engine of coffers) {
  for (const payload of ["sealed", "native"] as const) {
    describe(`${payload} values in another backend, on ${engine.name}`, () => {
      let coffer: TestCoffer;
      let backend: MemoryBackend;
      let store: Ref;
      const clock = heldClock();
      beforeAll(async () => {
        backend = memoryBackend({ payload, maxBytes: 1_000 });
        coffer = await engine.start({ backends: [backend], clock });
        const { stores } = coffer.node.operations;
        store = { id: (await stores.create(coffer.owner, home, { name: "Far", backend: "vault" })).id };
      });
      afterAll(() => coffer.stop());

      const secrets = () => coffer.node.operations.secrets;
      const create = (name: string, value: string) =>
        secrets().create(coffer.owner, home, store, { name, value: text(value) });
      const reveal = async (name: string, version?: number) => {
        const options = version === undefined ? {} : { version };
        const { value } = await secrets().reveal(coffer.owner, home, store, { name }, options);
        return value?.reveal();
      };
      const update = (name: string, value: string) =>
        secrets().update(coffer.owner, home, store, { name }, { value: text(value) });
      const remoteOf = (id: string) =>
        [...backend.objects].filter(([ref]) => ref.endsWith(id)).flatMap(([, { versions }]) => [...versions]);

      test("a value is written there and read from there, whole", async () => {
        const created = await create("ROUND", "across the\u0000 sea \ufeff");
        expect(await reveal("ROUND")).toBe("across the\u0000 sea \ufeff");
        const [[, stored] = []] = remoteOf(created.id);
        const plain = Buffer.from(stored?.bytes ?? []).includes("across the");
        expect(plain).toBe(payload === "native");
      });

      test("neither the database nor its log holds the value", async () => {
        const canary = `canary-${payload}-5f1c`;
        await create("CANARY", canary);
        if (engine.name !== "SQLite") return;
        const files = readdirSync(coffer.data).filter((name) => name.startsWith("coffer.db"));
        expect(files.length).toBeGreaterThan(0);
        const all = Buffer.concat(files.map((name) => readFileSync(join(coffer.data, name))));
        expect([all.includes("CANARY"), all.includes(canary)]).toEqual([true, false]);
      });

      test("an update makes a next version, and the one before is still there", async () => {
        const { id } = await create("TWICE", "one");
        const updated = await update("TWICE", "two");
        expect(updated).toMatchObject({ id, version: 2 });
        expect(await reveal("TWICE")).toBe("two");
        expect(await reveal("TWICE", 1)).toBe("one");
        expect(remoteOf(id)).toHaveLength(2);
      });

      test("copies and restored versions are values of their own there", async () => {
        await create("SOURCE", "first");
        await update("SOURCE", "second");
        const copy = await secrets().duplicate(
          coffer.owner,
          home,
          store,
          { name: "SOURCE" },
          { name: "COPY" },
        );
        expect(await reveal("COPY")).toBe("second");
        expect(remoteOf(copy.id)).toHaveLength(1);
        await secrets().restoreVersion(coffer.owner, home, store, { name: "SOURCE" }, 1);
        expect(await reveal("SOURCE")).toBe("first");
      });

      test("many at once are all there or none is", async () => {
        const many = ["A", "B", "C"].map((name) => ({ name: `MANY_${name}`, value: text(name) }));
        await secrets().createAll(coffer.owner, home, store, many);
        expect(await reveal("MANY_C")).toBe("C");
        const names = ["MANY_C", "NOBODY", "MANY_A"].map((name) => ({ name }));
        const batch = await secrets().revealAll(coffer.owner, home, store, names);
        expect(batch.map((item) => item.revealed?.value?.reveal() ?? item.error?.code)).toEqual([
          "C",
          "secret.not_found",
          "A",
        ]);
        let left = 2;
        backend.before = (step) => {
          if (step === "put") left -= 1;
          if (left < 0) backend.fails("put", "unavailable");
        };
        const others = ["A", "B", "C"].map((name) => ({ name: `OTHER_${name}`, value: text(name) }));
        const error = await refusal(secrets().createAll(coffer.owner, home, store, others));
        expect(error.code).toBe("backend.unavailable");
        backend.before = null;
        backend.fails("put", null);
        const page = await secrets().list(coffer.owner, home, store, { search: "OTHER_" });
        expect(page.items).toEqual([]);
        await secrets().createAll(coffer.owner, home, store, others);
        expect(await reveal("OTHER_B")).toBe("B");
      });

      test("a value longer than the backend takes is refused before anything is written", async () => {
        const { put } = backend.calls;
        const overhead = payload === "sealed" ? 33 : 0;
        const error = await refusal(create("LONG", "x".repeat(1_001 - overhead)));
        expect(error).toMatchObject({ code: "request.invalid", details: { limit: 1_000 - overhead } });
        expect(backend.calls.put).toBe(put);
        await create("LONG", "x".repeat(1_000 - overhead));
      });

      test("while the backend is down nothing is written, and metadata answers", async () => {
        await create("STEADY", "old");
        backend.fails("all", "unavailable");
        expect((await refusal(update("STEADY", "new"))).code).toBe("backend.unavailable");
        expect((await refusal(create("NEWER", "x"))).code).toBe("backend.unavailable");
        expect((await refusal(reveal("STEADY"))).code).toBe("backend.unavailable");
        const found = await secrets().get(coffer.owner, home, store, { name: "STEADY" });
        expect(found.version).toBe(1);
        const renamed = { description: "meanwhile" };
        await secrets().update(coffer.owner, home, store, { name: "STEADY" }, renamed);
        backend.fails("all", null);
        expect(await reveal("STEADY")).toBe("old");
        await create("NEWER", "x");
      });

      test("an answer that was lost is looked up, not sent again", async () => {
        const { put } = backend.calls;
        backend.losesAnswer = true;
        const { id } = await create("LOST", "arrived");
        expect(await reveal("LOST")).toBe("arrived");
        expect(backend.calls.put).toBe(put + 1);
        expect(remoteOf(id)).toHaveLength(1);
      });

      test("a creation under way keeps its name and is not seen", async () => {
        const reached = Promise.withResolvers<void>();
        const free = Promise.withResolvers<void>();
        backend.before = async (step) => {
          if (step !== "put") return;
          reached.resolve();
          await free.promise;
        };
        const first = create("SLOW", "slow");
        await reached.promise;
        const get = secrets().get(coffer.owner, home, store, { name: "SLOW" });
        expect((await refusal(get)).code).toBe("secret.not_found");
        expect((await refusal(create("SLOW", "second"))).code).toBe("secret.name_taken");
        free.resolve();
        backend.before = null;
        await first;
        expect(await reveal("SLOW")).toBe("slow");
      });

      test("whose right is taken while the value travels writes nothing", async () => {
        const { tokens } = coffer.node.operations;
        const owner = { kind: "person", id: coffer.owner.id } as const;
        const before = await tokens.mint(coffer.owner, home, owner, { name: "short" });
        const caller = { ...coffer.owner, tokenId: before.token.id };
        backend.before = async (step) => {
          if (step === "put") await tokens.revoke(coffer.owner, home, before.token.id);
        };
        const late = secrets().create(caller, home, store, { name: "REVOKED", value: text("x") });
        expect((await refusal(late)).code).toBe("caller.unauthenticated");
        backend.before = null;
        await create("REVOKED", "mine");
      });

      test("a value that is not there, or is another, is an error and never an older one", async () => {
        const { id } = await create("GONE", "old");
        await update("GONE", "new");
        const newest = remoteOf(id).at(-1);
        const object = [...backend.objects].find(([ref]) => ref.endsWith(id))?.[1];
        const [oldest] = object?.versions ?? [];
        if (newest === undefined || oldest === undefined || object === undefined)
          throw new Error("not there");
        object.versions.set(newest[0], oldest[1]);
        expect((await refusal(reveal("GONE"))).code).toBe("value.integrity");
        object.versions.delete(newest[0]);
        // One that was written a moment ago would be asked for again.
        clock.pass(limits.remoteYoungMs);
        expect((await refusal(reveal("GONE"))).code).toBe("value.missing");
        expect((await secrets().get(coffer.owner, home, store, { name: "GONE" })).version).toBe(2);
      });
    });
  }
}
