import { describe, expect, test } from "vitest";
import type { Secret } from "../../src/core/secrets/secret.ts";
import { onEachEngine } from "../support/repositories.ts";
import { ada, aPlace, aSecret, aStore, aValue, aVersion, plain, robot } from "../support/rows.ts";

onEachEngine("secrets", (bench) => {
  const full = (secret: Secret): Secret => ({
    ...secret,
    description: "line one\nline two ✓",
    policy: "- claims:\n    a: b\n",
    consumers: ["worker", "Ärger"],
    labels: { "app.kubernetes.io/name": "web", tier: "" },
    annotations: { note: '{"json": 1}\n' },
    attributes: { grafana: { generation: 3, owners: [null, true] } },
    version: 2,
    versionId: "v-2",
    updatedAt: 2_000,
    updatedBy: robot,
    expiresAt: 9_007_199_254_740_991,
    deletedAt: 4_000,
    deletedBy: ada,
    purgeAt: 5_000,
    revision: 4_294_967_296,
  });

  test("every field comes back as it was written, set or unset", async () => {
    const { organization, store } = await aPlace(bench.tx);
    const unset = aSecret(store);
    const set = { ...full(aSecret(store)), lastReadAt: 3_000 };
    await bench.tx.secrets.insert(unset);
    await bench.tx.secrets.insert(set);
    expect(await bench.tx.secrets.get(organization.id, unset.id)).toEqual(unset);
    expect(await bench.tx.secrets.get(organization.id, set.id)).toEqual(set);
  });

  test("an update writes every field but the time of the last read, and can unset them all", async () => {
    const { organization, store } = await aPlace(bench.tx);
    const other = aStore(await organizationOf(organization.id));
    await bench.tx.stores.insert(other);
    const before = aSecret(store, { lastReadAt: 7 });
    await bench.tx.secrets.insert(before);
    const moved = { ...full(before), name: "renamed", storeId: other.id, lastReadAt: 99 };
    expect(await bench.tx.secrets.update(moved, before.revision)).toBe(true);
    expect(await bench.tx.secrets.get(organization.id, before.id)).toEqual({ ...moved, lastReadAt: 7 });
    expect(await bench.tx.secrets.update({ ...before, revision: 9 }, moved.revision)).toBe(true);
    expect(await bench.tx.secrets.get(organization.id, before.id)).toEqual({ ...before, revision: 9 });
  });

  test("an update of a row that another writer moved on changes nothing", async () => {
    const { organization, store } = await aPlace(bench.tx);
    const secret = aSecret(store, { labels: { a: "1" } });
    await bench.tx.secrets.insert(secret);
    const stale = { ...secret, name: "late", labels: { a: "2" }, revision: 3 };
    expect(await bench.tx.secrets.update(stale, 2)).toBe(false);
    expect(await bench.tx.secrets.get(organization.id, secret.id)).toEqual(secret);
    expect(await found({ labels: [{ key: "a", operator: "in", values: ["1"] }] }, store)).toEqual([
      secret.id,
    ]);
  });

  test("labels and consumers are found by what they are now", async () => {
    const { store } = await aPlace(bench.tx);
    const secret = aSecret(store, { labels: { a: "1" }, consumers: ["x"] });
    await bench.tx.secrets.insert(secret);
    const after = { ...secret, labels: { b: "2" }, consumers: ["y"], revision: 2 };
    await bench.tx.secrets.update(after, 1);
    expect(await found({ labels: [{ key: "a", operator: "exists", values: [] }] }, store)).toEqual([]);
    expect(await found({ labels: [{ key: "b", operator: "exists", values: [] }] }, store)).toEqual([
      secret.id,
    ]);
    expect(await found({ consumersAnyOf: ["x"] }, store)).toEqual([]);
    expect(await found({ consumersAnyOf: ["y"] }, store)).toEqual([secret.id]);
  });

  describe("names", () => {
    test("a live name is taken once per store, letter case counting", async () => {
      const { organization, store } = await aPlace(bench.tx);
      const other = aStore(await organizationOf(organization.id));
      await bench.tx.stores.insert(other);
      await bench.tx.secrets.insert(aSecret(store, { name: "Same", state: "creating" }));
      await expect(bench.tx.secrets.insert(aSecret(store, { name: "Same" }))).rejects.toMatchObject({
        code: "secret.name_taken",
      });
      // The transaction goes on after such a refusal, on both engines.
      await bench.tx.secrets.insert(aSecret(store, { name: "same" }));
      await bench.tx.secrets.insert(aSecret(other, { name: "Same" }));
      await bench.tx.secrets.insert(aSecret(store, { name: "Same", state: "trashed" }));
      await bench.tx.secrets.insert(aSecret(store, { name: "Same", state: "trashed" }));
    });

    test("a rename onto a live name is refused", async () => {
      const { store } = await aPlace(bench.tx);
      const secret = aSecret(store, { name: "one" });
      await bench.tx.secrets.insert(secret);
      await bench.tx.secrets.insert(aSecret(store, { name: "two" }));
      const renamed = bench.tx.secrets.update({ ...secret, name: "two", revision: 2 }, 1);
      await expect(renamed).rejects.toMatchObject({ code: "secret.name_taken" });
    });

    test("are found exactly, by id, and without letter case, among the live ones of the store", async () => {
      const { store } = await aPlace(bench.tx);
      const lower = aSecret(store, { name: "straße" });
      const upper = aSecret(store, { name: "STRASSE" });
      const gone = aSecret(store, { name: "Strasse", state: "trashed" });
      for (const secret of [lower, upper, gone]) await bench.tx.secrets.insert(secret);
      const names = async (name: string) =>
        (await bench.tx.secrets.findFolded(store.id, name)).map((secret) => secret.name);
      expect((await bench.tx.secrets.find(store.id, { name: "straße" }))?.id).toBe(lower.id);
      expect((await bench.tx.secrets.find(store.id, { id: upper.id }))?.id).toBe(upper.id);
      expect(await bench.tx.secrets.find(store.id, { name: "Strasse" })).toBeNull();
      expect(await bench.tx.secrets.find(store.id, { id: gone.id })).toBeNull();
      expect(await bench.tx.secrets.find("another store", { id: upper.id })).toBeNull();
      expect(await names("strasse")).toEqual(["STRASSE", "straße"]);
      expect(await names("stras")).toEqual([]);
    });

    test("of 500 characters fit the indexes, the widest too, and those that folding makes longer", async () => {
      const { store } = await aPlace(bench.tx);
      const longer = "ᾷῇῷὒὖΰ".repeat(84).slice(0, 500);
      await bench.tx.secrets.insert(aSecret(store, { name: longer }));
      expect((await bench.tx.secrets.findFolded(store.id, longer.toUpperCase())).length).toBe(1);
      const widest = Array.from({ length: 500 }, (_, at) => String.fromCodePoint(0x20000 + at * 37)).join("");
      await bench.tx.secrets.insert(aSecret(store, { name: widest }));
      expect((await bench.tx.secrets.find(store.id, { name: widest }))?.name).toBe(widest);
    });
  });

  test("a sealed value comes with its secret, and null where there is none", async () => {
    const { store } = await aPlace(bench.tx);
    const empty = aSecret(store, { name: "empty" });
    const secret = aSecret(store, { name: "full", version: 2, versionId: "current" });
    await bench.tx.secrets.insert(empty);
    await bench.tx.secrets.insert(secret);
    await bench.tx.versions.insert(aVersion(secret, 1), store.organizationId, aValue(1, 1));
    await bench.tx.versions.insert(
      aVersion(secret, 2, { id: "current" }),
      store.organizationId,
      aValue(0, 2, 255),
    );
    for (const ref of [{ name: "full" }, { id: secret.id }]) {
      const sealed = await bench.tx.secrets.findSealed(store.id, ref);
      expect(sealed?.secret).toEqual(secret);
      expect(plain(sealed?.sealed)).toEqual([0, 2, 255]);
    }
    expect(await bench.tx.secrets.findSealed(store.id, { name: "empty" })).toEqual({
      secret: empty,
      sealed: null,
    });
    expect(await bench.tx.secrets.findSealed(store.id, { name: "none" })).toBeNull();
    expect(plain(await bench.tx.secrets.sealedOf("current"))).toEqual([0, 2, 255]);
    expect(await bench.tx.secrets.sealedOf("none")).toBeNull();
  });

  test("the time of the last read moves forward alone, and not the revision", async () => {
    const { store } = await aPlace(bench.tx);
    const secret = aSecret(store);
    await bench.tx.secrets.insert(secret);
    for (const [at, unlessAfter] of [
      [5, 0],
      [9, 5],
      [7, 5],
    ] as const) {
      await bench.tx.secrets.touchRead(secret.id, at, unlessAfter);
    }
    expect((await bench.tx.secrets.get(secret.organizationId, secret.id))?.lastReadAt).toBe(9);
    expect(await bench.tx.secrets.standing(secret.id)).toEqual({ revision: 1, state: "active" });
    expect(await bench.tx.secrets.standing("none")).toBeNull();
  });

  test("a purge takes the row with all that hangs on it and keeps its place until swept", async () => {
    const { organization, store } = await aPlace(bench.tx);
    const secret = aSecret(store, { labels: { a: "1" }, consumers: ["x"], versionId: "v", createdAt: 77 });
    const place = { id: secret.id, name: secret.name, createdAt: 77, updatedAt: secret.updatedAt };
    await bench.tx.secrets.insert(secret);
    await bench.tx.versions.insert(aVersion(secret, 1, { id: "v" }), organization.id, aValue(1));
    expect(await bench.tx.secrets.placed(store.id, secret.id)).toEqual(place);
    await bench.tx.secrets.purge(secret, 500);
    expect(await bench.tx.secrets.get(organization.id, secret.id)).toBeNull();
    expect(await bench.tx.secrets.sealedOf("v")).toBeNull();
    expect(await bench.tx.secrets.placed(store.id, secret.id)).toEqual(place);
    expect(await bench.tx.secrets.placed("another", secret.id)).toBeNull();
    expect(await bench.tx.secrets.sweepTombstones(500, 10)).toBe(0);
    expect(await bench.tx.secrets.placed(store.id, secret.id)).toEqual(place);
    expect(await bench.tx.secrets.sweepTombstones(501, 10)).toBe(1);
    expect(await bench.tx.secrets.placed(store.id, secret.id)).toBeNull();
  });

  test("places of purged secrets are forgotten a bounded number at once, the oldest first", async () => {
    const { store } = await aPlace(bench.tx);
    const purged = [30, 10, 20, 40].map((at) => ({ at, secret: aSecret(store) }));
    for (const { at, secret } of purged) {
      await bench.tx.secrets.insert(secret);
      await bench.tx.secrets.purge(secret, at);
    }
    const kept = async () => {
      const found: number[] = [];
      for (const { at, secret } of purged)
        if ((await bench.tx.secrets.placed(store.id, secret.id)) !== null) found.push(at);
      return found;
    };
    expect(await bench.tx.secrets.sweepTombstones(40, 2)).toBe(2);
    expect(await kept()).toEqual([30, 40]);
    expect(await bench.tx.secrets.sweepTombstones(40, 2)).toBe(1);
    expect(await kept()).toEqual([40]);
  });

  test("a purge of what another writer changed is decided again", async () => {
    const { organization, store } = await aPlace(bench.tx);
    const secret = aSecret(store, { revision: 8 });
    await bench.tx.secrets.insert(secret);
    const stale = bench.tx.secrets.purge({ ...secret, revision: 7 }, 500);
    await expect(stale).rejects.toMatchObject({ name: "RunAgain" });
    expect(await bench.tx.secrets.get(organization.id, secret.id)).toEqual(secret);
  });

  test("the trash gives what is due, oldest first, and goes to another store when its own goes", async () => {
    const { organization, store } = await aPlace(bench.tx);
    const other = aStore(await organizationOf(organization.id));
    await bench.tx.stores.insert(other);
    const trashed = [30, 10, 20].map((purgeAt) => aSecret(other, { state: "trashed", purgeAt }));
    const live = aSecret(other, { purgeAt: 5 });
    for (const secret of [...trashed, live]) await bench.tx.secrets.insert(secret);
    const due = async (at: number, limit: number) =>
      (await bench.tx.secrets.duePurge(at, limit)).map(({ id }) => id);
    expect(await due(20, 10)).toEqual([trashed[1]?.id, trashed[2]?.id]);
    expect(await due(20, 1)).toEqual([trashed[1]?.id]);
    expect(await bench.tx.secrets.duePurge(9, 10)).toEqual([]);
    await bench.tx.secrets.rehome(
      [...trashed, live].map(({ id }) => id),
      store.id,
    );
    expect(await bench.tx.secrets.idsIn(store.id, "trashed", null, 10)).toEqual(trashed.map(({ id }) => id));
    expect(await bench.tx.secrets.idsIn(other.id, "active", null, 10)).toEqual([live.id]);
    // They lie there, but no list of that store shows them.
    const ids = trashed.map(({ id }) => id);
    expect(await found({ state: "trashed", storeIds: [store.id] }, store)).toEqual([]);
    expect(await found({ state: "trashed", storeIds: [store.id, other.id] }, store)).toEqual([]);
    expect((await found({ state: "trashed", storeIds: null }, store)).toSorted()).toEqual(ids.toSorted());
    expect(await bench.tx.secrets.get(organization.id, ids[0] ?? "")).toMatchObject({ orphaned: true });
    expect(await bench.tx.secrets.get(organization.id, live.id)).toMatchObject({ orphaned: false });
  });

  test("ids come in chunks, in order of creation, also after one that was purged meanwhile", async () => {
    const { store } = await aPlace(bench.tx);
    const secrets = [50, 10, 30, 30].map((createdAt) => aSecret(store, { createdAt }));
    for (const secret of secrets) await bench.tx.secrets.insert(secret);
    const [last, first, second, third] = secrets.map(({ id }) => id);
    expect(await bench.tx.secrets.idsIn(store.id, "active", null, 2)).toEqual([first, second]);
    expect(await bench.tx.secrets.idsIn(store.id, "active", second ?? "", 9)).toEqual([third, last]);
    if (secrets[2] !== undefined) await bench.tx.secrets.purge(secrets[2], 1);
    expect(await bench.tx.secrets.idsIn(store.id, "active", second ?? "", 9)).toEqual([third, last]);
    expect(await bench.tx.secrets.idsIn(store.id, "trashed", null, 9)).toEqual([]);
  });

  async function organizationOf(id: string) {
    const organization = await bench.tx.organizations.find({ id });
    if (organization === null) throw new Error("no such organization");
    return organization;
  }

  async function found(
    conditions: Partial<Parameters<typeof bench.tx.secrets.count>[0]>,
    store: { id: string; organizationId: string },
  ): Promise<string[]> {
    const rows = await bench.tx.secrets.list({
      filter: {
        organizationId: store.organizationId,
        storeIds: [store.id],
        state: "active",
        search: null,
        labels: [],
        consumersAnyOf: null,
        ...conditions,
      },
      order: "created",
      direction: "asc",
      after: null,
      offset: 0,
      limit: 100,
    });
    return rows.map(({ id }) => id);
  }
});
