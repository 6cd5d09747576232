// Each operation by its statuses: whole bodies, and what a client is told of sending it again.
import { afterAll, describe, expect, test } from "vitest";
import { startCoffer } from "../../support/server.ts";
import {
  aKey,
  all,
  aMachine,
  anAccount,
  aSecret,
  asKey,
  aTime,
  expectHeaders,
  expectRefused,
  noSecret,
  nowhere,
  one,
  taken,
} from "./support.ts";

const coffer = await startCoffer();
afterAll(() => coffer.stop());
const me = asKey(coffer.url, coffer.token, coffer.bootstrap.organization.id);
const native = coffer.call(coffer.token);
const store = "/v1/organizations/default/stores/default";
const revealed = async (key: string) => (await native.get(`${store}/secrets/${key}/value`)).body.value;
const trail = async (id: string, action: string) => {
  const { body } = await native.get(`/v1/organizations/default/audit?target=${id}&action=${action}`);
  return body.items;
};

const wrong = (...problems: readonly (readonly [string, string, string])[]) =>
  problems.map(([field, type, msg]) => ({
    loc: field === "" ? ["body"] : ["body", ...field.split(".")],
    msg,
    type,
  }));
const noText = ["string_type", "Input should be a valid string"] as const;
const empty = ["string_too_short", "String should have at least 1 character"] as const;
const lone = [
  "string_unicode",
  "Input should be a valid string, unable to parse raw data as a unicode string",
] as const;
const pattern = [
  "string_pattern_mismatch",
  "String should match pattern '^[a-z0-9]([a-z0-9-]*[a-z0-9])?$'",
] as const;
const missing = ["missing", "Field required"] as const;

describe("create", () => {
  test("200: the secret is there, its value for whoever may read it elsewhere", async () => {
    const key = aKey();
    const answer = await me.post(all, { key, value: "  kept\r\n\u0000🔑 ", description: "" });
    expect(answer.status, answer.text).toBe(200);
    expectHeaders(answer);
    expect(answer.headers.get("x-should-retry")).toBeNull();
    expect(answer.body).toEqual({
      id: expect.any(String),
      account_id: coffer.bootstrap.organization.id,
      cloud_secret_path: `coffer/accounts/${coffer.bootstrap.organization.id}/secrets/${answer.body.id}`,
      created_at: aTime,
      created_by: { id: coffer.bootstrap.person.id, type: "user", object: "identity" },
      key,
      description: "",
      object: "sgp_cloud_secret",
    });
    expect(await revealed(key)).toBe("  kept\r\n\u0000🔑 ");
    const [entry] = await trail(answer.body.id, "secret.create");
    expect(entry).toMatchObject({ dialect: "scale", outcome: "allowed", target: { name: key } });
  });

  test("200: by a service account, which is shown as such", async () => {
    const account = await anAccount(coffer);
    const machine = await aMachine(coffer, account, "write");
    const { created_by } = await aSecret(asKey(coffer.url, machine.key));
    expect(created_by).toEqual({ id: machine.id, type: "service_account", object: "identity" });
  });

  test("200: the bounds themselves, unknown members, and null for a description that is not given", async () => {
    const key = `${"k".repeat(53)}-${crypto.randomUUID()}`;
    expect(key).toHaveLength(90);
    const value = "é".repeat(32_768);
    const { description } = await aSecret(me, { key, value, description: "🙂".repeat(1_024), more: [1] });
    expect([...description]).toHaveLength(1_024);
    expect(await revealed(key)).toBe(value);
    const without = await aSecret(me, { description: null });
    expect(without).not.toHaveProperty("description");
    await aSecret(me, { value: " " });
    await me.delete(one((await aSecret(me, { key: "0" })).id));
  });

  test("409: a key that is taken is so for good", async () => {
    const key = aKey();
    await aSecret(me, { key });
    expectRefused(await me.post(all, { key, value: "v" }), 409, taken);
  });

  test("200: two at once of one key, and one of them alone is made", async () => {
    const key = aKey();
    const answers = await Promise.all(Array.from({ length: 8 }, () => me.post(all, { key, value: "v" })));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(7).fill(409)]);
  });

  const tooLong = (max: number) =>
    ["string_too_long", `String should have at most ${max} characters`] as const;
  const tooMany = ["value_error", "Value error, must have at most 65536 bytes in UTF-8"] as const;
  test.each<[string, unknown, ReturnType<typeof wrong>]>([
    ["nothing in it", {}, wrong(["key", ...missing], ["value", ...missing])],
    ["null for both", { key: null, value: null }, wrong(["key", ...noText], ["value", ...noText])],
    ["a number for a value", { key: "k", value: 5 }, wrong(["value", ...noText])],
    ["an object for a value", { key: "k", value: { a: 1 } }, wrong(["value", ...noText])],
    [
      "a flag for a description",
      { key: "k", value: "v", description: true },
      wrong(["description", ...noText]),
    ],
    ["empty texts", { key: "", value: "" }, wrong(["key", ...empty], ["value", ...empty])],
    ["a list", [], wrong(["", "dict_type", "Input should be a valid dictionary"])],
    ["a text", '"k"', wrong(["", "dict_type", "Input should be a valid dictionary"])],
    ["no body", "", wrong(["", ...missing])],
    ["no JSON", '{"key":', wrong(["", "json_invalid", "The body must be valid JSON."])],
    ["a key of the documentation's own", { key: "OPENAI_API_KEY", value: "v" }, wrong(["key", ...pattern])],
    ["a dot", { key: "a.b", value: "v" }, wrong(["key", ...pattern])],
    ["an end of line", { key: "ab\n", value: "v" }, wrong(["key", ...pattern])],
    ["a hyphen at an end", { key: "-a", value: "v" }, wrong(["key", ...pattern])],
    ["another alphabet", { key: "kеy", value: "v" }, wrong(["key", ...pattern])],
    ["digits of another alphabet", { key: "k٣", value: "v" }, wrong(["key", ...pattern])],
    ["a key that is too long", { key: "k".repeat(91), value: "v" }, wrong(["key", ...tooLong(90)])],
    ["a value that is too long", { key: "k", value: `${"é".repeat(32_768)}v` }, wrong(["value", ...tooMany])],
    [
      "a description that is too long",
      { key: "k", value: "v", description: "d".repeat(1_025) },
      wrong(["description", ...tooLong(1_024)]),
    ],
    [
      "U+0000 in a description",
      { key: "k", value: "v", description: "a\u0000" },
      wrong(["description", "value_error", "Value error, must not contain the character U+0000"]),
    ],
    ["half a character", '{"key":"k","value":"\\ud800"}', wrong(["value", ...lone])],
    ["half a character in a key", '{"key":"k\\udfff","value":"v"}', wrong(["key", ...lone])],
  ])("422: %s", async (_, body, detail) => {
    expectRefused(await me.post(all, body), 422, detail);
  });

  test("422: nothing of what was sent is repeated", async () => {
    const canary = "canary-a1b2c3";
    for (const body of [
      { key: `${canary}.`, value: canary },
      { key: "k", value: [canary] },
      { key: "k", value: canary, description: { canary } },
      `{"key":"k","value":"${canary}"`,
      `{"key":"${canary}","value":"\\ud800${canary}"}`,
    ]) {
      const { status, text } = await me.post(all, body);
      expect(status).toBe(422);
      expect(text).not.toContain(canary);
    }
  });

  test("413: more than a body may have", async () => {
    const answer = await me.post(all, { key: "k", value: "v".repeat(1024 * 1024) });
    expectRefused(answer, 413, "Request body is too large");
  });

  test("403: the account's limit of secrets, which is not a key that is taken", async () => {
    const account = await anAccount(coffer);
    expect((await native.patch(account.base, { limits: { secrets: 1 } })).status).toBe(200);
    const it = asKey(coffer.url, coffer.token, account.id);
    await aSecret(it);
    const answer = await it.post(all, { key: aKey(), value: "v" });
    expectRefused(answer, 403, "The organization's limit of secrets is reached.");
  });
});

describe("the older rule of keys", () => {
  test("is a setting of the account's store", async () => {
    const account = await anAccount(coffer);
    const it = asKey(coffer.url, coffer.token, account.id);
    expect((await it.post(all, { key: "a.b", value: "v" })).status).toBe(422);
    const rule = (name: string) =>
      native.patch(`${account.base}/stores/default`, { attributes: { "scale.keyRule": name } });
    expect((await rule("legacy")).status).toBe(200);
    await aSecret(it, { key: "a.b" });
    await aSecret(it, { key: "k".repeat(253) });
    for (const key of ["k".repeat(254), ".a", "a_b", "a.b\n"]) {
      expect((await it.post(all, { key, value: "v" })).status, key).toBe(422);
    }
    expect((await rule("newest")).body.error.details).toMatchObject({ field: "attributes.scale.keyRule" });
    expect((await rule("newer")).status).toBe(200);
    expectRefused(await it.post(all, { key: "c.d", value: "v" }), 422, wrong(["key", ...pattern]));
    const { body } = await it.get(`${all}?sort_by=key`);
    expect(body.items.map(({ key }: { key: string }) => key)).toEqual(["a.b", "k".repeat(253)]);
    const changed = await it.patch(one(body.items[0].id), { value: "next", description: "still here" });
    expect(changed.body).toMatchObject({ key: "a.b", description: "still here" });
  });
});

describe("get", () => {
  test("200: what create answered", async () => {
    const made = await aSecret(me, { description: "d" });
    const answer = await me.get(one(made.id));
    expect({ status: answer.status, body: answer.body }).toEqual({ status: 200, body: made });
    expectHeaders(answer);
    expect((await me.get(one(made.id.toUpperCase()))).body).toEqual(made);
  });

  test("200: whatever another dialect made, under any name, with a value or without", async () => {
    const name = `Not A_key.of/this (service) ${aKey()}`;
    const { body } = await native.post(`${store}/secrets`, { name });
    const shown = await me.get(one(body.id));
    expect(shown.body).toMatchObject({ key: name, object: "sgp_cloud_secret" });
    expect(shown.body).not.toHaveProperty("description");
    await me.delete(one(body.id));
  });

  test("404: whatever is no secret of the account", async () => {
    const elsewhere = await anAccount(coffer);
    const { id: theirs } = await aSecret(asKey(coffer.url, coffer.token, elsewhere.id));
    const beside = await native.post("/v1/organizations/default/stores", { name: "beside the default" });
    const secrets = `/v1/organizations/default/stores/${beside.body.slug}/secrets`;
    const { body: hidden } = await native.post(secrets, { name: "hidden", value: "v" });
    const gone = await aSecret(me);
    await me.delete(one(gone.id));
    const long = "x".repeat(9_000);
    for (const id of [nowhere, theirs, hidden.id, gone.id, gone.key, "%00", "%2e%2e%2f", "%zz", long]) {
      const detail = id === long || id === "%zz" ? "Not Found" : noSecret;
      for (const answer of [await me.get(one(id)), await me.patch(one(id), {}), await me.delete(one(id))]) {
        expectRefused(answer, 404, detail);
      }
    }
  });
});

describe("update", () => {
  test("200: a value makes a version, and says when and by whom", async () => {
    const made = await aSecret(me, { description: "d" });
    const answer = await me.patch(one(made.id), { value: "next" });
    expect(answer.status).toBe(200);
    expectHeaders(answer);
    expect(answer.body).toEqual({ ...made, updated_at: aTime, updated_by: coffer.bootstrap.person.id });
    expect(await revealed(made.key)).toBe("next");
    expect((await me.get(one(made.id))).body).toEqual(answer.body);
    expect((await native.get(`${store}/secrets/${made.key}`)).body.version).toBe(2);
    // The same value again is a version too.
    await me.patch(one(made.id), { value: "next" });
    expect((await native.get(`${store}/secrets/${made.key}`)).body.version).toBe(3);
  });

  test("200: a description alone touches no value, and an empty one is kept", async () => {
    const made = await aSecret(me, { description: "d" });
    const answer = await me.patch(one(made.id), { description: "" });
    expect(answer.body).toMatchObject({ description: "", updated_at: aTime });
    expect((await native.get(`${store}/secrets/${made.key}`)).body.version).toBe(1);
  });

  test("200: both at once", async () => {
    const made = await aSecret(me);
    const answer = await me.patch(one(made.id), { description: "both", value: "two" });
    expect(answer.body).toMatchObject({ description: "both", updated_at: aTime });
    expect(await revealed(made.key)).toBe("two");
  });

  test.each([
    ["nothing", {}],
    ["null", { value: null, description: null }],
    ["a key, which nobody changes", { key: "another" }],
    ["what it is already", { description: "d" }],
  ])("200: %s changes nothing, nor its time", async (_, body) => {
    const made = await aSecret(me, { description: "d" });
    const answer = await me.patch(one(made.id), body);
    expect({ status: answer.status, body: answer.body }).toEqual({ status: 200, body: made });
    expect((await me.get(one(made.id))).body).toEqual(made);
  });

  test("200: many at once leave a value and a description of one of them", async () => {
    const made = await aSecret(me);
    const texts = Array.from({ length: 8 }, (_, turn) => `turn-${turn}`);
    await Promise.all(texts.map((text) => me.patch(one(made.id), { description: text, value: text })));
    const { description } = (await me.get(one(made.id))).body;
    expect(texts).toContain(description);
    expect(await revealed(made.key)).toBe(description);
  });

  test.each<[string, unknown, ReturnType<typeof wrong>]>([
    ["an empty value", { value: "" }, wrong(["value", ...empty])],
    ["wrong types", { value: 5, description: [] }, wrong(["description", ...noText], ["value", ...noText])],
    ["half a character", '{"description":"\\ud800"}', wrong(["description", ...lone])],
    ["a list", [], wrong(["", "dict_type", "Input should be a valid dictionary"])],
    ["no body", "", wrong(["", ...missing])],
  ])("422: %s, and nothing is changed", async (_, body, detail) => {
    const made = await aSecret(me);
    expectRefused(await me.patch(one(made.id), body), 422, detail);
    const half = { description: "not to be", value: 5 };
    expect((await me.patch(one(made.id), half)).status).toBe(422);
    expect((await me.get(one(made.id))).body).toEqual(made);
  });
});

describe("delete", () => {
  test("204: for good, and the key is free at once", async () => {
    const made = await aSecret(me);
    const headers = { "content-type": "application/json", accept: "*/*" };
    const answer = await me.delete(one(made.id), undefined, headers);
    expect({ status: answer.status, text: answer.text }).toEqual({ status: 204, text: "" });
    expect((await me.get(one(made.id))).status).toBe(404);
    expect((await me.get(all)).text).not.toContain(made.id);
    expect((await native.get("/v1/organizations/default/trash")).text).not.toContain(made.id);
    const [entry] = await trail(made.id, "secret.delete");
    expect(entry).toMatchObject({ dialect: "scale", outcome: "allowed", details: { purged: true } });
    const again = await aSecret(me, { key: made.key });
    expect(again.id).not.toBe(made.id);
    expectRefused(await me.delete(one(made.id)), 404, noSecret);
  });

  test("204: into the trash where the organization says so", async () => {
    const account = await anAccount(coffer);
    const it = asKey(coffer.url, coffer.token, account.id);
    expect((await native.patch(account.base, { trash: "always" })).status).toBe(200);
    const made = await aSecret(it);
    expect((await it.delete(one(made.id))).status).toBe(204);
    expectRefused(await it.get(one(made.id)), 404, noSecret);
    expect((await native.get(`${account.base}/trash`)).body.items).toMatchObject([{ id: made.id }]);
    await aSecret(it, { key: made.key });
  });
});

describe("other requests", () => {
  test.each([
    ["PUT", all, "GET, POST"],
    ["PATCH", all, "GET, POST"],
    ["DELETE", all, "GET, POST"],
    ["PUT", one(nowhere), "GET, PATCH, DELETE"],
    ["POST", one(nowhere), "GET, PATCH, DELETE"],
  ] as const)("405: %s %s", async (method, path, allow) => {
    const ask = { PUT: me.put, PATCH: me.patch, DELETE: me.delete, POST: me.post }[method];
    const answer = await ask(path, { key: "k" });
    expectRefused(answer, 405, "Method Not Allowed");
    expect(answer.headers.get("allow")).toBe(allow);
  });

  test("404: other paths, below each mount", async () => {
    for (const path of [
      "/v5/sgp",
      "/v5/sgp/credentials",
      "/scale",
      "/scale/v5/sgp/x",
      `${all}/`,
      `${all}/a/b`,
    ]) {
      expectRefused(await me.get(path), 404, path === `${all}/` ? noSecret : "Not Found");
    }
  });

  test("200: below the prefix as below the root", async () => {
    const made = await aSecret(me);
    expect((await me.get(`/scale${one(made.id)}`)).body).toEqual(made);
    expect((await me.post(`/scale${all}`, { key: aKey(), value: "v" })).status).toBe(200);
  });

  test("200: whatever a client accepts, and what it says of itself", async () => {
    const headers = { accept: "text/html", "x-stainless-lang": "python", "x-stainless-retry-count": "0" };
    expect((await me.get(all, headers)).status).toBe(200);
  });
});
