// A create whose answer was lost is sent again by the client itself: it is answered with what was made.
import { afterAll, describe, expect, test } from "vitest";
import { startCoffer } from "../../support/server.ts";
import {
  aKey,
  all,
  aMachine,
  anAccount,
  aSecret,
  asKey,
  expectRefused,
  mintedKey,
  one,
  taken,
} from "./support.ts";

let now = Date.UTC(2026, 0, 1);
const coffer = await startCoffer({ clock: { now: () => now } });
afterAll(() => coffer.stop());
const account = await anAccount(coffer);
const key = await mintedKey(coffer, account);
const me = asKey(coffer.url, key);
const native = coffer.call(coffer.token);
const again = { "x-stainless-retry-count": "1" };

const trail = async (name: string) => {
  const { body } = await native.get(`${account.base}/audit?action=secret.create&limit=1000`);
  return body.items.filter((entry: { target: { name: string } }) => entry.target.name === name).reverse();
};

test.each([
  ["a value and a description", { value: "canary-one", description: "d" }],
  ["a value alone", { value: " 🔑\u0000" }],
  ["an empty description", { value: "canary-two", description: "" }],
])("200: the very same again, with %s", async (_, parts) => {
  const body = { key: aKey(), ...parts };
  const made = await aSecret(me, body);
  now += 119_999;
  for (const count of ["1", "2"]) {
    const answer = await me.post(all, body, { "x-stainless-retry-count": count });
    expect({ status: answer.status, body: answer.body }).toEqual({ status: 200, body: made });
  }
  const entries = await trail(body.key);
  expect(entries).toMatchObject([
    { outcome: "allowed", details: { version: 1 } },
    { outcome: "allowed", details: { repeated: true }, target: { id: made.id }, dialect: "scale" },
    { outcome: "allowed", details: { repeated: true } },
  ]);
  expect((await native.get(`${account.base}/stores/default/secrets/${made.id}`)).body.version).toBe(1);
  expect(JSON.stringify(entries)).not.toContain(parts.value);
});

test("200: the first sending that was never done is done", async () => {
  const answer = await me.post(all, { key: aKey(), value: "v" }, again);
  expect(answer.status).toBe(200);
  expect(await trail(answer.body.key)).toHaveLength(1);
});

test("200: sendings that arrive together make one secret", async () => {
  for (let turn = 0; turn < 10; turn += 1) {
    const body = { key: aKey(), value: "v" };
    const answers = await Promise.all([0, 1, 2].map(() => me.post(all, body, again)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(new Set(answers.map((answer) => answer.body.id)).size).toBe(1);
  }
});

describe("409:", () => {
  const body = () => ({ key: aKey(), value: "v", description: "d" });

  test.each([
    ["no header", {}],
    ["the first sending", { "x-stainless-retry-count": "0" }],
    ["no number", { "x-stainless-retry-count": "one" }],
    ["a negative one", { "x-stainless-retry-count": "-1" }],
    ["two of them", { "x-stainless-retry-count": "1, 1" }],
  ])("%s", async (_, headers: Record<string, string>) => {
    const sent = body();
    await aSecret(me, sent);
    expectRefused(await me.post(all, sent, headers), 409, taken);
  });

  test.each([
    ["another value", { value: "w" }],
    ["a value that only begins the same", { value: "vv" }],
    ["another description", { description: "e" }],
    ["no description", { description: null }],
  ])("%s", async (_, other) => {
    const sent = body();
    await aSecret(me, sent);
    expectRefused(await me.post(all, { ...sent, ...other }, again), 409, taken);
    const refused = (await trail(sent.key)).slice(1);
    expect(refused).toMatchObject([{ outcome: "failed", because: "secret.name_taken" }]);
  });

  test("after two minutes", async () => {
    const sent = body();
    await aSecret(me, sent);
    now += 120_000;
    expectRefused(await me.post(all, sent, again), 409, taken);
  });

  test.each([
    ["a new value, the same as before", { value: "v" }],
    ["a description that came and went", { description: "other" }],
  ])("what has changed since: %s", async (_, change) => {
    const sent = body();
    const { id } = await aSecret(me, sent);
    await me.patch(one(id), change);
    await me.patch(one(id), { description: "d" });
    expectRefused(await me.post(all, sent, again), 409, taken);
  });

  test("another key of the same person's, and a service account's", async () => {
    const sent = body();
    await aSecret(me, sent);
    const machine = await aMachine(coffer, account, "write");
    for (const other of [await mintedKey(coffer, account), machine.key]) {
      expectRefused(await asKey(coffer.url, other).post(all, sent, again), 409, taken);
    }
  });

  test("a secret that another dialect made", async () => {
    const { key: name, value, description } = body();
    const secrets = `${account.base}/stores/default/secrets`;
    const headers = { authorization: `Bearer ${key}` };
    const made = await coffer.call(null).post(secrets, { name, value, description }, headers);
    expect(made.status).toBe(201);
    expectRefused(await me.post(all, { key: name, value, description }, again), 409, taken);
  });
});

test("403: who may not create learns nothing by sending again", async () => {
  const sent = { key: aKey(), value: "v" };
  await aSecret(me, sent);
  const { key: reader } = await aMachine(coffer, account, "read");
  expectRefused(await asKey(coffer.url, reader).post(all, sent, again), 403, "This API key may not do that.");
});
