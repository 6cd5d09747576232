// Cloudflare's own library for Node, in its present form and in the one before stores were created singly.
import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { pathToFileURL } from "node:url";
import type { Suite } from "../support/suite.ts";
import { type Site, serviceToken } from "./site.ts";

const account = (site: Site) => ({ account_id: site.account });

export async function sdkChecks(suite: Suite, site: Site, path: string): Promise<void> {
  const { default: Cloudflare } = await import(pathToFileURL(path).href);
  let requests = 0;
  const open = (options: object) =>
    new Cloudflare({
      baseURL: site.baseUrl,
      apiToken: null,
      apiEmail: null,
      apiKey: null,
      userServiceKey: null,
      ...options,
      fetch: (...asked: Parameters<typeof fetch>) => {
        requests += 1;
        return fetch(...asked);
      },
    });
  const client = open({ apiToken: site.token });
  const { stores } = client.secretsStore;
  const { secrets } = stores;
  const mine = account(site);
  const failing = async (promise: Promise<unknown>, kind: string, code: number, message: string) => {
    await rejects(promise, (error: { errors?: readonly { code: number; message: string }[] }) => {
      equal(error.constructor.name, kind);
      deepEqual(error.errors?.map((each) => [each.code, each.message])[0], [code, message]);
      return true;
    });
  };
  let store = "";
  /** Of one secret the store is a parameter among others. */
  const there = () => ({ ...mine, store_id: store });

  await suite.check("sdk: stores are created, got, listed to the end, deleted", async () => {
    const created = await stores.create({ ...mine, name: "sdk-store" });
    store = created.id;
    equal(created.account_id, site.account);
    deepEqual(await stores.get(store, mine), created);
    for (let index = 0; index < 4; index += 1) await stores.create({ ...mine, name: `page-${index}` });
    const names: string[] = [];
    for await (const each of stores.list({ ...mine, per_page: 2, order: "name", direction: "desc" })) {
      names.push(each.name);
    }
    deepEqual(names, [...names].sort().reverse());
    ok(names.includes("sdk-store") && names.includes("page-3"));
    for await (const each of stores.list(mine)) {
      if (/^page-/.test(each.name)) equal(await stores.delete(each.id, mine), null);
    }
    await failing(stores.get("0".repeat(32), mine), "NotFoundError", 1001, "store_not_found");
  });

  await suite.check("sdk: secrets are created, listed by search and scopes, got", async () => {
    const body = [
      { name: "ALPHA", value: "a", scopes: ["workers", "ai_gateway"], comment: "first" },
      { name: "BETA", value: "b", scopes: ["dex"] },
      { name: "GAMMA", value: "c", scopes: ["ai_gateway"] },
    ];
    const { result } = await secrets.create(store, { ...mine, body });
    deepEqual(
      result.map((each: { name: string; comment: unknown }) => [each.name, each.comment]),
      [
        ["ALPHA", "first"],
        ["BETA", null],
        ["GAMMA", null],
      ],
    );
    deepEqual(result[0].scopes, ["ai_gateway", "workers"]);
    const found: string[] = [];
    const query = { ...mine, per_page: 1, search: "A", scopes: ["workers", "ai_gateway"], order: "name" };
    for await (const each of secrets.list(store, query)) found.push(each.name);
    deepEqual(found, ["ALPHA", "GAMMA"]);
    deepEqual(await secrets.get(result[0].id, there()), result[0]);
  });

  await suite.check("sdk: lists of 120 are read to the end, and then no further", async () => {
    const body = Array.from({ length: 120 }, (_, index) => ({
      name: `N_${index}`,
      value: "v",
      scopes: ["dex"],
    }));
    await secrets.create(store, { ...mine, body });
    requests = 0;
    const seen = new Set<string>();
    for await (const each of secrets.list(store, { ...mine, search: "N_", per_page: 50 })) seen.add(each.id);
    deepEqual([seen.size, requests], [120, 4]);
    const ids = [...seen].map((id) => ({ id }));
    equal(await secrets.bulkDelete(store, mine, { body: ids }), null);
  });

  await suite.check("sdk: a bulk delete without a body deletes nothing", async () => {
    await failing(secrets.bulkDelete(store, mine), "BadRequestError", 1001, "invalid_json_body");
    const { result } = await secrets.list(store, mine);
    equal(result.length, 3);
  });

  await suite.check("sdk: secrets are edited, duplicated, deleted", async () => {
    const [alpha] = (await secrets.list(store, { ...mine, search: "ALPHA" })).result;
    deepEqual(await secrets.edit(alpha.id, there()), alpha);
    const edited = await secrets.edit(alpha.id, {
      ...there(),
      comment: "new",
      scopes: ["workers"],
      value: "z",
    });
    deepEqual([edited.comment, edited.scopes], ["new", ["workers"]]);
    equal((await secrets.edit(alpha.id, { ...there(), comment: null })).comment, null);
    const copy = await secrets.duplicate(alpha.id, { ...there(), name: "DELTA", scopes: ["dex"] });
    deepEqual([copy.name, copy.comment, copy.scopes], ["DELTA", null, ["dex"]]);
    equal(await secrets.delete(copy.id, there()), null);
    await failing(secrets.get(copy.id, there()), "NotFoundError", 1001, "secret_not_found");
    await failing(secrets.delete(copy.id, there()), "NotFoundError", 1001, "secret_not_found");
  });

  await suite.check("sdk: a conflict is asked once, and nothing of a list is created", async () => {
    const body = ["FRESH", "BETA"].map((name) => ({ name, value: "v", scopes: ["workers"] }));
    requests = 0;
    const refused = secrets.create(store, { ...mine, body });
    await failing(refused, "ConflictError", 1003, "secret_name_already_exists: BETA");
    equal(requests, 1);
    equal((await secrets.list(store, { ...mine, search: "FRESH" })).result.length, 0);
    await failing(stores.delete(store, mine), "ConflictError", 1003, "store_not_empty");
  });

  await suite.check("sdk: the quota, and who one is", async () => {
    const { secrets: quota } = await client.secretsStore.quota.get(mine);
    ok(quota.quota > quota.usage && quota.usage >= 3);
    equal((await client.user.get()).email, site.email);
    equal((await client.user.tokens.verify()).status, "active");
    const accounts: string[] = [];
    for await (const each of client.accounts.list()) accounts.push(each.id);
    deepEqual(accounts, [site.account]);
    for await (const each of client.memberships.list()) equal(each.status, "accepted");
    equal((await client.accounts.get(mine)).id, site.account);
  });

  await suite.check(
    "sdk: an e-mail address with its key, a service key, and credentials that fail",
    async () => {
      const pair = open({ apiEmail: site.email, apiKey: site.token });
      equal((await pair.secretsStore.stores.get(store, mine)).id, store);
      const byKey = open({ userServiceKey: site.token });
      equal((await byKey.secretsStore.stores.get(store, mine)).id, store);
      const reads = (other: typeof client) => other.secretsStore.stores.get(store, mine);
      const denied = "Authentication error";
      await failing(reads(open({ apiToken: "nobody" })), "AuthenticationError", 10000, denied);
      const service = await serviceToken(site, "dex");
      await failing(reads(open({ apiToken: service })), "PermissionDeniedError", 10000, denied);
      const foreign = { account_id: "0".repeat(32) };
      await failing(stores.get(store, foreign), "PermissionDeniedError", 10000, denied);
      const wrong = open({ apiEmail: "somebody@example.org", apiKey: site.token });
      await failing(reads(wrong), "PermissionDeniedError", 9103, "Unknown X-Auth-Key or X-Auth-Email");
    },
  );

  await suite.check("sdk: a store goes with its secrets by force", async () => {
    equal(await stores.delete(store, { ...mine, force: true }), null);
    await failing(stores.get(store, mine), "NotFoundError", 1001, "store_not_found");
  });
}

export async function olderSdkChecks(suite: Suite, site: Site, path: string): Promise<void> {
  const { default: Cloudflare } = await import(pathToFileURL(path).href);
  const client = new Cloudflare({ baseURL: site.baseUrl, apiToken: site.token });
  const { stores } = client.secretsStore;
  const mine = account(site);

  await suite.check("sdk 5: stores are created by lists, secrets live and go", async () => {
    const { result } = await stores.create({ ...mine, body: [{ name: "older" }] });
    const [{ id, name }] = result;
    equal(name, "older");
    const body = [{ name: "OLD", value: "v", scopes: ["workers"] }];
    const [secret] = (await stores.secrets.create(id, { ...mine, body })).result;
    const listed: string[] = [];
    for await (const each of stores.secrets.list(id, { ...mine, scopes: [["workers"]] }))
      listed.push(each.id);
    deepEqual(listed, [secret.id]);
    equal((await stores.secrets.edit(id, secret.id, { ...mine, comment: "c" })).comment, "c");
    await rejects(stores.secrets.bulkDelete(id, mine), { status: 400 });
    equal(await stores.secrets.delete(id, secret.id, mine), null);
    equal(await stores.delete(id, mine), null);
  });
}
