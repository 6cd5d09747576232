// Whose account a request is for, and who may use it.
import { afterAll, describe, expect, test } from "vitest";
import { startCoffer } from "../../support/server.ts";
import {
  aKey,
  all,
  aMachine,
  anAccount,
  aPerson,
  aSecret,
  aService,
  asKey,
  expectRefused,
  forbidden,
  mintedKey,
  noAccount,
  noKey,
  noSecret,
  nowhere,
  one,
} from "./support.ts";

const coffer = await startCoffer();
afterAll(() => coffer.stop());
const [mine, other] = [await anAccount(coffer), await anAccount(coffer)];
const several =
  "This API key reaches several accounts, or none: name one in the header x-selected-account-id.";
const me = asKey(coffer.url, coffer.token, mine.id);
const requests = (key: string | null, account: string | null, id: string) => {
  const it = asKey(coffer.url, key, account);
  return [
    () => it.get(all),
    () => it.post(all, { key: aKey(), value: "v" }),
    () => it.get(one(id)),
    () => it.patch(one(id), { description: "d" }),
    () => it.delete(one(id)),
  ];
};

describe("401", () => {
  test.each([
    ["no key", null],
    ["an empty one", ""],
    ["what is none", "sk-1234"],
    [
      "a key that nobody has",
      "coffer_person_019a00000000700080000000000000dd_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    ],
  ])("%s", async (_, key) => {
    const { id } = await aSecret(me);
    for (const ask of requests(key, mine.id, id)) expectRefused(await ask(), 401, noKey);
  });

  test("a key where its clients do not put it", async () => {
    const answer = await asKey(coffer.url, null, mine.id).get(all, {
      authorization: `Bearer ${coffer.token}`,
    });
    expectRefused(answer, 401, noKey);
  });

  test("a service's, and a job's: they are no user's and no service account's", async () => {
    const { id } = await aSecret(me);
    const jobs = `${mine.base}/stores/default/jobs`;
    const { body } = await coffer.call(coffer.token).post(jobs, { jobId: "job", claims: {} });
    for (const key of [await aService(coffer, mine), body.token]) {
      for (const ask of requests(key, mine.id, id)) expectRefused(await ask(), 401, noKey);
      for (const ask of requests(key, null, id)) expectRefused(await ask(), 401, noKey);
    }
  });

  test("a revoked key", async () => {
    const principal = { kind: "person", id: coffer.bootstrap.person.id };
    const { body } = await coffer.call(coffer.token).post(`${mine.base}/tokens`, { principal, name: "gone" });
    expect((await asKey(coffer.url, body.token).get(all)).status).toBe(200);
    await coffer.call(coffer.token).delete(`${mine.base}/tokens/${body.id}`);
    expectRefused(await asKey(coffer.url, body.token).get(all), 401, noKey);
  });
});

describe("without an account's name", () => {
  test("a key of one account is for that one", async () => {
    const machine = await aMachine(coffer, other, "write");
    for (const key of [await mintedKey(coffer, other), machine.key]) {
      const made = await aSecret(asKey(coffer.url, key));
      expect(made.account_id).toBe(other.id);
      // As older clients send it when none is configured.
      const empty = await asKey(coffer.url, key).get(one(made.id), { "x-selected-account-id": "" });
      expect(empty.body).toEqual(made);
    }
  });

  test("a key over all of a person's accounts is for the only one, and else there must be a name", async () => {
    const alone = await startCoffer();
    try {
      const made = await aSecret(asKey(alone.url, alone.token));
      expect(made.account_id).toBe(alone.bootstrap.organization.id);
    } finally {
      await alone.stop();
    }
    for (const ask of requests(coffer.token, null, nowhere)) expectRefused(await ask(), 400, several);
    for (const account of [mine, other]) {
      expect((await aSecret(asKey(coffer.url, coffer.token, account.id))).account_id).toBe(account.id);
    }
  });
});

describe("with an account's name", () => {
  test("it is taken by its id, in either letter case, and by its slug", async () => {
    for (const name of [mine.id, mine.id.toUpperCase(), mine.slug]) {
      expect((await aSecret(asKey(coffer.url, coffer.token, name))).account_id).toBe(mine.id);
    }
  });

  test("403: an account that the key may not use, whether it is there or not", async () => {
    const { id } = await aSecret(asKey(coffer.url, coffer.token, other.id));
    const foreign = await aPerson(coffer, mine, "owner");
    const keys = [foreign, await mintedKey(coffer, mine), (await aMachine(coffer, mine, "write")).key];
    for (const key of keys) {
      for (const account of [other.id, other.slug, nowhere, "nowhere", `${mine.id}, ${mine.id}`, "ü"]) {
        for (const ask of requests(key, account, id)) expectRefused(await ask(), 403, noAccount);
      }
    }
  });

  test("404: a secret of another account is as one that is not there", async () => {
    const { id } = await aSecret(asKey(coffer.url, coffer.token, other.id));
    const [shown, changed, removed] = requests(coffer.token, mine.id, id).slice(2);
    for (const ask of [shown, changed, removed]) {
      if (ask !== undefined) expectRefused(await ask(), 404, noSecret);
    }
    expect((await asKey(coffer.url, coffer.token, other.id).get(one(id))).status).toBe(200);
  });

  test("400: an account whose clients seal their values", async () => {
    const sealed = { slug: `c-${aKey()}`, name: "sealed", custody: "client" };
    const { body } = await coffer.call(coffer.token).post("/v1/organizations", sealed);
    const detail =
      "This organization's values are sealed by its clients; the server cannot read or write them.";
    expectRefused(await asKey(coffer.url, coffer.token, body.id).get(all), 400, detail);
  });
});

describe("403: a right that is lacking", () => {
  test("to write, where the key may read", async () => {
    const { id } = await aSecret(me);
    const { key } = await aMachine(coffer, mine, "read");
    const [list, create, show, update, remove] = requests(key, mine.id, id);
    for (const ask of [list, show]) expect((await ask?.())?.status).toBe(200);
    for (const ask of [create, update, remove]) if (ask) expectRefused(await ask(), 403, forbidden);
    // Decided before a field is looked at, and before it is known whether a secret is there.
    const it = asKey(coffer.url, key, mine.id);
    expectRefused(await it.post(all, { key: "NO KEY" }), 403, forbidden);
    expectRefused(await it.patch(one(id), { value: 5 }), 403, forbidden);
    expectRefused(await it.delete(one(nowhere)), 403, forbidden);
  });

  test("to anything, where nothing is granted: hidden and missing are the same", async () => {
    const { id } = await aSecret(me);
    const key = await aPerson(coffer, mine);
    for (const there of [id, nowhere]) {
      for (const ask of requests(key, mine.id, there)) expectRefused(await ask(), 403, forbidden);
    }
  });

  test("by the scopes of the key", async () => {
    const { id } = await aSecret(me);
    const it = asKey(
      coffer.url,
      await mintedKey(coffer, mine, { scopes: ["secret.create", "secret.write"] }),
    );
    expect((await it.post(all, { key: aKey(), value: "v" })).status).toBe(200);
    expect((await it.patch(one(id), { value: "v" })).status).toBe(200);
    expectRefused(await it.patch(one(id), { description: "d" }), 403, forbidden);
    expectRefused(await it.patch(one(id), { value: "v", description: "d" }), 403, forbidden);
    expectRefused(await it.get(one(id)), 403, forbidden);
    expectRefused(await it.get(all), 403, forbidden);
    expect((await me.get(one(id))).body).not.toHaveProperty("description");
  });

  test("each is in the audit trail, with its reason", async () => {
    const { id } = await aSecret(me);
    const { key, id: machine } = await aMachine(coffer, mine, "read");
    expectRefused(await asKey(coffer.url, key).delete(one(id)), 403, forbidden);
    const { body } = await coffer
      .call(coffer.token)
      .get(`${mine.base}/audit?caller=${machine}&outcome=refused`);
    expect(body.items).toMatchObject([{ dialect: "scale", action: "secret.delete", target: { id } }]);
  });
});
