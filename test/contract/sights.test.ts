// Things by their ids alone, access tokens and what their clients are told, on both engines.
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openLogin } from "../../src/core/access-tokens/login.ts";
import type { Caller } from "../../src/core/caller.ts";
import type { Ref } from "../../src/core/organizations/organization.ts";
import { coffers, freshStore, home, refusal, text } from "../support/coffers.ts";
import type { TestCoffer } from "../support/server.ts";

for (const engine of coffers) {
  describe(`sights on ${engine.name}`, () => {
    let coffer: TestCoffer;
    let owner: Caller;
    let org: Ref & { readonly id: string };
    beforeAll(async () => {
      coffer = await engine.start();
      owner = coffer.owner;
      org = { id: coffer.bootstrap.organization.id };
    });
    afterAll(() => coffer.stop());
    const operations = () => coffer.node.operations;

    const aStore = async () => (await freshStore(coffer)) as { id: string };
    const aSecret = async (store: { id: string }, value = "v") =>
      (await operations().secrets.create(owner, home, store, { name: randomUUID(), value: text(value) })).id;

    /** A machine by an access token, with a grant on a store. */
    const aMachine = async (on: { id: string } | null, level: "read" | "write" = "read"): Promise<Caller> => {
      const { machines, accessTokens, grants } = operations();
      const { id, name } = await machines.create(owner, home, { name: "m" });
      const { token } = await accessTokens.mint(owner, home, id, { name: "t", expiresAt: null });
      const object = { kind: "store", id: on?.id ?? "" } as const;
      if (on !== null) await grants.put(owner, home, { subject: { kind: "machine", id }, object, level });
      return { ...owner, kind: "machine", id, name, tokenId: token.id };
    };

    test("a secret by its id, with what the caller may do; hidden is missing", async () => {
      const [store, other] = [await aStore(), await aStore()];
      const [mine, hidden] = [await aSecret(store), await aSecret(other)];
      const { sights } = operations();
      const machine = await aMachine(store);
      const seen = await sights.secrets(machine, org, [hidden, mine, randomUUID()]);
      expect(seen.map((sight) => sight?.may ?? null)).toEqual([null, { read: true, write: false }, null]);
      expect(seen[1]?.store?.id).toBe(store.id);
      expect((await refusal(sights.trash(machine, org))).code).toBe("caller.denied");
      expect((await sights.secrets(owner, org, [hidden]))[0]?.may).toEqual({ read: true, write: true });
      expect(await sights.where(machine, "secret", mine)).toBe(org.id);
      expect((await refusal(sights.where(machine, "secret", randomUUID()))).code).toBe("secret.not_found");
      await operations().accessTokens.revoke(owner, home, machine.id, [machine.tokenId ?? ""]);
      expect((await refusal(sights.where(machine, "secret", mine))).code).toBe("caller.unauthenticated");
    });

    test("all that a caller reads, page by page and each once", async () => {
      const store = await aStore();
      const { secrets, sights } = operations();
      const many = Array.from({ length: 1_100 }, (_, at) => ({ name: `N${at}`, value: text("v") }));
      const made = await secrets.createAll(owner, home, store, many);
      await secrets.create(owner, home, store, { name: "without a value" });
      const found = await sights.allSecrets(await aMachine(store), org, null);
      expect(new Set(found.map(({ secret }) => secret.id))).toEqual(new Set(made.map(({ id }) => id)));
      expect(found).toHaveLength(1_100);
    });

    test("changes since a time: of what it reads, and of its access", async () => {
      const [store, other] = [await aStore(), await aStore()];
      const id = await aSecret(store);
      const machine = await aMachine(store);
      const { sights, secrets, grants } = operations();
      const later = async () => {
        await new Promise((resolve) => setTimeout(resolve, 3));
        return Date.now();
      };
      let at = await later();
      expect(await sights.changedSince(machine, org, at)).toBe(false);
      await aSecret(other);
      expect(await sights.changedSince(machine, org, at)).toBe(false);
      await secrets.update(owner, home, store, { id }, { value: text("w") });
      expect(await sights.changedSince(machine, org, at)).toBe(true);
      at = await later();
      await secrets.update(owner, home, store, { id }, { store: other });
      expect(await sights.changedSince(machine, org, at)).toBe(true);
      at = await later();
      const subject = { kind: "machine", id: machine.id } as const;
      await grants.put(owner, home, { subject, object: { kind: "store", id: other.id }, level: "read" });
      expect(await sights.changedSince(machine, org, at)).toBe(true);
    });

    test("a value that equals the current one makes no version", async () => {
      const store = await aStore();
      const id = await aSecret(store, "same");
      const { secrets, sights } = operations();
      const put = (value: string) =>
        secrets.update(owner, home, store, { id }, { value: text(value) }, { unlessSame: true });
      expect((await put("same")).version).toBe(1);
      expect((await put("other")).version).toBe(2);
      const past = await sights.pastVersions(owner, org, { secretId: id });
      expect(past.map(({ version }) => version.number)).toEqual([1]);
      expect(past[0]?.membershipId).not.toBeNull();
      const ids = past.map(({ version }) => version.id);
      expect(await sights.pastVersions(owner, org, { ids: [randomUUID(), ...ids] })).toEqual(past);
      await sights.removePastVersions(owner, org, ids);
      expect(await sights.pastVersions(owner, org, { secretId: id })).toEqual([]);
    });

    test("several steps are one: what fails half way leaves nothing", async () => {
      const store = await aStore();
      const [one, two] = [await aSecret(store), await aSecret(store)];
      const { sights, secrets, stores } = operations();
      const removed = await sights.removeSecrets(owner, org, [one, two]);
      expect(removed).toEqual([
        { id: one, denied: false },
        { id: two, denied: false },
      ]);
      expect((await refusal(sights.restoreAll(owner, org, [one, randomUUID()]))).code).toBe(
        "secret.not_found",
      );
      expect(await sights.secrets(owner, org, [one])).toEqual([null]);
      await sights.restoreAll(owner, org, [one, two]);
      expect((await sights.secrets(owner, org, [one, two])).every((sight) => sight !== null)).toBe(true);
      const names = async () =>
        (await stores.list(owner, home, { limit: 1_000 })).items.map(({ name }) => name);
      const secret = { name: "twice", value: text("v") };
      const twice = [1, 2].map(() => ({ store: "a", secret }));
      const wrong = { opaque: false, stores: [{ key: "a", name: "Imported" }], secrets: twice };
      expect((await refusal(sights.importAll(owner, org, wrong))).code).toBe("secret.name_taken");
      expect(await names()).not.toContain("Imported");
      await sights.importAll(owner, org, { ...wrong, secrets: twice.slice(1) });
      expect(await names()).toContain("Imported");
      const nobody = [{ subject: { kind: "membership", id: randomUUID() }, write: true }] as const;
      const shared = sights.createShared(owner, org, store, { name: "shared", value: text("v") }, nobody);
      expect((await refusal(shared)).code).toBe("principal.not_found");
      expect((await refusal(secrets.get(owner, home, store, { name: "shared" }))).code).toBe(
        "secret.not_found",
      );
    });

    test("a store goes and its secrets stay, unless their names are taken where they go", async () => {
      const store = await aStore();
      const id = await aSecret(store);
      const { stores, sights, secrets } = operations();
      const gone = { force: false, removal: "trash", rehome: true } as const;
      await stores.remove(owner, home, store, gone);
      expect((await sights.secrets(owner, org, [id]))[0]?.store).toBeNull();
      const clash = await aStore();
      const { name } = await secrets.get(owner, home, { slug: "default" }, { id });
      await secrets.create(owner, home, clash, { name, value: text("v") });
      expect((await refusal(stores.remove(owner, home, clash, gone))).code).toBe("secret.name_taken");
      expect((await stores.get(owner, home, clash)).id).toBe(clash.id);
    });

    test("grants of one kind are replaced whole; two that replace them at once do not mix", async () => {
      const store = await aStore();
      const object = { kind: "store", id: store.id } as const;
      const machines = await Promise.all([1, 2, 3].map(() => aMachine(null)));
      const { sights, grants } = operations();
      const replace = (ids: readonly string[]) => {
        const wanted = ids.map((id) => ({ subject: { kind: "machine", id } as const, write: true }));
        return sights.replaceGrants(owner, org, { object, kinds: ["machine"], wanted });
      };
      const held = async () => {
        const { items } = await grants.list(
          owner,
          home,
          { subject: null, object },
          { after: null, limit: 100 },
        );
        return items.map(({ subject }) => subject.id).sort();
      };
      const [a = "", b = "", c = ""] = machines.map(({ id }) => id).sort();
      await replace([a, b]);
      expect(await held()).toEqual([a, b]);
      for (let turn = 0; turn < 5; turn += 1) {
        await Promise.all([replace([a, b]), replace([c])]);
        expect([[a, b], [c]]).toContainEqual(await held());
      }
    });

    test("a login is given its payload while the token stands, and by the very secret", async () => {
      const { machines, accessTokens } = operations();
      const { database, minting, keyring } = coffer.node.context;
      const { id: machineId } = await machines.create(owner, home, { name: "m" });
      const made = await accessTokens.mint(owner, home, machineId, { name: "t", expiresAt: null });
      const secret = made.text.split(".")[2]?.split(":")[0] ?? "";
      const via = { dialect: "test", address: null, requestId: null };
      const logIn = (hash: Uint8Array) =>
        database.execute(openLogin, { id: made.token.id, hash, at: Date.now(), via });
      const { payload, caller } = await logIn(minting.hashClientSecret(secret));
      expect(caller).toMatchObject({ kind: "machine", id: machineId, tokenId: made.token.id });
      expect(payload).toMatch(/^2\./);
      expect((await refusal(logIn(minting.hashClientSecret(`${secret}x`)))).code).toBe(
        "caller.unauthenticated",
      );
      expect((await accessTokens.list(owner, home, machineId)).map(({ id }) => id)).toEqual([made.token.id]);
      await accessTokens.revoke(owner, home, machineId, [made.token.id, randomUUID()]);
      expect((await refusal(logIn(minting.hashClientSecret(secret)))).code).toBe("caller.unauthenticated");
      const holder = { organizationId: org.id, kind: "token", id: made.token.id } as const;
      const sealed = keyring.transportKey(holder).seal("x");
      expect(keyring.transportKey({ ...holder, kind: "person" }).open(sealed)).toBeNull();
      expect(keyring.transportKey(holder).open(sealed)).toBe("x");
    });
  });
}
