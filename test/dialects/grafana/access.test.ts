// Who may ask, and where: credentials, namespaces and their aliases, actions and scopes of tokens.
import { afterAll, describe, expect, test } from "vitest";
import { startCoffer } from "../../support/server.ts";
import { minted, scopedToken } from "../../support/tokens.ts";
import {
  aMember,
  aNamespace,
  api,
  aService,
  asMerge,
  expectStatus,
  made,
  ofValue,
  secureValue,
  text,
} from "./support.ts";

const coffer = await startCoffer({ env: { COFFER_GRAFANA_NAMESPACES: "stacks-12=default,org-2=default" } });
afterAll(() => coffer.stop());
const me = coffer.call(coffer.token);
const here = await aNamespace(coffer);

const forbidden = (verb: string, namespace: string, name?: string) =>
  `securevalues.secret.grafana.app ${name === undefined ? "" : `"${name}" `}is forbidden: User "Owner" cannot ${verb} resource "securevalues" in API group "secret.grafana.app" in the namespace "${namespace}"`;

describe("credentials", () => {
  const nobody = coffer.call(null);
  const basic = (password: string) => ({
    authorization: `Basic ${Buffer.from(`admin:${password}`).toString("base64")}`,
  });

  test("Bearer, or a token as the password of whatever user", async () => {
    expect((await nobody.get(here.securevalues, basic(coffer.token))).status).toBe(200);
    expect((await nobody.get(here.securevalues, basic("admin"))).status).toBe(401);
    expect((await nobody.get(here.securevalues, { authorization: `bearer ${coffer.token}` })).status).toBe(
      200,
    );
    expect((await nobody.get(`${here.securevalues}?access_token=${coffer.token}`)).status).toBe(401);
  });

  test.each([
    "/version",
    "/api",
    "/apis",
    api,
    "/openapi/v2",
    "/openapi/v3",
    "/apis/nothing",
    "/api/v1/nodes",
    "/openapi/v9",
  ])("401 without one: %s", async (path) => {
    const answer = await nobody.get(path);
    expectStatus(answer, 401, "Unauthorized", "Unauthorized");
    expect(answer.headers.get("www-authenticate")).toBe('Bearer realm="coffer"');
  });

  test("401: services and jobs have ways of their own", async () => {
    const service = await aService(coffer, "a-service", [here]);
    expect((await coffer.call(service).get(here.securevalues)).status).toBe(401);
    expect((await coffer.call(service).get("/apis")).status).toBe(401);
  });

  test("machines are callers like people", async () => {
    const { body } = await me.post("/v1/organizations/default/machines", { name: "robot" });
    const subject = { kind: "machine", id: body.id };
    await me.put("/v1/organizations/default/grants", {
      subject,
      object: { kind: "store", id: here.id },
      level: "write",
    });
    const robot = coffer.call(await minted(coffer, { principal: subject, name: "t" }));
    const answer = await robot.post(here.securevalues, secureValue("by-robot"));
    expect(answer.body.metadata.annotations["grafana.app/createdBy"]).toBe(`service-account:${body.id}`);
    const refused = await robot.get(`${api}/namespaces/default/securevalues`);
    expect(refused.body.message).toContain('User "robot" cannot list');
  });
});

describe("namespaces", () => {
  test("`default` is the default store, others are stores by slug, aliases are as configured", async () => {
    const base = (name: string) => `${api}/namespaces/${name}/securevalues`;
    const answer = await me.post(base("stacks-12"), secureValue("aliased"));
    expect(answer.body.metadata.namespace).toBe("stacks-12");
    expect((await me.get(`${base("default")}/aliased`)).body.metadata).toMatchObject({
      namespace: "default",
      uid: answer.body.metadata.uid,
    });
    expect((await me.get(`${base("org-2")}/aliased`)).status).toBe(200);
    expect((await me.get(`${base("stacks-13")}/aliased`)).status).toBe(403);
  });

  test.each(["nowhere", "org-1", "Bad_Name", "a%2Fb", "x".repeat(300)])("403: %s", async (name) => {
    const answer = await me.get(`${api}/namespaces/${name}/securevalues`);
    expectStatus(answer, 403, "Forbidden", forbidden("list", decodeURIComponent(name)), ofValue());
  });

  test("403: somebody else's, and one of several organizations", async () => {
    await me.post("/v1/organizations", { slug: "other", name: "other" });
    await me.post("/v1/organizations/other/stores", { name: "theirs", slug: "theirs" });
    const bound = coffer.call(await scopedToken(coffer, "secret.*"));
    expect((await bound.get(`${api}/namespaces/theirs/securevalues`)).status).toBe(403);
    // Over two organizations a token names neither.
    expect((await me.get(here.securevalues)).status).toBe(403);
    await me.delete("/v1/organizations/other?force=true");
    expect((await me.get(here.securevalues)).status).toBe(200);
  });

  test("below a prefix as well", async () => {
    expect((await me.get(`/grafana${here.securevalues}`)).status).toBe(200);
    expect((await me.get(`/grafana${here.securevalues}/nope`)).status).toBe(404);
    expect((await me.get("/grafana/openapi/v3")).status).toBe(200);
    expect((await me.get("/grafana/gsm/api/v1/secrets")).status).toBe(403);
    expect((await me.put(`/grafana${here.securevalues}`, {})).status).toBe(405);
  });
});

/** The lines of a stream that ends by itself. */
async function watched(token: string, path: string): Promise<readonly string[]> {
  const answer = await fetch(coffer.url + path, { headers: { authorization: `Bearer ${token}` } });
  return (await answer.text()).trim().split("\n");
}

describe("actions and scopes", () => {
  const of = async (...scopes: string[]) => coffer.call(await scopedToken(coffer, ...scopes));

  test("each action opens its verbs alone, and 403 comes before the body and before existence", async () => {
    const there = await aNamespace(coffer);
    await made(me, there, "a");
    const one = `${there.securevalues}/a`;
    const writer = await of("secret.securevalues:write");
    for (const [answer, verb, name] of [
      [await writer.get(there.securevalues), "list"],
      [await writer.get(`${there.securevalues}?watch=1`), "watch"],
      [await writer.get(one), "get", "a"],
      [await writer.get(`${there.securevalues}/nope`), "get", "nope"],
      [await writer.post(there.securevalues, "{"), "create"],
      [await writer.delete(one), "delete", "a"],
      [await writer.delete(there.securevalues), "deletecollection"],
    ] as const) {
      expectStatus(answer, 403, "Forbidden", forbidden(verb, there.name, name), ofValue(name));
    }
    expect((await writer.put(one, secureValue("a"))).status).toBe(200);
    expect((await writer.patch(one, {}, asMerge)).status).toBe(200);
    const reader = await of("secret.securevalues:read");
    expectStatus(
      await reader.put(one, "{"),
      403,
      "Forbidden",
      forbidden("update", there.name, "a"),
      ofValue("a"),
    );
    expectStatus(
      await reader.patch(one, "{", asMerge),
      403,
      "Forbidden",
      forbidden("patch", there.name, "a"),
      ofValue("a"),
    );
    const creator = await of("secret.securevalues:create");
    expect((await creator.post(there.securevalues, secureValue("b"))).status).toBe(201);
    const deleter = await of("fixed:secret.securevalues:deleter");
    expect((await deleter.delete(one)).status).toBe(200);
    expect((await deleter.delete(one)).status).toBe(404);
  });

  test("an apply that creates needs both actions", async () => {
    const there = await aNamespace(coffer);
    const apply = { "content-type": "application/apply-patch+yaml" };
    const at = `${there.securevalues}/a?fieldManager=m`;
    const writer = await of("secret.securevalues:write");
    expect((await writer.patch(at, JSON.stringify(secureValue("a")), apply)).status).toBe(403);
    const both = await of("secret.securevalues:write", "secret.securevalues:create");
    expect((await both.patch(at, JSON.stringify(secureValue("a")), apply)).status).toBe(201);
    expect((await writer.patch(at, JSON.stringify(secureValue("a")), apply)).status).toBe(200);
  });

  test("one name alone: it, whether it is there, and nothing beside it", async () => {
    const there = await aNamespace(coffer);
    await made(me, there, "mine");
    await made(me, there, "other");
    const names = ["read", "create", "write", "delete"].map(
      (verb) => `secret.securevalues:${verb}@${there.name}/mine`,
    );
    const narrow = await of(...names);
    const one = `${there.securevalues}/mine`;
    expect((await narrow.get(one)).status).toBe(200);
    const { body } = await narrow.get(there.securevalues);
    expect(body.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name)).toEqual(["mine"]);
    expect(
      (await narrow.get(`${there.securevalues}?fieldSelector=metadata.name%3Dother`)).body.items,
    ).toEqual([]);
    expect((await narrow.get(`${there.securevalues}/other`)).status).toBe(403);
    expect((await narrow.get(`${there.securevalues}/nope`)).status).toBe(403);
    expect((await narrow.post(there.securevalues, secureValue("nope"))).status).toBe(403);
    expect(
      (await narrow.post(there.securevalues, secureValue("", { metadata: { generateName: "mine" } }))).status,
    ).toBe(403);
    expect((await narrow.put(one, secureValue("mine"))).status).toBe(200);
    expect((await narrow.get(here.securevalues)).status).toBe(403);
    expect((await narrow.delete(one)).status).toBe(200);
    expect((await narrow.get(one)).status).toBe(404);
    expect((await narrow.post(there.securevalues, secureValue("mine"))).status).toBe(201);
  });

  test("a watch tells who may list one name of that one", async () => {
    const there = await aNamespace(coffer);
    await made(me, there, "mine");
    const token = await scopedToken(coffer, `secret.securevalues:read@${there.name}/mine`);
    const list = await coffer.call(token).get(there.securevalues);
    const query = `watch=1&timeoutSeconds=2&resourceVersion=${list.body.metadata.resourceVersion}`;
    const watching = watched(token, `${there.securevalues}?${query}`);
    await made(me, there, "other");
    const secrets = `/v1/organizations/default/stores/${there.name}/secrets`;
    await me.patch(`${secrets}/mine`, { description: "changed" });
    await me.patch(`${secrets}/mine`, { name: "gone" });
    await me.patch(`${secrets}/other`, { name: "mine" });
    const told = (await watching).map((line) => JSON.parse(line));
    expect(told.map(({ type, object }) => `${type} ${object.metadata.name}`)).toEqual([
      "MODIFIED mine",
      "DELETED mine",
      "MODIFIED mine",
    ]);
  });

  test("a watch tells of what went where its caller may not look", async () => {
    const [one, other] = [await aNamespace(coffer), await aNamespace(coffer)];
    await made(me, one, "a", { metadata: { labels: { l: "1" } } });
    const member = await aMember(coffer);
    const grant = {
      subject: { kind: "person", id: member.id },
      object: { kind: "store", id: one.id },
      level: "read",
    };
    await me.put("/v1/organizations/default/grants", grant);
    const theirs = coffer.call(member.token);
    const list = await theirs.get(one.securevalues);
    const query = `watch=1&timeoutSeconds=2&labelSelector=l%3D1&resourceVersion=${list.body.metadata.resourceVersion}`;
    const watching = watched(member.token, `${one.securevalues}?${query}`);
    const secrets = (name: string) => `/v1/organizations/default/stores/${name}/secrets`;
    await me.post(`${secrets(one.name)}/a/move`, { store: other.name, name: "elsewhere" });
    await me.post(`${secrets(other.name)}/elsewhere/move`, { store: one.name, name: "back" });
    const lines = await watching;
    const told = lines.map((line) => JSON.parse(line));
    expect(told.map(({ type, object }) => `${type} ${object.metadata.name}`)).toEqual([
      "DELETED a",
      "ADDED back",
    ]);
    expect(lines[0]).not.toContain("elsewhere");
  });

  test("a token of the core's actions is one like theirs", async () => {
    const there = await aNamespace(coffer);
    const narrow = await of(`secret.list@${there.name}`, `secret.read@${there.name}`);
    expect((await narrow.get(there.securevalues)).status).toBe(200);
    expect((await narrow.post(there.securevalues, secureValue("a"))).status).toBe(403);
  });

  test("keepers have their own", async () => {
    const there = await aNamespace(coffer);
    const reader = await of("secret.keepers:read");
    expect((await reader.get(there.keepers)).status).toBe(200);
    expect((await reader.post(there.keepers, {})).status).toBe(403);
    expect((await reader.post(`${there.keepers}/system/activate`, {})).status).toBe(403);
    const writer = await of("secret.keepers:write");
    expect((await writer.get(there.keepers)).status).toBe(403);
    expect((await writer.post(`${there.keepers}/system/activate`, {})).status).toBe(200);
    expect((await writer.delete(`${there.keepers}/a`)).status).toBe(403);
  });

  test("no token of a person reveals a value here", async () => {
    await made(me, here, "never", { spec: { decrypters: ["x"] } });
    const bound = coffer.call(await scopedToken(coffer, "secret.*"));
    for (const path of [
      `${here.securevalues}/never`,
      here.securevalues,
      "/gsm/api/v1/secrets/never/decrypt",
    ]) {
      expect((await bound.get(path)).text).not.toContain(text);
    }
    const { body } = await me.get("/v1/organizations/default/audit?action=secret.reveal&outcome=refused");
    expect(body.items[0]).toMatchObject({
      because: "no service identity in token",
      target: { name: "never" },
    });
  });
});
