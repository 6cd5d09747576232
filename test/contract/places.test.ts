// What the core promises about organizations, stores, the feed and custody, on both engines.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { slugFrom } from "../../src/core/organizations/organization.ts";
import { coffers, freshStore, heldClock, home, refusal, text } from "../support/coffers.ts";
import { startCoffer, type TestCoffer } from "../support/server.ts";

for (const engine of coffers) {
  describe(`places on ${engine.name}`, () => {
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

    test("a store's slug comes from its name, and the next free one where it is taken", async () => {
      const { stores } = operations;
      const slugs = [];
      for (const name of ["Prod EU", "prod-eu", "Prod_EU"]) {
        slugs.push((await stores.create(owner, home, { name })).slug);
      }
      expect(slugs).toEqual(["prod-eu", "prod-eu-2", "prod-eu-3"]);
      expect((await stores.create(owner, home, { name: "日本" })).slug).toBe("store");
      const given = stores.create(owner, home, { name: "x", slug: "prod-eu" });
      expect((await refusal(given)).code).toBe("store.slug_taken");
      const unique = stores.create(owner, home, { name: "Prod EU", uniqueName: true });
      expect((await refusal(unique)).code).toBe("store.slug_taken");
      const asId = stores.create(owner, home, { name: "x", slug: "01a1f8c3-d321-77e8-9827-78a042bbf2df" });
      expect((await refusal(asId)).code).toBe("request.invalid");
      expect(slugFrom("01a1f8c3-d321-77e8-9827-78a042bbf2df")).toBe("store");
    });

    test("a store with live secrets goes only by force; its trash finds a home in the default store", async () => {
      const { stores, secrets } = operations;
      const store = await freshStore(coffer, "Doomed");
      const first = await secrets.create(owner, home, store, { name: "a", value: text("kept a") });
      await secrets.remove(owner, home, store, { name: "a" }, { removal: "trash" });
      const second = await secrets.create(owner, home, store, { name: "b", value: text("kept b") });
      const gently = stores.remove(owner, home, store, { force: false, removal: "trash" });
      expect((await refusal(gently)).code).toBe("store.not_empty");
      await stores.remove(owner, home, store, { force: true, removal: "trash" });
      expect((await refusal(stores.get(owner, home, store))).code).toBe("store.not_found");
      expect((await refusal(secrets.list(owner, home, store, {}))).code).toBe("store.not_found");
      for (const [id, kept] of [
        [first.id, "kept a"],
        [second.id, "kept b"],
      ] as const) {
        const back = await secrets.restore(owner, home, id, null);
        const revealed = await secrets.reveal(owner, home, { slug: "default" }, { id: back.id });
        expect(revealed.value?.reveal()).toBe(kept);
      }
      const defaultStore = stores.remove(owner, home, { slug: "default" }, { force: true, removal: "trash" });
      expect((await refusal(defaultStore)).code).toBe("store.is_default");
    });

    test("a store keeps each dialect's attributes apart", async () => {
      const { stores } = operations;
      const { id } = await stores.create(owner, home, {
        name: "Tagged",
        attributes: { one: { color: "red" } },
      });
      const changed = await stores.update(owner, home, { id }, { attributes: { two: [1] } });
      expect(changed.attributes).toEqual({ one: { color: "red" }, two: [1] });
      expect(await stores.get(owner, home, { id })).toEqual(changed);
    });

    test("the quota of stores holds", async () => {
      const { usage } = await operations.organizations.get(owner, home);
      await operations.organizations.update(owner, home, { limits: { stores: usage.stores } });
      expect((await refusal(freshStore(coffer))).code).toBe("quota.exceeded");
      await operations.organizations.update(owner, home, { limits: { stores: null } });
    });

    test("lists page through everything once, across stores and within one", async () => {
      const { secrets } = operations;
      const one = await freshStore(coffer, "List one");
      const two = await freshStore(coffer, "List two");
      for (const [index, store] of [one, two, one, two, one].entries()) {
        clock.pass(1);
        const name = `list-${index}`;
        await secrets.create(owner, home, store, { name, labels: { part: index < 3 ? "low" : "high" } });
      }
      const seen = [];
      for (let after = null; ; ) {
        const page = await secrets.list(owner, home, one, {
          limit: 2,
          after,
          order: "name",
          direction: "desc",
        });
        seen.push(...page.items.map(({ name }) => name));
        if (page.next === null) break;
        after = page.next;
      }
      expect(seen).toEqual(["list-4", "list-2", "list-0"]);
      const labels = [{ key: "part", operator: "in", values: ["low"] }] as const;
      const across = await secrets.list(owner, home, null, {
        search: "LIST-",
        labels,
        totals: true,
        offset: 1,
      });
      expect([across.total, across.items.map(({ name }) => name)]).toEqual([3, ["list-1", "list-2"]]);
    });

    test("every mutation is one revision of the feed, in order, with the metadata after it", async () => {
      const { secrets, feed, organizations } = operations;
      const store = await freshStore(coffer, "Fed");
      const since = (await organizations.get(owner, home)).revision;
      const made = await secrets.create(owner, home, store, {
        name: "fed",
        value: text("never told"),
        labels: { a: "1" },
      });
      await secrets.update(owner, home, store, { name: "fed" }, { labels: { a: "2" } });
      await secrets.update(owner, home, store, { name: "fed" }, { value: text("never told either") });
      await secrets.remove(owner, home, store, { name: "fed" }, { removal: "trash" });
      await secrets.purge(owner, home, made.id);
      const { items, revision } = await feed.changes(owner, home, since, { waitSeconds: 0, limit: 100 });
      expect(items.map((one) => [one.revision - since, one.kind, one.name])).toEqual([
        [1, "secret.created", "fed"],
        [2, "secret.updated", "fed"],
        [3, "secret.value", "fed"],
        [4, "secret.trashed", "fed"],
        [5, "secret.purged", "fed"],
      ]);
      expect(items[1]).toMatchObject({
        labelsBefore: { a: "1" },
        after: { labels: { a: "2" } },
        storeSlug: "fed",
      });
      expect(JSON.stringify(items)).not.toContain("never told");
      expect(revision).toBe(since + 5);
      const rest = await feed.changes(owner, home, revision, { waitSeconds: 0, limit: 100 });
      expect(rest).toEqual({ items: [], revision });
      const future = feed.changes(owner, home, revision + 1, { waitSeconds: 0, limit: 100 });
      expect(await refusal(future)).toMatchObject({ code: "feed.too_old", details: { revision } });
    });

    test("who waits for a change hears of it when it is committed", async () => {
      const { secrets, feed, organizations } = operations;
      const since = (await organizations.get(owner, home)).revision;
      const waiting = feed.changes(owner, home, since, { waitSeconds: 30, limit: 10 });
      await secrets.create(owner, home, home, { name: "heard" });
      expect((await waiting).items).toMatchObject([{ kind: "secret.created", name: "heard" }]);
    });

    test("who waits does so no longer than he asked, also when the clock is set back", async () => {
      const { feed, organizations } = operations;
      const since = (await organizations.get(owner, home)).revision;
      const waiting = feed.changes(owner, home, since, { waitSeconds: 1, limit: 10 });
      clock.pass(-3_600_000);
      expect(await waiting).toEqual({ items: [], revision: since });
      clock.pass(3_600_000);
    });

    test("only operators make organizations, and what they make is apart", async () => {
      const { organizations, secrets, stores } = operations;
      const made = await organizations.create(owner, { slug: "second", name: "Second" });
      expect(made).toMatchObject({ slug: "second", custody: "server", usage: { secrets: 0, stores: 1 } });
      await secrets.create(owner, { slug: "second" }, home, { name: "inside", value: text("2") });
      expect((await refusal(secrets.get(owner, home, home, { name: "inside" }))).code).toBe(
        "secret.not_found",
      );
      const foreign = await stores.create(owner, { id: made.id }, { name: "Foreign" });
      expect((await refusal(stores.get(owner, home, { id: foreign.id }))).code).toBe("store.not_found");
      const again = organizations.create(owner, { slug: "second", name: "Again" });
      expect((await refusal(again)).code).toBe("organization.slug_taken");
      const listed = await organizations.list(owner, { after: null, limit: 10 });
      expect(listed.items.map(({ slug }) => slug)).toEqual(["default", "second"]);
    });

    test("an organization that is not there is a refusal, and it is audited", async () => {
      const missing = operations.secrets.get(owner, { slug: "nowhere" }, home, { name: "x" });
      expect((await refusal(missing)).code).toBe("organization.not_found");
    });

    test("under client custody the server holds what it cannot read, and refuses what it cannot do", async () => {
      const { organizations, secrets } = operations;
      await organizations.create(owner, { slug: "sealed", name: "Sealed", custody: "client" });
      const org = { slug: "sealed" };
      const opaque = { name: "2.abc==|def==|ghi==", value: text("2.v"), description: "2.d", opaque: true };
      const made = await secrets.create(owner, org, home, opaque);
      expect(
        (await secrets.reveal(owner, org, home, { id: made.id }, { opaque: true })).value?.reveal(),
      ).toBe("2.v");
      const refused = {
        "a readable value": () => secrets.reveal(owner, org, home, { id: made.id }),
        "a plain secret": () => secrets.create(owner, org, home, { name: "plain", value: text("v") }),
        "a plain value": () => secrets.update(owner, org, home, { id: made.id }, { value: text("v") }),
        "a plain name": () => secrets.update(owner, org, home, { id: made.id }, { name: "plain" }),
        "a search": () => secrets.list(owner, org, home, { search: "a" }),
        "an order by name": () => secrets.list(owner, org, home, { order: "name" }),
      };
      for (const [what, attempt] of Object.entries(refused)) {
        expect([what, (await refusal(attempt())).code]).toEqual([what, "custody.client"]);
      }
      const byName = secrets.reveal(owner, org, home, { name: opaque.name }, { opaque: true });
      expect((await refusal(byName)).code).toBe("secret.not_found");
      const sealedHere = secrets.create(owner, home, home, { ...opaque, name: "2.x" });
      expect((await refusal(sealedHere)).code).toBe("custody.client");
    });

    test.each([
      ["name", 1_000, { name: "x".repeat(1_000) }, { name: "x".repeat(1_001) }],
      ["description", 10_000, { description: "d".repeat(10_000) }, { description: "d".repeat(10_001) }],
    ])("client custody bounds the %s at %d characters", async (field, limit, within, beyond) => {
      const { organizations, secrets } = operations;
      const slug = `bounds-${field}`;
      await organizations.create(owner, { slug, name: "Bounds", custody: "client" });
      const make = (parts: object) =>
        secrets.create(owner, { slug }, home, { name: "2.a", opaque: true, ...parts });
      await make(within);
      expect(await refusal(make(beyond))).toMatchObject({
        code: "request.invalid",
        details: { field, limit },
      });
    });

    test("audit names who did what by which way, and tells it newest first", async () => {
      const { secrets, audit } = operations;
      const store = await freshStore(coffer, "Audited");
      const { id } = await secrets.create(owner, home, store, { name: "audited", value: text("v") });
      clock.pass(1);
      await secrets.reveal(owner, home, store, { name: "audited" });
      await refusal(secrets.reveal(owner, home, store, { name: "audited-not" }));
      const all = {
        action: null,
        caller: null,
        target: null,
        outcome: null,
        dialect: null,
        since: null,
        until: null,
      };
      const about = await audit.list(owner, home, { ...all, target: id }, { before: null, limit: 10 });
      expect(about.items).toHaveLength(2);
      for (const [index, action] of ["secret.reveal", "secret.create"].entries()) {
        expect(about.items[index]).toMatchObject({
          action,
          callerKind: "person",
          callerId: owner.id,
          tokenId: owner.tokenId,
          dialect: "test",
          targetName: "audited",
          outcome: "allowed",
          because: "role: owner",
        });
      }
      const failed = await audit.list(
        owner,
        home,
        { ...all, target: "audited-not" },
        { before: null, limit: 10 },
      );
      expect(failed.items).toMatchObject([
        { action: "secret.reveal", outcome: "failed", because: "secret.not_found" },
      ]);
    });
  });
}

test("a server that stops lets its waiting readers go", async () => {
  const coffer = await startCoffer();
  const { owner, node } = coffer;
  const { revision } = await node.operations.organizations.get(owner, home);
  const since = `/v1/organizations/default/changes?since=${revision}&wait=60`;
  const waiting = coffer.call(coffer.token).get(since);
  await new Promise((resolve) => setTimeout(resolve, 100));
  const began = performance.now();
  await coffer.stop();
  expect((await waiting).body).toEqual({ items: [], revision });
  expect(performance.now() - began).toBeLessThan(10_000);
});
