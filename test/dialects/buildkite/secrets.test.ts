// The six routes of secrets in REST, by operation and status: whole bodies, and the order of the checks.
import { afterAll, describe, expect, test } from "vitest";
import { heldClock } from "../../support/coffers.ts";
import { type Answer, startCoffer } from "../../support/server.ts";
import { minted, scopedToken } from "../../support/tokens.ts";
import { readTrail } from "../../support/trail.ts";
import {
  aCluster,
  aJob,
  aMember,
  anId,
  aSecret,
  aTime,
  clusterPath,
  expectHeaders,
  expectInvalid,
  expectRefused,
  noCredential,
  nowhere,
} from "./support.ts";

const clock = heldClock(Date.UTC(2026, 9, 1, 7, 43, 38, 648));
const coffer = await startCoffer({ clock });
afterAll(() => coffer.stop());
const me = coffer.call(coffer.token);
const { organization, person } = coffer.bootstrap;
const owner = { id: person.id, name: "Owner", email: person.email };
const policy = "# who may\n- pipeline_slug: my-pipeline\n  build_branch: main\n";

describe("create", () => {
  test("201: the whole object, and nothing of the value", async () => {
    const { id: cluster, secrets } = await aCluster(coffer);
    const body = { key: "My_Secret", value: "secret-value", description: "My secret", policy };
    const answer = await me.post(secrets, body);
    expect(answer.status).toBe(201);
    expectHeaders(answer);
    expect(answer.headers.get("access-control-allow-origin")).toBe("*");
    expect(answer.headers.get("access-control-expose-headers")).toBe("Link");
    const { id } = answer.body;
    const api = `${coffer.url}/v2/organizations/default`;
    expect(answer.headers.get("location")).toBe(`${api}/clusters/${cluster}/secrets/${id}`);
    expect(answer.body).toEqual({
      id: anId,
      graphql_id: Buffer.from(`Secret---${id}`).toString("base64"),
      key: "My_Secret",
      description: "My secret",
      policy,
      created_at: "2026-10-01T07:43:38.648Z",
      created_by: owner,
      updated_at: "2026-10-01T07:43:38.648Z",
      updated_by: null,
      last_read_at: null,
      url: `${api}/clusters/${cluster}/secrets/${id}`,
      cluster_url: `${api}/clusters/${cluster}`,
      organization: { id: organization.id, slug: "default", url: api, web_url: `${coffer.url}/default` },
    });
    expect(answer.text).not.toContain("secret-value");
  });

  test("201: with a key alone; without a value there is nothing to read yet", async () => {
    const cluster = await aCluster(coffer);
    const made = await aSecret(me, cluster, { key: "EMPTY", value: null, unknown: { deep: [1] } });
    expect(made).toMatchObject({ description: null, policy: null });
    const job = await aJob(coffer, cluster);
    expectRefused(await job.read("EMPTY"), 404, "Secret not found");
    expect((await me.put(`${cluster.secrets}/${made.id}/value`, { value: "now" })).status).toBe(200);
    expect((await job.read("EMPTY")).body.value).toBe("now");
  });

  test("201: empty texts stay empty, and a policy is kept byte for byte", async () => {
    const cluster = await aCluster(coffer);
    expect(await aSecret(me, cluster, { description: "", policy: "" })).toMatchObject({
      description: "",
      policy: "",
    });
    const odd = "\n\n-   pipeline_slug :   'web'   # yes\n\n";
    expect((await aSecret(me, cluster, { policy: odd })).policy).toBe(odd);
  });

  test("201: JSON is read whatever the body says that it is", async () => {
    const { secrets } = await aCluster(coffer);
    const body = '{"key":"FORM"}\n';
    for (const [index, type] of ["application/x-www-form-urlencoded", "text/plain; charset=x"].entries()) {
      const answer = await me.post(secrets, body.replace("FORM", `FORM_${index}`), { "content-type": type });
      expect(answer.status, answer.text).toBe(201);
    }
  });

  const blank = "can't be blank";
  const form = "must start with a letter and only contain letters, numbers, and underscores";
  const reserved = "cannot start with 'buildkite' or 'bk'";
  const kilobytes = "must be less than 8 kilobytes";
  const long = (field: number) => `is too long (maximum is ${field} characters)`;
  test.each<[string, Record<string, unknown>, string, string]>([
    ["no key", {}, "key", blank],
    ["null", { key: null }, "key", blank],
    ["an empty key", { key: "" }, "key", blank],
    ["a blank key", { key: " \t" }, "key", blank],
    ["a number", { key: 5 }, "key", "must be a string"],
    ["256 characters", { key: "K".repeat(256) }, "key", long(255)],
    ["a digit first", { key: "1A" }, "key", form],
    ["an underscore first", { key: "_A" }, "key", form],
    ["a hyphen", { key: "A-B" }, "key", form],
    ["a line end", { key: "A\n" }, "key", form],
    ["letters beyond ASCII", { key: "ÄB" }, "key", form],
    ["bk", { key: "BKSECRET" }, "key", reserved],
    ["Buildkite", { key: "Buildkitetoken" }, "key", reserved],
    ["a value that is no text", { value: 5 }, "value", "must be a string"],
    ["an empty value", { value: "" }, "value", blank],
    ["a blank value", { value: " \n" }, "value", blank],
    ["8,192 bytes", { value: "v".repeat(8_192) }, "value", kilobytes],
    ["8,192 bytes of fewer characters", { value: "é".repeat(4_096) }, "value", kilobytes],
    ["U+0000", { value: "a\u0000b" }, "value", "must be valid UTF-8 text"],
    ["half a character", { value: "a\ud800" }, "value", "must be valid UTF-8 text"],
    ["a description that is no text", { description: [] }, "description", "must be a string"],
    ["65,536 characters", { description: "d".repeat(65_536) }, "description", long(65_535)],
    ["a policy that is no text", { policy: {} }, "policy", "must be a string"],
  ])("422: %s", async (_, body, field, reason) => {
    const { secrets } = await aCluster(coffer);
    expectInvalid(await me.post(secrets, { key: "GOOD", ...body, ...keyOf(body) }), [field, reason]);
    expect((await me.get(secrets)).body).toEqual([]);
  });

  /** No key at all where the case is about having none. */
  function keyOf(body: Record<string, unknown>): Record<string, unknown> {
    return Object.keys(body).length === 0 ? { key: undefined } : {};
  }

  test("201: what is just inside the bounds", async () => {
    const cluster = await aCluster(coffer);
    const value = `${"v".repeat(8_189)}é`;
    const key = `A${"b_9".repeat(84)}AA`;
    expect(key).toHaveLength(255);
    await aSecret(me, cluster, { key, value, description: "d".repeat(65_535) });
    expect((await (await aJob(coffer, cluster)).read(key)).body.value).toBe(value);
    await aSecret(me, cluster, { key: "APP_BK_TOKEN" });
  });

  test.each([
    ["pipeline_slug: web", "must be a list of rules"],
    ["any", "must be a list of rules"],
    ['{pipelines: ["x-*"]}', "must be a list of rules"],
    ["[]", "must contain at least one rule"],
    ["[{}]", "rule 1 must contain at least one claim"],
    ['["web"]', "rule 1 must be a map of claims"],
    ["[{branch: main}]", "rule 1 has an unknown claim 'branch'"],
    ["- build_branch: main\n- branch: main", "rule 2 has an unknown claim 'branch'"],
    ["[{cluster_id: x}]", "rule 1 has an unknown claim 'cluster_id'"],
    ["[{build_branch: []}]", "rule 1 claim 'build_branch' must be a string or a list of strings"],
    ["[{build_branch: {in: [main]}}]", "rule 1 claim 'build_branch' must be a string or a list of strings"],
    ["[{build_branch: [[main]]}]", "rule 1 claim 'build_branch' must be a string or a list of strings"],
    ['[{build_branch: ""}]', "rule 1 claim 'build_branch' must be a string or a list of strings"],
    ["[{build_branch: }]", "rule 1 claim 'build_branch' must be a string or a list of strings"],
    ["- build_branch: a\n---\n- build_branch: b\n", "must be a single document (line 2)"],
    ["[&a {build_branch: main}, *a]", "must not use anchors (line 1)"],
    ["[{build_branch: a, build_branch: b}]", "rule 1 has the claim 'build_branch' twice"],
    ["- build_branch: main\n-\n- [", "is not valid YAML (line 3)"],
  ])("422: the policy %j", async (text, rule) => {
    const cluster = await aCluster(coffer);
    const problem = ["policy", `is invalid: ${rule}`] as const;
    expectInvalid(await me.post(cluster.secrets, { key: "GOOD", policy: text }), problem);
    const { id } = await aSecret(me, cluster);
    expectInvalid(await me.put(`${cluster.secrets}/${id}`, { policy: text }), problem);
  });

  test("422: all that is wrong at once, in order, and nothing that was sent", async () => {
    const { secrets } = await aCluster(coffer);
    const body = { policy: "[hunter2]", description: 1, value: "", key: "bk_hunter2" };
    const answer = await me.post(secrets, body);
    expectInvalid(
      answer,
      ["key", reserved],
      ["value", blank],
      ["description", "must be a string"],
      ["policy", "is invalid: rule 1 must be a map of claims"],
    );
    expect(answer.text).not.toContain("hunter2");
  });

  test("422: a key that is taken, whatever its letter case; one of two at once gets it", async () => {
    const cluster = await aCluster(coffer);
    const made = await aSecret(me, cluster, { key: "Taken" });
    const taken = ["key", "has already been taken"] as const;
    for (const key of ["Taken", "TAKEN", "taken"]) {
      expectInvalid(await me.post(cluster.secrets, { key, value: "v" }), taken);
    }
    expect((await me.delete(`${cluster.secrets}/${made.id}`)).status).toBe(204);
    const both = await Promise.all(
      ["TAKEN", "taken"].map((key) => me.post(cluster.secrets, { key, value: "v" })),
    );
    const [first, second] = both.toSorted((one, other) => one.status - other.status) as [Answer, Answer];
    expect(first.status).toBe(201);
    expectInvalid(second, taken);
    expect((await me.get(cluster.secrets)).body).toHaveLength(1);
  });

  test.each(["{", "[]", "null", '"text"', '{"key":"A"', '{"key": A}'])("400: the body %s", async (body) => {
    const { secrets } = await aCluster(coffer);
    expectRefused(await me.post(secrets, body), 400, "Invalid JSON in request body");
  });

  test("413: a body of more than a mebibyte", async () => {
    const { secrets } = await aCluster(coffer);
    const answer = await me.post(secrets, { key: "A", value: "v".repeat(1024 * 1024) });
    expectRefused(answer, 413, "Request body is too large");
  });
});

describe("get and list", () => {
  test("200: the same object in both, oldest first", async () => {
    const cluster = await aCluster(coffer);
    const first = await aSecret(me, cluster, { key: "ZZZ" });
    const second = await aSecret(me, cluster, { key: "AAA" });
    expect((await me.get(`${cluster.secrets}/${second.id}`)).body).toEqual(second);
    const upper = `${clusterPath(cluster.id.toUpperCase())}/secrets/${second.id.toUpperCase()}`;
    expect((await me.get(upper)).body).toEqual(second);
    const listed = await me.get(`${cluster.secrets}?unknown=1`);
    expectHeaders(listed);
    expect(listed.body).toEqual([first, second]);
    expect(listed.headers.get("link")).toBeNull();
  });

  test("200: HEAD has the headers without the body", async () => {
    const cluster = await aCluster(coffer);
    const { id } = await aSecret(me, cluster);
    const headers = { authorization: `Bearer ${coffer.token}` };
    const answer = await fetch(`${coffer.url}${cluster.secrets}/${id}`, { method: "HEAD", headers });
    expect([answer.status, await answer.text()]).toEqual([200, ""]);
    expect(answer.headers.get("content-type")).toBe("application/json; charset=utf-8");
  });

  test("200: slashes too many are nothing, and all of it lies below /buildkite too", async () => {
    const cluster = await aCluster(coffer);
    const made = await aSecret(me, cluster);
    for (const path of [
      `/${cluster.secrets}`,
      `${cluster.secrets}/`,
      cluster.secrets.replaceAll("/", "//"),
    ]) {
      expect((await me.get(path)).body).toEqual([made]);
    }
    const below = await me.get(`//buildkite/${cluster.secrets}/${made.id}/`);
    expect(below.body).toEqual(
      JSON.parse(JSON.stringify(made).replaceAll(`${coffer.url}/v2`, `${coffer.url}/buildkite/v2`)),
    );
  });

  test("pages: the Link header names the next, the last, the first and the one before", async () => {
    const cluster = await aCluster(coffer);
    const keys = ["A", "B", "C", "D", "E"];
    for (const key of keys) await aSecret(me, cluster, { key });
    const url = `${coffer.url}${cluster.secrets}`;
    const shown = async (query: string) => {
      const answer = await me.get(`${cluster.secrets}?${query}`);
      const link = answer.headers.get("link");
      return [answer.body.map(({ key }: { key: string }) => key), link?.split(", ") ?? []];
    };
    expect(await shown("per_page=2")).toEqual([
      ["A", "B"],
      [`<${url}?per_page=2&page=2>; rel="next"`, `<${url}?per_page=2&page=3>; rel="last"`],
    ]);
    expect(await shown("page=2&per_page=2&q=a%2Cb&access_token=hunter2&api_key=hunter2")).toEqual([
      ["C", "D"],
      [
        `<${url}?page=3&per_page=2&q=a%2Cb>; rel="next"`,
        `<${url}?page=3&per_page=2&q=a%2Cb>; rel="last"`,
        `<${url}?page=1&per_page=2&q=a%2Cb>; rel="first"`,
        `<${url}?page=1&per_page=2&q=a%2Cb>; rel="prev"`,
      ],
    ]);
    expect(await shown("page=3&per_page=2")).toEqual([
      ["E"],
      [`<${url}?page=1&per_page=2>; rel="first"`, `<${url}?page=2&per_page=2>; rel="prev"`],
    ]);
    for (const query of [
      "per_page=5",
      "per_page=101",
      "per_page=0",
      "per_page=-1&page=x",
      "page=0&per_page=",
    ]) {
      expect(await shown(query)).toEqual([keys, []]);
    }
    expect((await shown("page=99"))[0]).toEqual([]);
    expect((await shown("page=999999999999999&per_page=100"))[0]).toEqual([]);
  });

  test("a secret of another dialect is shown whatever its name, its trashed ones are not", async () => {
    const cluster = await aCluster(coffer);
    const natively = `/v1/organizations/default/stores/${cluster.id}/secrets`;
    expect((await me.post(natively, { name: "bk-no/key", value: "v" })).status).toBe(201);
    const [shown] = (await me.get(cluster.secrets)).body;
    expect(shown.key).toBe("bk-no/key");
    expect((await me.delete(`${natively}/${shown.id}`)).status).toBe(204);
    expect((await me.get(cluster.secrets)).body).toEqual([]);
    expectRefused(await me.get(`${cluster.secrets}/${shown.id}`), 404, "No secret found");
  });
});

describe("update of details", () => {
  test("200: what is given changes, and no more", async () => {
    const cluster = await aCluster(coffer);
    const made = await aSecret(me, cluster, { description: "before", policy });
    clock.pass(1_000);
    const updated_at = new Date(clock.now()).toISOString();
    const answer = await me.put(`${cluster.secrets}/${made.id}`, { description: "after", unknown: 1 });
    expect({ status: answer.status, body: answer.body }).toEqual({
      status: 200,
      body: { ...made, description: "after", updated_at, updated_by: owner },
    });
    const patched = await me.patch(`${cluster.secrets}/${made.id}`, { description: null, policy: "" });
    expect(patched.body).toMatchObject({ description: null, policy: "" });
  });

  test("200: an empty object changes nothing", async () => {
    const cluster = await aCluster(coffer);
    const made = await aSecret(me, cluster);
    clock.pass(1_000);
    for (const body of [{}, { unknown: 1 }, ""]) {
      expect((await me.put(`${cluster.secrets}/${made.id}`, body)).body).toEqual(made);
    }
  });

  test.each([
    [{ key: "SAME", description: "x" }, "The key parameter cannot be updated.", "key", "cannot be updated"],
    [{ key: null, value: "v" }, "The key parameter cannot be updated.", "key", "cannot be updated"],
    [
      { value: null },
      "The value parameter cannot be updated on this endpoint.",
      "value",
      "cannot be updated on this endpoint",
    ],
  ])("422: %j", async (body, message, field, code) => {
    const cluster = await aCluster(coffer);
    const made = await aSecret(me, cluster, { key: "SAME" });
    expectRefused(await me.put(`${cluster.secrets}/${made.id}`, body), 422, message, [{ field, code }]);
    expect((await me.get(`${cluster.secrets}/${made.id}`)).body).toEqual(made);
  });
});

describe("update of the value", () => {
  test("200: a new version, which the agent sees at once, also of the same value", async () => {
    const cluster = await aCluster(coffer);
    const made = await aSecret(me, cluster, { key: "KEY", value: "one" });
    const job = await aJob(coffer, cluster);
    for (const value of ["two", "two"]) {
      clock.pass(1_000);
      const body = { value, key: "OTHER", description: "ignored", policy: 5 };
      const answer = await me.put(`${cluster.secrets}/${made.id}/value`, body);
      const updated_at = new Date(clock.now()).toISOString();
      expect({ status: answer.status, body: answer.body }).toEqual({
        status: 200,
        body: { ...made, updated_at, updated_by: owner, last_read_at: answer.body.last_read_at },
      });
      expect((await job.read("KEY")).body.value).toBe("two");
    }
    const versions = `/v1/organizations/default/stores/${cluster.id}/secrets/KEY/versions`;
    expect((await me.get(versions)).body.items).toHaveLength(3);
  });

  test.each([
    [{}, "can't be blank"],
    [{ value: null }, "can't be blank"],
    [{ value: "" }, "can't be blank"],
    [{ value: 5 }, "must be a string"],
    [{ value: "v".repeat(8_192) }, "must be less than 8 kilobytes"],
  ])("422: %#", async (body, reason) => {
    const cluster = await aCluster(coffer);
    const { id } = await aSecret(me, cluster);
    expectInvalid(await me.put(`${cluster.secrets}/${id}/value`, body), ["value", reason]);
  });
});

describe("delete", () => {
  test("204 and empty; then it is gone for everybody, and its key is free at once", async () => {
    const cluster = await aCluster(coffer);
    const { id } = await aSecret(me, cluster, { key: "GONE", value: "v" });
    const job = await aJob(coffer, cluster);
    expect((await job.read("GONE")).status).toBe(200);
    const answer = await me.delete(`${cluster.secrets}/${id}`);
    expect([answer.status, answer.text, answer.headers.get("content-type")]).toEqual([204, "", null]);
    expectRefused(await me.delete(`${cluster.secrets}/${id}`), 404, "No secret found");
    expectRefused(await job.read("GONE"), 404, "Secret not found");
    await aSecret(me, cluster, { key: "gone" });
    const trash = (await me.get("/v1/organizations/default/trash")).body.items;
    expect(trash).toContainEqual(expect.objectContaining({ id, name: "GONE" }));
  });
});

describe("the order of checks", () => {
  const invalid = '{"key":';

  test("401 comes first, for no credential and for those of jobs and services", async () => {
    const cluster = await aCluster(coffer);
    const job = await aJob(coffer, cluster);
    const service = await me.post("/v1/organizations/default/services", { name: `s-${Math.random()}` });
    const principal = { kind: "service", id: service.body.id };
    const ofService = await minted(coffer, { principal, name: "t" });
    for (const token of [null, "coffer_person_x", job.token, ofService]) {
      for (const path of [cluster.secrets, "/v2/organizations/nobody/clusters/x/secrets"]) {
        expectRefused(await coffer.call(token).post(path, invalid), 401, noCredential);
        expectRefused(await coffer.call(token).get(path), 401, noCredential);
      }
      expectRefused(await coffer.call(token).get("/v2/access-token"), 401, noCredential);
    }
    const basic = { authorization: `Basic ${Buffer.from(`${coffer.token}:`).toString("base64")}` };
    expectRefused(await coffer.call(null).get(cluster.secrets, basic), 401, noCredential);
    expectRefused(
      await coffer.call(null).get(`${cluster.secrets}?api_key=${coffer.token}`),
      401,
      noCredential,
    );
    const lower = { authorization: `bearer ${coffer.token}` };
    expect((await coffer.call(null).get(cluster.secrets, lower)).status).toBe(200);
  });

  test("404 for the organization comes before the scope", async () => {
    const cluster = await aCluster(coffer);
    const narrow = coffer.call(await scopedToken(coffer, "read_user"));
    for (const org of ["nobody", "Default", organization.id, "a%00b", "a.b", "a".repeat(64)]) {
      const path = `${clusterPath(cluster.id, org)}/secrets`;
      expectRefused(await narrow.get(path), 404, "No organization found");
      expectRefused(await me.post(path, invalid), 404, "No organization found");
    }
  });

  test("403 for the scope is the same whether cluster and secret are there", async () => {
    const cluster = await aCluster(coffer);
    const { id } = await aSecret(me, cluster);
    const reader = coffer.call(await scopedToken(coffer, "read_secrets_details"));
    const writer = coffer.call(await scopedToken(coffer, "write_secrets"));
    const noRead = "Your access token doesn't have the read_secret_details scope";
    const noWrite = "Your access token doesn't have the write_secrets scope";
    for (const path of [
      `${cluster.secrets}/${id}`,
      `${cluster.secrets}/${nowhere}`,
      `${clusterPath("x")}/secrets/y`,
    ]) {
      expectRefused(await writer.get(path), 403, noRead);
      expectRefused(await reader.put(path, invalid), 403, noWrite);
      expectRefused(await reader.put(`${path}/value`, invalid), 403, noWrite);
      expectRefused(await reader.delete(path), 403, noWrite);
    }
    expectRefused(await writer.get(cluster.secrets), 403, noRead);
    expectRefused(await reader.post(cluster.secrets, invalid), 403, noWrite);
  });

  test("404 for the cluster comes before permission, body and secret", async () => {
    for (const cluster of [
      nowhere,
      "default",
      "not-an-id",
      Buffer.from(`Cluster---${nowhere}`).toString("base64"),
    ]) {
      expectRefused(await me.get(`${clusterPath(cluster)}/secrets`), 404, "No cluster found");
      expectRefused(await me.post(`${clusterPath(cluster)}/secrets`, invalid), 404, "No cluster found");
      expectRefused(await me.put(`${clusterPath(cluster)}/secrets/x`, invalid), 404, "No cluster found");
    }
    const { token } = await aMember(coffer);
    const { secrets } = await aCluster(coffer);
    expectRefused(await coffer.call(token).post(secrets, invalid), 404, "No cluster found");
  });

  test("403 for permission comes before secret and body", async () => {
    const cluster = await aCluster(coffer);
    const { id } = await aSecret(me, cluster);
    const reader = coffer.call((await aMember(coffer, cluster, "read")).token);
    expect((await reader.get(`${cluster.secrets}/${id}`)).status).toBe(200);
    for (const path of [`${cluster.secrets}/${id}`, `${cluster.secrets}/${nowhere}`]) {
      expectRefused(await reader.put(path, invalid), 403, "Forbidden");
      expectRefused(await reader.put(`${path}/value`, invalid), 403, "Forbidden");
      expectRefused(await reader.delete(path), 403, "Forbidden");
    }
    expectRefused(await reader.post(cluster.secrets, invalid), 403, "Forbidden");
  });

  test("404 for the secret comes before the body, also to who may only write", async () => {
    const cluster = await aCluster(coffer);
    const other = await aSecret(me, await aCluster(coffer));
    const writer = coffer.call(await scopedToken(coffer, "write_secrets"));
    for (const client of [me, writer]) {
      for (const id of [nowhere, "not-an-id", other.id]) {
        expectRefused(await client.put(`${cluster.secrets}/${id}`, invalid), 404, "No secret found");
        expectRefused(await client.put(`${cluster.secrets}/${id}/value`, invalid), 404, "No secret found");
        expectRefused(await client.delete(`${cluster.secrets}/${id}`), 404, "No secret found");
      }
    }
  });

  test("a token that may only write does all of it, and is shown the metadata", async () => {
    const cluster = await aCluster(coffer);
    const writer = coffer.call(await scopedToken(coffer, "write_secrets"));
    const { id } = await aSecret(writer, cluster, { key: "MINE", value: "v" });
    expect((await writer.put(`${cluster.secrets}/${id}`, { description: "d" })).body.key).toBe("MINE");
    expect((await writer.put(`${cluster.secrets}/${id}/value`, { value: "w" })).body.key).toBe("MINE");
    expect((await writer.delete(`${cluster.secrets}/${id}`)).status).toBe(204);
  });

  test("a token narrowed by the core's own actions has the scopes that these come to", async () => {
    const cluster = await aCluster(coffer);
    const { id } = await aSecret(me, cluster);
    const reader = coffer.call(await scopedToken(coffer, "secret.read", "store.list"));
    expect((await reader.get(`${cluster.secrets}/${id}`)).status).toBe(200);
    expectRefused(
      await reader.get(cluster.secrets),
      403,
      "Your access token doesn't have the read_secret_details scope",
    );
    const all = coffer.call(await scopedToken(coffer, "secret.*"));
    expect((await all.get(cluster.secrets)).body).toHaveLength(1);
    expect((await all.post(cluster.secrets, { key: "OTHER" })).status).toBe(201);
  });

  test("each refusal to a caller is one entry, with what it was that he lacked", async () => {
    const cluster = await aCluster(coffer);
    const token = await scopedToken(coffer, "read_secret_details");
    await coffer.call(token).post(cluster.secrets, { key: "A" });
    const entry = (await readTrail(coffer, null)).findLast(({ outcome }) => outcome === "refused");
    expect(entry).toMatchObject({
      organization_id: organization.id,
      action: "secret.create",
      because: "token: no scope write_secrets",
    });
  });
});

describe("the address of a token", () => {
  test("403: it is not taken from elsewhere", async () => {
    const { secrets } = await aCluster(coffer);
    const principal = { kind: "person", id: person.id };
    const token = await minted(coffer, { principal, name: "t", addresses: ["192.0.2.1"] });
    expectRefused(await coffer.call(token).get(secrets), 403, "Forbidden");
  });
});

describe("what is no route", () => {
  test("404: another path, and another method", async () => {
    const { secrets } = await aCluster(coffer);
    expectRefused(await me.get("/v2/pipelines"), 404, "Not Found");
    expectRefused(await me.put(secrets, {}), 404, "Not Found");
    expectRefused(await coffer.call(null).post("/buildkite/v3/register", {}), 404, "Not Found");
  });

  test("204: browsers are told what they may ask", async () => {
    const { secrets } = await aCluster(coffer);
    const answer = await fetch(coffer.url + secrets, { method: "OPTIONS" });
    expect([answer.status, await answer.text()]).toEqual([204, ""]);
    expect(answer.headers.get("access-control-allow-origin")).toBe("*");
    expect(answer.headers.get("access-control-allow-headers")).toBe("Authorization, Content-Type");
  });
});

describe("between the dialects", () => {
  test("a secret made here is read natively, and the other way round; the trail names the dialect", async () => {
    const cluster = await aCluster(coffer);
    const natively = `/v1/organizations/default/stores/${cluster.id}/secrets`;
    const made = await aSecret(me, cluster, { key: "HERE", value: "made here", policy, description: "d" });
    expect((await me.get(`${natively}/HERE/value`)).body).toEqual({
      name: "HERE",
      version: 1,
      value: "made here",
    });
    expect((await me.get(`${natively}/HERE`)).body).toMatchObject({ id: made.id, policy, description: "d" });
    const native = await me.post(natively, { name: "THERE", value: "made there", description: "n" });
    const job = await aJob(coffer, cluster);
    expect((await job.read("THERE")).body).toEqual({
      key: "THERE",
      value: "made there",
      uuid: native.body.id,
    });
    const { body: shown } = await me.get(`${cluster.secrets}/${native.body.id}`);
    expect(shown).toMatchObject({ key: "THERE", description: "n", created_by: owner, last_read_at: aTime });
    const audit = `/v1/organizations/default/audit?target=${made.id}&limit=1000`;
    const entries = (await me.get(audit)).body.items as { action: string; dialect: string }[];
    expect(entries.map(({ action, dialect }) => [action, dialect])).toEqual(
      expect.arrayContaining([
        ["secret.create", "buildkite"],
        ["secret.reveal", "native"],
      ]),
    );
  });

  test("a person who has left is nobody any more", async () => {
    const cluster = await aCluster(coffer);
    const { token, id } = await aMember(coffer, cluster, "write");
    const made = await aSecret(coffer.call(token), cluster);
    expect(made.created_by).toMatchObject({ id, name: "Member" });
    const people = (await me.get("/v1/organizations/default/people?limit=1000")).body.items;
    const { membershipId } = people.find((member: { id: string }) => member.id === id);
    expect((await me.delete(`/v1/organizations/default/people/${membershipId}`)).status).toBe(204);
    expect((await me.get(`${cluster.secrets}/${made.id}`)).body.created_by).toBeNull();
  });

  test("a machine's token works as a person's does", async () => {
    const cluster = await aCluster(coffer);
    const machine = await me.post("/v1/organizations/default/machines", { name: `m-${Math.random()}` });
    const subject = { kind: "machine", id: machine.body.id };
    const object = { kind: "store", id: cluster.id };
    await me.put("/v1/organizations/default/grants", { subject, object, level: "write" });
    const token = await minted(coffer, { principal: subject, name: "ci", scopes: ["write_secrets"] });
    const made = await aSecret(coffer.call(token), cluster);
    expect(made.created_by).toEqual({ id: machine.body.id, name: machine.body.name, email: null });
  });

  test("an organization whose clients seal its values has none for this dialect", async () => {
    const asked = { slug: "sealed", name: "Sealed", custody: "client" };
    expect((await me.post("/v1/organizations", asked)).status).toBe(201);
    const [store] = (await me.get("/v1/organizations/sealed/stores")).body.items;
    const { status, body } = await me.get(`${clusterPath(store.id, "sealed")}/secrets`);
    expect(status).toBe(422);
    expect(body.message).toContain("sealed by its clients");
  });
});
