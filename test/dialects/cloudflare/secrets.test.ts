// The secrets of a store, by operation and status: whole bodies, and the order of the checks.
import { afterAll, describe, expect, test } from "vitest";
import { heldClock } from "../../support/coffers.ts";
import { startCoffer } from "../../support/server.ts";
import { scopedToken } from "../../support/tokens.ts";
import { readTrail } from "../../support/trail.ts";
import {
  aMachine,
  anId,
  aPerson,
  aSecret,
  aService,
  aStore,
  authentication,
  expectDone,
  expectRefused,
  expectWrong,
  newSecret,
  nowhere,
  secretNotFound,
  storeNotFound,
} from "./support.ts";

const clock = heldClock(Date.UTC(2026, 10, 20, 9, 15, 13));
const coffer = await startCoffer({ clock, env: { COFFER_SERVICES_NAMES: "my-proxy,gateway_2" } });
afterAll(() => coffer.stop());
const me = coffer.call(coffer.token);
const at = "2026-11-20T09:15:13.000Z";
const invalidJson = "invalid_json_body";
const trail = async (id: string) =>
  (await readTrail(coffer, null)).filter(({ target_id }) => String(target_id).replaceAll("-", "") === id);

describe("create", () => {
  test("200: an array, in its order, and nothing of the values", async () => {
    const { id: store_id, secrets } = await aStore(coffer);
    const body = [
      { name: "API_KEY", value: "hunter2", scopes: ["workers"], comment: "hello" },
      { name: "api_key", value: "hunter3", scopes: ["workers", "ai_gateway", "workers", "access"] },
    ];
    const answer = await me.post(secrets, JSON.stringify(body), {
      "content-type": "text/plain;charset=UTF-8",
    });
    const common = { id: anId, store_id, status: "active", created: at, modified: at };
    expectDone(answer, [
      { ...common, name: "API_KEY", comment: "hello", scopes: ["workers"] },
      { ...common, name: "api_key", comment: null, scopes: ["access", "ai_gateway", "workers"] },
    ]);
    expect(answer.text).not.toContain("hunter");
  });

  test.each(["application/json", "application/x-www-form-urlencoded", "no type at all", ";"])(
    "200: JSON is read whatever the body says that it is: %s",
    async (type) => {
      const { secrets } = await aStore(coffer);
      const body = JSON.stringify([newSecret()]);
      expect((await me.post(secrets, body, { "content-type": type })).status).toBe(200);
    },
  );

  test("200: a comment that was never set is null, an empty one stays empty", async () => {
    const store = await aStore(coffer);
    expect((await aSecret(me, store)).comment).toBeNull();
    expect((await aSecret(me, store, { comment: null })).comment).toBeNull();
    expect((await aSecret(me, store, { comment: "" })).comment).toBe("");
  });

  test("200: what is just inside the bounds; the operator's own services; the value byte for byte", async () => {
    const store = await aStore(coffer);
    const value = ` ${"v".repeat(65_532)}\né`;
    expect(Buffer.byteLength(value)).toBe(65_536);
    const secret = await aSecret(me, store, {
      name: `{gateway}_provider/äß.${"n".repeat(230)}`,
      value,
      scopes: ["my-proxy", "websearch", "dex", "containers", "gateway_2"],
      comment: "c".repeat(1_024),
      unknown: { deep: [1] },
    });
    const service = coffer.call(await aService(coffer, "my-proxy"));
    const read = await service.get(`${store.values}/${encodeURIComponent(secret.name)}`);
    expect(read.body.result.value).toBe(value);
  });

  test.each<[string, Record<string, unknown>, string, string]>([
    ["no name", { name: undefined }, "secret_name_empty", "name"],
    ["null", { name: null }, "secret_name_empty", "name"],
    ["an empty name", { name: "" }, "secret_name_empty", "name"],
    ["a number", { name: 5 }, "secret_name_invalid", "name"],
    ["256 characters", { name: "N".repeat(256) }, "secret_name_invalid", "name"],
    ["a space", { name: "A B" }, "secret_name_invalid", "name"],
    ["a space that is none", { name: "A\u00a0B" }, "secret_name_invalid", "name"],
    ["a control character", { name: "A\u0001" }, "secret_name_invalid", "name"],
    ["a dot", { name: "." }, "secret_name_invalid", "name"],
    ["no value", { value: undefined }, "secret_value_empty: GOOD", "value"],
    ["a value that is no text", { value: 5 }, "secret_value_empty: GOOD", "value"],
    ["an empty value", { value: "" }, "secret_value_empty: GOOD", "value"],
    ["half a character", { value: "a\ud800" }, "secret_value_invalid: GOOD", "value"],
    ["65,537 bytes", { value: "v".repeat(65_537) }, "secret_value_too_long: GOOD", "value"],
    [
      "65,538 bytes of fewer characters",
      { value: "é".repeat(32_769) },
      "secret_value_too_long: GOOD",
      "value",
    ],
    ["no scopes", { scopes: undefined }, "secret_scopes_empty: GOOD", "scopes"],
    ["a scope that is no list", { scopes: "workers" }, "secret_scopes_empty: GOOD", "scopes"],
    ["none of them", { scopes: [] }, "secret_scopes_empty: GOOD", "scopes"],
    ["a hyphen", { scopes: ["workers", "ai-gateway"] }, "secret_scope_invalid: ai-gateway", "scopes/1"],
    ["a scope with a space", { scopes: [" workers"] }, "secret_scope_invalid", "scopes/0"],
    ["a scope that is no text", { scopes: [5] }, "secret_scope_invalid", "scopes/0"],
    ["a comment that is no text", { comment: 5 }, "secret_comment_too_long: GOOD", "comment"],
    ["1,025 characters", { comment: "c".repeat(1_025) }, "secret_comment_too_long: GOOD", "comment"],
    ["U+0000", { comment: "a\u0000b" }, "secret_comment_invalid: GOOD", "comment"],
  ])("400: %s", async (_, wrong, word, field) => {
    const { secrets } = await aStore(coffer);
    const good = { name: "GOOD", value: "v", scopes: ["workers"] };
    expectWrong(await me.post(secrets, [{ ...good, ...wrong }]), word, `/0/${field}`);
    // One that is wrong means that none is made.
    expectWrong(await me.post(secrets, [newSecret(), { ...good, ...wrong }]), word, `/1/${field}`);
    expect((await me.get(secrets)).body.result).toEqual([]);
  });

  test("400: the first that is wrong, fields in their order; what was sent is not said again", async () => {
    const { secrets } = await aStore(coffer);
    const body = [{ name: "sp ace", value: 5, scopes: ["hunter2 hunter2"], comment: [] }];
    const answer = await me.post(secrets, body);
    expectWrong(answer, "secret_name_invalid", "/0/name");
    expect(answer.text).not.toContain("sp ace");
    const scopes = await me.post(secrets, [{ ...body[0], name: "N", value: "v" }]);
    expectWrong(scopes, "secret_scope_invalid", "/0/scopes/0");
  });

  test.each(["{", "null", "5", "", "[]", "[5]", "[[]]", '{"name":"A","value":"v","scopes":["workers"]}'])(
    "400: the body %s",
    async (body) => {
      const { secrets } = await aStore(coffer);
      expectWrong(await me.post(secrets, body), invalidJson);
    },
  );

  test("409: a name that is taken, in the store or in the body; letter case counts", async () => {
    const store = await aStore(coffer);
    const { id } = await aSecret(me, store, { name: "TAKEN" });
    const taken = (index: number, name = "TAKEN") => ({
      code: 1003,
      message: `secret_name_already_exists: ${name}`,
      source: { pointer: `/${index}/name` },
    });
    const body = (name: string) => newSecret({ name });
    expectRefused(await me.post(store.secrets, [body("TAKEN")]), 409, taken(0));
    expectRefused(await me.post(store.secrets, [body("NEW"), body("TAKEN")]), 409, taken(1));
    expectRefused(await me.post(store.secrets, [body("N"), body("M"), body("N")]), 409, taken(2, "N"));
    expect((await me.get(store.secrets)).body.result).toHaveLength(1);
    expect((await me.post(store.secrets, [body("taken")])).status).toBe(200);
    expect((await me.post((await aStore(coffer)).secrets, [body("TAKEN")])).status).toBe(200);
    // A deleted one's name is free at once.
    expect((await me.delete(`${store.secrets}/${id}`)).status).toBe(200);
    expect((await me.post(store.secrets, [body("TAKEN")])).status).toBe(200);
  });

  test("413: more than 16 MiB; a hundred of the longest values fit, escaped as they are", async () => {
    const { secrets } = await aStore(coffer);
    const value = "\u0001".repeat(27_000);
    const body = Array.from({ length: 100 }, (_, index) => newSecret({ name: `N${index}`, value }));
    expect(JSON.stringify(body).length).toBeGreaterThan(16_000_000);
    const answer = await me.post(secrets, body);
    expect(answer.status, answer.text).toBe(200);
    expect(answer.body.result).toHaveLength(100);
    const tooLarge = { code: 1001, message: "request_body_too_large" };
    expectRefused(await me.post(secrets, "x".repeat(16 * 1024 * 1024 + 1)), 413, tooLarge);
  });

  test("401, 400, 403, 404: before the body is looked at", async () => {
    const { path, secrets } = await aStore(coffer);
    expectRefused(await coffer.call(null).post(secrets, "{"), 401, authentication);
    const account = "/client/v4/accounts/xyz/secrets_store/stores/x/secrets";
    const message = `Could not route to ${account.slice("/client/v4".length)}, perhaps your object identifier is invalid?`;
    const noRoute = { code: 7000, message: "No route for that URI" };
    expectRefused(await me.post(account, "{"), 400, { code: 7003, message }, noRoute);
    const reader = coffer.call(await scopedToken(coffer, "Secrets Store Read"));
    expectRefused(await reader.post(secrets, "{"), 403, authentication);
    expectRefused(await me.post(secrets.replace(path, `${path.slice(0, -2)}zz`), "{"), 404, storeNotFound);
  });
});

describe("list", () => {
  test("200: pages to the end and beyond, oldest first", async () => {
    const store = await aStore(coffer);
    const made: unknown[] = [];
    for (const name of ["C", "A", "B"]) {
      clock.pass(1);
      made.push(await aSecret(me, store, { name }));
    }
    const info = (page: number, count: number) => ({
      result_info: { page, per_page: 2, count, total_count: 3, total_pages: 2 },
    });
    expectDone(await me.get(`${store.secrets}?per_page=2`), made.slice(0, 2), info(1, 2));
    expectDone(await me.get(`${store.secrets}?per_page=2&page=2`), made.slice(2), info(2, 1));
    expectDone(await me.get(`${store.secrets}?per_page=2&page=3`), [], info(3, 0));
    expectDone(await me.get(`${store.secrets}?per_page=2&page=0`), made.slice(0, 2), info(1, 2));
  });

  test("200: in each order and direction", async () => {
    const store = await aStore(coffer);
    const [one, two, three] = [
      await aSecret(me, store, { name: "C", comment: "2" }),
      await aSecret(me, store, { name: "A", comment: "3" }),
      await aSecret(me, store, { name: "B", comment: "1" }),
    ];
    clock.pass(10);
    await me.patch(`${store.secrets}/${one.id}`, { comment: "4" });
    const names = async (query: string) =>
      (await me.get(`${store.secrets}?${query}`)).body.result
        .map(({ name }: { name: string }) => name)
        .join("");
    expect(await names("order=name")).toBe("ABC");
    expect(await names("order=Name&direction=Desc")).toBe("CBA");
    expect(await names("order=comment")).toBe("BAC");
    expect(await names("order=modified")).toBe([two.name, three.name, one.name].join(""));
    expect(await names("order=created&direction=desc")).toBe("BAC");
    expect(await names("order=status")).toBe("CAB");
  });

  test("200: search in names and comments, the whole name first where no order is said", async () => {
    const store = await aStore(coffer);
    for (const name of ["REG_TOKEN_1", "REG_TOKEN_2", "OLD_REG_TOKEN"]) await aSecret(me, store, { name });
    await aSecret(me, store, { name: "OTHER", comment: "a reg_token of ours" });
    const exact = await aSecret(me, store, { name: "REG_TOKEN" });
    await aSecret(me, store, { name: "UNLIKE" });
    const found = async (query: string) =>
      (await me.get(`${store.secrets}?${query}`)).body.result.map(({ name }: { name: string }) => name);
    const rest = ["REG_TOKEN_1", "REG_TOKEN_2", "OLD_REG_TOKEN", "OTHER"];
    expect(await found("search=REG_TOKEN")).toEqual([exact.name, ...rest]);
    expect(await found("search=REG_TOKEN&per_page=2&page=2")).toEqual(rest.slice(1, 3));
    expect(await found("search=reg_token")).toEqual([...rest, exact.name]);
    expect(await found("search=REG_TOKEN&order=created")).toEqual([...rest, exact.name]);
    expect(await found("search=%25")).toEqual([]);
    expect((await me.get(`${store.secrets}?search=REG_TOKEN&per_page=1`)).body.result_info).toEqual({
      page: 1,
      per_page: 1,
      count: 1,
      total_count: 5,
      total_pages: 5,
    });
    expect(await found("search=")).toHaveLength(6);
  });

  test("200: those with any of the scopes, however they are sent", async () => {
    const store = await aStore(coffer);
    await aSecret(me, store, { name: "W" });
    await aSecret(me, store, { name: "G", scopes: ["ai_gateway", "dex"] });
    await aSecret(me, store, { name: "A", scopes: ["access"] });
    const found = async (query: string) =>
      (await me.get(`${store.secrets}?${query}`)).body.result
        .map(({ name }: { name: string }) => name)
        .join("");
    expect(await found("scopes=workers")).toBe("W");
    expect(await found("scopes=workers&scopes=dex")).toBe("WG");
    expect(await found("scopes=workers,dex")).toBe("WG");
    expect(await found("scopes[]=access&scopes[]=dex")).toBe("GA");
    expect(await found("scopes=nothing")).toBe("");
    expect(await found("scopes=")).toBe("WGA");
  });

  test.each([
    "order=value",
    "order=id",
    "direction=sideways",
    "per_page=x",
    "search=a&search=b",
    "search=%00",
  ])("400: %s", async (query) => {
    const { secrets } = await aStore(coffer);
    expectWrong(await me.get(`${secrets}?${query}`), "invalid_query_parameter");
  });

  test("404 and 403: a store that is not there, or not for this caller", async () => {
    const store = await aStore(coffer);
    expectRefused(await me.get(store.secrets.replace(store.id, nowhere)), 404, storeNotFound);
    const stranger = coffer.call((await aPerson(coffer)).token);
    expectRefused(await stranger.get(store.secrets), 404, storeNotFound);
    const narrow = coffer.call(await scopedToken(coffer, "User Details Read"));
    expectRefused(await narrow.get(store.secrets), 403, authentication);
  });
});

describe("get and delete", () => {
  test("200, then 404 to both, and the name is free", async () => {
    const store = await aStore(coffer);
    const secret = await aSecret(me, store);
    const path = `${store.secrets}/${secret.id}`;
    expectDone(await me.get(path), secret);
    expectDone(await me.delete(path), null);
    expectRefused(await me.get(path), 404, secretNotFound);
    expectRefused(await me.delete(path), 404, secretNotFound);
    expect((await me.get(store.secrets)).body.result).toEqual([]);
    // Restorable natively.
    const { items } = (await me.get("/v1/organizations/default/trash?limit=1000")).body;
    expect(items.map(({ name }: { name: string }) => name)).toContain(secret.name);
  });

  test("404: of another store, of another form, in a store that is not there", async () => {
    const store = await aStore(coffer);
    const other = await aStore(coffer);
    const { id } = await aSecret(me, store);
    expectRefused(await me.get(`${other.secrets}/${id}`), 404, secretNotFound);
    expectRefused(await me.get(`${store.secrets}/${id.toUpperCase()}`), 404, secretNotFound);
    expectRefused(await me.get(`${store.secrets}/not-an-id`), 404, secretNotFound);
    expectRefused(await me.get(`${store.secrets.replace(store.id, nowhere)}/${id}`), 404, storeNotFound);
  });

  test("403: a reader deletes nothing", async () => {
    const store = await aStore(coffer);
    const { id } = await aSecret(me, store);
    const reader = coffer.call(await aMachine(coffer, store, "read"));
    expect((await reader.get(`${store.secrets}/${id}`)).status).toBe(200);
    expectRefused(await reader.delete(`${store.secrets}/${id}`), 403, authentication);
  });
});

describe("edit", () => {
  test("200: what is sent changes, the rest stays, and null clears a comment", async () => {
    const store = await aStore(coffer);
    const secret = await aSecret(me, store, { comment: "old", scopes: ["workers", "dex"] });
    const path = `${store.secrets}/${secret.id}`;
    clock.pass(5_000);
    const later = new Date(clock.now()).toISOString();
    const changed = { ...secret, comment: "new", modified: later };
    expectDone(await me.patch(path, { comment: "new" }), changed);
    expectDone(await me.patch(path, { scopes: ["websearch", "access", "access"] }), {
      ...changed,
      scopes: ["access", "websearch"],
    });
    expectDone(await me.patch(path, { comment: null }), {
      ...changed,
      comment: null,
      scopes: ["access", "websearch"],
    });
    expect((await me.patch(path, { comment: "" })).body.result.comment).toBe("");
  });

  test("200: nothing to change changes nothing", async () => {
    const store = await aStore(coffer);
    const secret = await aSecret(me, store, { comment: "c" });
    clock.pass(5_000);
    const path = `${store.secrets}/${secret.id}`;
    for (const body of [{}, { comment: "c" }, { name: secret.name }, { scopes: ["workers"], unknown: 1 }]) {
      expectDone(await me.patch(path, body), secret);
    }
  });

  test("200: a value is a new version, read from then on, and the trail tells that it changed", async () => {
    const store = await aStore(coffer);
    const { id, name } = await aSecret(me, store);
    const service = coffer.call(await aService(coffer, "workers"));
    expect((await service.get(`${store.values}/${name}`)).body.result).toMatchObject({ version: 1 });
    const answer = await me.patch(`${store.secrets}/${id}`, { value: "hunter9" });
    expect([answer.status, answer.text.includes("hunter9")]).toEqual([200, false]);
    expect((await service.get(`${store.values}/${name}`)).body.result).toMatchObject({
      version: 2,
      value: "hunter9",
    });
    const changes = (await trail(id)).filter(({ outcome }) => outcome === "allowed");
    expect(changes.map(({ action }) => action)).toEqual([
      "secret.create",
      "secret.reveal",
      "secret.write",
      "secret.reveal",
    ]);
    expect(JSON.stringify(changes)).not.toContain("hunter");
  });

  test.each<[string, unknown, string, string | undefined]>([
    ["another name", { name: "OTHER" }, "secret_name_immutable", "/name"],
    ["a null name", { name: null }, "secret_name_immutable", "/name"],
    ["a null value", { value: null }, "secret_value_empty", "/value"],
    ["an empty value", { value: "" }, "secret_value_empty", "/value"],
    ["a long value", { value: "v".repeat(65_537) }, "secret_value_too_long", "/value"],
    ["no scopes", { scopes: [] }, "secret_scopes_empty", "/scopes"],
    ["null scopes", { scopes: null }, "secret_scopes_empty", "/scopes"],
    ["an unknown scope", { scopes: ["nope"] }, "secret_scope_invalid: nope", "/scopes/0"],
    ["a long comment", { comment: "c".repeat(1_025) }, "secret_comment_too_long", "/comment"],
    ["a list", [], invalidJson, undefined],
    ["nothing", undefined, invalidJson, undefined],
    ["null", "null", invalidJson, undefined],
  ])("400: %s", async (_, body, word, pointer) => {
    const store = await aStore(coffer);
    const secret = await aSecret(me, store);
    expectWrong(await me.patch(`${store.secrets}/${secret.id}`, body), word, pointer);
    expectDone(await me.get(`${store.secrets}/${secret.id}`), secret);
  });

  test("404 before the body; 403 to who only reads", async () => {
    const store = await aStore(coffer);
    const { id } = await aSecret(me, store);
    expectRefused(await me.patch(`${store.secrets}/${nowhere}`, "{"), 404, secretNotFound);
    expectRefused(await me.patch(`${store.secrets}/${nowhere}`, { value: "" }), 404, secretNotFound);
    const reader = coffer.call(await aMachine(coffer, store, "read"));
    expectRefused(await reader.patch(`${store.secrets}/${id}`, "{"), 403, authentication);
  });
});

describe("bulk delete", () => {
  test("200: those that are named, each once", async () => {
    const store = await aStore(coffer);
    const [one, two, three] = [await aSecret(me, store), await aSecret(me, store), await aSecret(me, store)];
    const ids = [{ id: one.id }, { id: two.id }, { id: one.id, unknown: 1 }];
    expectDone(await me.delete(store.secrets, ids), null);
    expect((await me.get(store.secrets)).body.result).toEqual([three]);
    expectDone(await me.delete(store.secrets, []), null);
    // A client that says nothing of the type is read too.
    const raw = await fetch(coffer.url + store.secrets, {
      method: "DELETE",
      headers: { authorization: `Bearer ${coffer.token}` },
      body: new Blob([JSON.stringify([{ id: three.id }])]),
    });
    expect(raw.status).toBe(200);
    expect((await me.get(store.secrets)).body.result).toEqual([]);
  });

  test.each([undefined, "", "{}", "null", "[null]", '["x"]', "[{}]", '[{"id":5}]', '[{"id":null}]'])(
    "400: the body %s deletes nothing",
    async (body) => {
      const store = await aStore(coffer);
      const secret = await aSecret(me, store);
      expectWrong(await me.delete(store.secrets, body), invalidJson);
      expect((await me.get(store.secrets)).body.result).toEqual([secret]);
    },
  );

  test("404: one that is not there, and then none is deleted", async () => {
    const store = await aStore(coffer);
    const secret = await aSecret(me, store);
    const missing = (message: string, index: number) => ({
      code: 1001,
      message,
      source: { pointer: `/${index}/id` },
    });
    expectRefused(
      await me.delete(store.secrets, [{ id: secret.id }, { id: nowhere }]),
      404,
      missing(`secret_not_found: ${nowhere}`, 1),
    );
    expectRefused(
      await me.delete(store.secrets, [{ id: nowhere }]),
      404,
      missing(`secret_not_found: ${nowhere}`, 0),
    );
    const odd = await me.delete(store.secrets, [{ id: "a value by mistake" }]);
    expectRefused(odd, 404, missing("secret_not_found", 0));
    expect((await me.get(store.secrets)).body.result).toEqual([secret]);
    expectRefused(await me.delete(store.secrets.replace(store.id, nowhere)), 404, storeNotFound);
  });
});

describe("duplicate", () => {
  test("200: the value under another name; the source stays as it is", async () => {
    const store = await aStore(coffer);
    const source = await aSecret(me, store, { value: "the value", comment: "c", scopes: ["dex"] });
    const path = `${store.secrets}/${source.id}/duplicate`;
    clock.pass(1_000);
    const answer = await me.post(path, { name: "COPY", scopes: ["workers", "access"] });
    const now = new Date(clock.now()).toISOString();
    expectDone(answer, {
      id: anId,
      store_id: store.id,
      name: "COPY",
      comment: null,
      scopes: ["access", "workers"],
      status: "active",
      created: now,
      modified: now,
    });
    expect((await me.post(path, { name: "C2", scopes: ["workers"], comment: "" })).body.result.comment).toBe(
      "",
    );
    expectDone(await me.get(`${store.secrets}/${source.id}`), source);
    const service = coffer.call(await aService(coffer, "workers"));
    expect((await service.get(`${store.values}/COPY`)).body.result.value).toBe("the value");
    const [made] = await trail(answer.body.result.id);
    expect(made).toMatchObject({ action: "secret.create", outcome: "allowed" });
    expect(String(made?.details)).toContain("duplicatedFrom");
  });

  test.each<[string, unknown, string, string | undefined]>([
    ["no name", { scopes: ["workers"] }, "secret_name_empty", "/name"],
    ["a space", { name: "A B", scopes: ["workers"] }, "secret_name_invalid", "/name"],
    ["no scopes", { name: "N" }, "secret_scopes_empty", "/scopes"],
    ["an unknown scope", { name: "N", scopes: ["x"] }, "secret_scope_invalid: x", "/scopes/0"],
    ["a comment", { name: "N", scopes: ["workers"], comment: {} }, "secret_comment_too_long", "/comment"],
    ["a list", [{ name: "N", scopes: ["workers"] }], invalidJson, undefined],
    ["nothing", undefined, invalidJson, undefined],
  ])("400: %s", async (_, body, word, pointer) => {
    const store = await aStore(coffer);
    const { id } = await aSecret(me, store);
    expectWrong(await me.post(`${store.secrets}/${id}/duplicate`, body), word, pointer);
  });

  test("409: under a name that is taken, its own too; 404 before the body", async () => {
    const store = await aStore(coffer);
    const { id } = await aSecret(me, store, { name: "OWN" });
    const body = { name: "OWN", scopes: ["workers"] };
    expectRefused(await me.post(`${store.secrets}/${id}/duplicate`, body), 409, {
      code: 1003,
      message: "secret_name_already_exists: OWN",
      source: { pointer: "/name" },
    });
    expectRefused(await me.post(`${store.secrets}/${nowhere}/duplicate`, "{"), 404, secretNotFound);
    expectRefused(await me.post(`${store.secrets}//duplicate`, "{"), 404, secretNotFound);
  });
});
