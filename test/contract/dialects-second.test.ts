// What the second dialect asked of the core, on both engines.
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Caller } from "../../src/core/caller.ts";
import type { Ref } from "../../src/core/organizations/organization.ts";
import type { Intent } from "../../src/core/preflight.ts";
import { coffers, freshStore, home, refusal, text } from "../support/coffers.ts";
import type { TestCoffer } from "../support/server.ts";

for (const engine of coffers) {
  describe(`operations for the second dialect on ${engine.name}`, () => {
    let coffer: TestCoffer;
    let owner: Caller;
    beforeAll(async () => {
      coffer = await engine.start();
      owner = coffer.owner;
    });
    afterAll(() => coffer.stop());
    const operations = () => coffer.node.operations;
    const store = async (): Promise<Ref & { readonly id: string }> => {
      const { id } = (await freshStore(coffer)) as { id: string };
      return { id };
    };
    const add = (place: Ref, name: string, more: object = {}) =>
      operations().secrets.create(owner, home, place, { name, value: text(`of ${name}`), ...more });

    /** A service's session, as its token would be authenticated. */
    const aService = async (name: string, stores?: readonly string[]): Promise<Caller> => {
      const { services, tokens } = operations();
      const { id } = await services.create(owner, home, { name, stores: null });
      const request = { name: "t", ...(stores === undefined ? {} : { stores }) };
      const { token } = await tokens.mint(owner, home, { kind: "service", id }, request);
      return { ...owner, kind: "service", id, name, tokenId: token.id };
    };

    test("several stores are made together, or none of them", async () => {
      const { stores } = operations();
      const names = ["One", "Two", "Three"].map((name) => ({ name: `${name} ${randomUUID()}` }));
      const made = await stores.createAll(owner, home, names);
      expect(made.map(({ name }) => name)).toEqual(names.map(({ name }) => name));
      const taken = [
        { name: "Alone", uniqueName: true },
        { ...names[0], name: "Alone", uniqueName: true },
      ];
      const error = await refusal(stores.createAll(owner, home, taken));
      expect([error.code, error.details.index]).toEqual(["store.slug_taken", 1]);
      expect((await stores.createAll(owner, home, [{ name: "Alone", uniqueName: true }])).length).toBe(1);
      const many = Array.from({ length: 101 }, (_, index) => ({ name: `S${index}` }));
      expect((await refusal(stores.createAll(owner, home, many))).details.field).toBe("items");
      expect(await stores.createAll(owner, home, [])).toEqual([]);
    });

    test("stores are listed by name, creation and change, in both directions", async () => {
      const { stores } = operations();
      const [first] = await stores.createAll(owner, home, [{ name: "zzz" }, { name: "aaa" }]);
      await stores.update(owner, home, { id: first?.id ?? "" }, { name: "zzz, changed" });
      const names = async (by: "name" | "created" | "updated", direction: "asc" | "desc") => {
        const page = { limit: 1_000, order: { by, direction } };
        return (await stores.list(owner, home, page)).items.map(({ name }) => name);
      };
      const byName = await names("name", "asc");
      expect(byName).toEqual([...byName].sort());
      for (const by of ["name", "created", "updated"] as const) {
        expect(await names(by, "desc")).toEqual((await names(by, "asc")).toReversed());
      }
      expect((await names("created", "asc")).slice(-2)).toEqual(["zzz, changed", "aaa"]);
      expect((await names("updated", "desc"))[0]).toBe("zzz, changed");
    });

    test("what is searched for comes first where it is a whole name, on every page once", async () => {
      const place = await store();
      for (const name of ["X_1", "X_2", "AX_", "X_", "x_"]) await add(place, name);
      const walk = async (exactFirst: boolean) => {
        const names: string[] = [];
        for (let offset = 0; ; offset += 2) {
          const query = { search: "X_", offset, limit: 2, exactFirst };
          const { items } = await operations().secrets.list(owner, home, place, query);
          if (items.length === 0) return names;
          names.push(...items.map(({ name }) => name));
        }
      };
      expect(await walk(true)).toEqual(["X_", "X_1", "X_2", "AX_", "x_"]);
      expect(await walk(false)).toEqual(["X_1", "X_2", "AX_", "X_", "x_"]);
    });

    test("many values are read whole, or none of them", async () => {
      const place = await store();
      const name = `reader-${randomUUID()}`;
      const reader = await aService(name);
      for (const each of ["A", "B"]) await add(place, each, { consumers: [name] });
      const { id: strange } = await add(place, "OTHERS");
      const read = (...names: readonly string[]) =>
        operations().secrets.revealAll(
          reader,
          home,
          place,
          names.map((each) => ({ name: each })),
          { whole: true },
        );
      const values = (await read("B", "A")).map(({ revealed }) => revealed?.value?.reveal());
      expect(values).toEqual(["of B", "of A"]);
      const before = await operations().secrets.get(owner, home, place, { name: "A" });
      const missing = await refusal(read("A", "NOTHING"));
      expect([missing.code, missing.details.index]).toEqual(["secret.not_found", 1]);
      const denied = await refusal(read("OTHERS", "A"));
      expect([denied.code, denied.details.index]).toEqual(["caller.denied", 0]);
      expect((await operations().secrets.get(owner, home, place, { id: strange })).lastReadAt).toBeNull();
      expect((await operations().secrets.get(owner, home, place, { name: "A" })).lastReadAt).toBe(
        before.lastReadAt,
      );
    });

    test("a value is not handed out to who has that version", async () => {
      const place = await store();
      await add(place, "A");
      const read = async (...unlessVersions: readonly number[]) =>
        (await operations().secrets.reveal(owner, home, place, { name: "A" }, { unlessVersions })).value;
      expect(await read(1)).toBeNull();
      expect(await read(2, 1)).toBeNull();
      expect(await read(2)).not.toBeNull();
      await operations().secrets.update(owner, home, place, { name: "A" }, { value: text("next") });
      expect(await read(1)).not.toBeNull();
    });

    test("to a service's token that is bound to stores the others are not there", async () => {
      const [mine, other] = [await store(), await store()];
      const name = `bound-${randomUUID()}`;
      const bound = await aService(name, [mine.id]);
      for (const place of [mine, other]) await add(place, "A", { consumers: [name] });
      const read = (place: Ref, secret: string) =>
        operations().secrets.reveal(bound, home, place, { name: secret });
      expect((await read(mine, "A")).version).toBe(1);
      expect((await refusal(read(mine, "B"))).code).toBe("secret.not_found");
      for (const secret of ["A", "B"])
        expect((await refusal(read(other, secret))).code).toBe("store.not_found");
    });

    test("preflight refuses kinds of callers, and asks for no scope where there is none", async () => {
      const { preflight, demandScope } = operations();
      const intent = (kinds: Intent["kinds"]): Intent => ({
        action: "secret.list",
        scope: null,
        place: "anywhere",
        ...(kinds === undefined ? {} : { kinds }),
      });
      for (const kinds of [undefined, ["person"]] as const) {
        expect((await preflight(owner, home, intent(kinds))).slug).toBe("default");
      }
      const error = await refusal(preflight(owner, home, intent(["service"])));
      expect([error.code, error.because]).toEqual(["caller.denied", "person: not for these"]);
      expect((await refusal(demandScope(owner, intent(["machine"])))).code).toBe("caller.denied");
      await demandScope(owner, intent(undefined));
    });

    test("one's memberships, in pages, with what is granted on all of each", async () => {
      const { organizations, people, tokens } = operations();
      const before = await people.memberships(owner, { offset: 0, limit: 10 });
      const slug = `m-${randomUUID()}`;
      await organizations.create(owner, { slug, name: "Another" });
      const { items, total } = await people.memberships(owner, { offset: 0, limit: 10 });
      expect([items.length, total]).toEqual([before.total + 1, before.total + 1]);
      expect(items.map(({ role, level }) => [role, level])).toEqual(items.map(() => ["owner", null]));
      const second = await people.memberships(owner, { offset: 1, limit: 1 });
      expect(second).toEqual({ items: items.slice(1, 2), total });
      const principal = { kind: "person", id: owner.id } as const;
      const { token } = await tokens.mint(owner, { slug }, principal, { name: "bound" });
      const bound = { ...owner, tokenId: token.id };
      const only = await people.memberships(bound, { offset: 0, limit: 10 });
      expect(only.items.map(({ organization }) => organization.slug)).toEqual([slug]);
      const narrow = await tokens.mint(owner, home, principal, { name: "n", scopes: ["secret.list"] });
      const narrowed = { ...owner, tokenId: narrow.token.id };
      expect((await refusal(people.memberships(narrowed, { offset: 0, limit: 1 }))).code).toBe(
        "caller.denied",
      );
    });
  });
}
