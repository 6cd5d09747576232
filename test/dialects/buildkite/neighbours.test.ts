// What clients ask before or beside the secrets: the token, its user, organizations and clusters.
import { randomUUID } from "node:crypto";
import { afterAll, describe, expect, test } from "vitest";
import { startCoffer, tokenIdOf } from "../../support/server.ts";
import { minted, scopedToken } from "../../support/tokens.ts";
import { readTrail } from "../../support/trail.ts";
import {
  aCluster,
  aMember,
  anId,
  aSecret,
  aTime,
  clusterPath,
  expectInvalid,
  expectRefused,
  noCredential,
  nowhere,
} from "./support.ts";

const coffer = await startCoffer();
afterAll(() => coffer.stop());
const me = coffer.call(coffer.token);
const { organization, person } = coffer.bootstrap;
const graphqlId = (type: string, id: string) => Buffer.from(`${type}---${id}`).toString("base64");
const lacking = (scope: string) => `Your access token doesn't have the ${scope} scope`;

describe("the access token", () => {
  test("200: what it is, with its scopes by the names that it was made with", async () => {
    const principal = { kind: "person", id: person.id };
    const scopes = ["read_secrets_details", "write_secrets", "read_user"];
    const expiresAt = new Date(Math.ceil(Date.now() / 1000) * 1000 + 60_000);
    const token = await minted(coffer, { principal, name: "CI", scopes, expiresAt: expiresAt.toISOString() });
    const answer = await coffer.call(token).get("/v2/access-token");
    expect({ status: answer.status, body: answer.body }).toEqual({
      status: 200,
      body: {
        uuid: tokenIdOf(token),
        scopes,
        description: "CI",
        created_at: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$/),
        expires_at: `${expiresAt.toISOString().slice(0, 19).replace("T", " ")} UTC`,
        user: { email: person.email, name: "Owner" },
      },
    });
    const own = (await me.get("/v2/access-token")).body;
    expect(own.scopes).toEqual([
      "read_secret_details",
      "write_secrets",
      "read_clusters",
      "write_clusters",
      "read_organizations",
      "read_user",
      "graphql",
    ]);
    const unending = coffer.call(await scopedToken(coffer, "secret.*"));
    expect((await unending.get("/v2/access-token")).body).toMatchObject({ expires_at: null, scopes: [] });
  });

  test("204: it ends itself, however narrow it is", async () => {
    const token = await scopedToken(coffer, "read_user");
    const client = coffer.call(token);
    const answer = await client.delete("/v2/access-token");
    expect([answer.status, answer.text]).toEqual([204, ""]);
    expectRefused(await client.get("/v2/access-token"), 401, noCredential);
    expectRefused(await client.get("/v2/user"), 401, noCredential);
    const entry = (await readTrail(coffer, null)).findLast(({ token_id }) => token_id === tokenIdOf(token));
    expect(entry).toMatchObject({
      action: "token.manage",
      target_id: tokenIdOf(token),
      outcome: "allowed",
      organization_id: organization.id,
    });
  });
});

describe("the user", () => {
  test("200", async () => {
    const { status, body } = await coffer.call(await scopedToken(coffer, "read_user")).get("/v2/user");
    expect({ status, body }).toEqual({
      status: 200,
      body: {
        id: person.id,
        graphql_id: graphqlId("User", person.id),
        name: "Owner",
        email: person.email,
        avatar_url: null,
        created_at: aTime,
      },
    });
  });

  test("403: without its scope, and for a machine, which is no user", async () => {
    const narrow = coffer.call(await scopedToken(coffer, "read_organizations", "people.read"));
    expectRefused(await narrow.get("/v2/user"), 403, lacking("read_user"));
    const machine = await me.post("/v1/organizations/default/machines", { name: randomUUID() });
    const principal = { kind: "machine", id: machine.body.id };
    const token = await minted(coffer, { principal, name: "t" });
    expectRefused(await coffer.call(token).get("/v2/user"), 403, "Forbidden");
  });
});

describe("organizations", () => {
  const shown = () => ({
    id: organization.id,
    graphql_id: graphqlId("Organization", organization.id),
    url: `${coffer.url}/v2/organizations/default`,
    web_url: `${coffer.url}/default`,
    name: expect.any(String),
    slug: "default",
    pipelines_url: `${coffer.url}/v2/organizations/default/pipelines`,
    agents_url: `${coffer.url}/v2/organizations/default/agents`,
    emojis_url: `${coffer.url}/v2/organizations/default/emojis`,
    created_at: aTime,
  });

  test("200: those that the token may use, and each of them", async () => {
    const reader = coffer.call(await scopedToken(coffer, "read_organizations"));
    expect((await reader.get("/v2/organizations")).body).toEqual([shown()]);
    expect((await reader.get("/v2/organizations/default")).body).toEqual(shown());
    await me.post("/v1/organizations", { slug: "other", name: "Other" });
    expect((await reader.get("/v2/organizations")).body).toHaveLength(1);
    expectRefused(await reader.get("/v2/organizations/other"), 404, "No organization found");
    const both = await me.get("/v2/organizations?per_page=1");
    expect(both.body).toHaveLength(1);
    expect(both.headers.get("link")).toContain(
      `<${coffer.url}/v2/organizations?per_page=1&page=2>; rel="next"`,
    );
  });

  test("403: without the scope", async () => {
    const narrow = coffer.call(await scopedToken(coffer, "read_secret_details"));
    expectRefused(await narrow.get("/v2/organizations"), 403, lacking("read_organizations"));
    expectRefused(await narrow.get("/v2/organizations/default"), 403, lacking("read_organizations"));
    expectRefused(await narrow.get("/v2/organizations/nobody"), 404, "No organization found");
  });
});

describe("clusters", () => {
  const clusters = "/v2/organizations/default/clusters";

  test("201, 200, 204: made, read, changed in part, deleted", async () => {
    const name = `Open Source ${randomUUID()}`;
    const body = { name, description: "all of it", emoji: ":technologist:", color: "#FFE0F1", unknown: 1 };
    const made = await me.post(clusters, body);
    expect(made.status, made.text).toBe(201);
    const { id } = made.body;
    const owner = {
      id: person.id,
      graphql_id: graphqlId("User", person.id),
      name: "Owner",
      email: person.email,
      avatar_url: null,
      created_at: aTime,
    };
    const url = `${coffer.url}${clusters}/${id}`;
    expect(made.body).toEqual({
      id: anId,
      graphql_id: graphqlId("Cluster", id),
      default_queue_id: null,
      name,
      description: "all of it",
      emoji: ":technologist:",
      color: "#FFE0F1",
      maintainers: { users: [], teams: [] },
      url,
      web_url: `${coffer.url}/organizations/default/clusters/${id}`,
      default_queue_url: null,
      queues_url: `${url}/queues`,
      created_at: aTime,
      created_by: owner,
    });
    expect((await me.get(clusterPath(id))).body).toEqual(made.body);
    const changed = await me.put(clusterPath(id), { description: null, color: "#000000" });
    expect({ status: changed.status, body: changed.body }).toEqual({
      status: 200,
      body: { ...made.body, description: null, color: "#000000" },
    });
    expect((await me.put(clusterPath(id), { name: `${name} 2` })).body.name).toBe(`${name} 2`);
    for (const none of ["queues", "maintainers"]) {
      expect((await me.get(`${clusterPath(id)}/${none}`)).body).toEqual([]);
    }
    expect((await me.delete(clusterPath(id))).status).toBe(204);
    expectRefused(await me.get(clusterPath(id)), 404, "No cluster found");
    expectRefused(await me.delete(clusterPath(id)), 404, "No cluster found");
  });

  test("422: names that are blank or taken, and members of another type", async () => {
    const name = randomUUID();
    expect((await me.post(clusters, { name: `n-${name}` })).status).toBe(201);
    expectInvalid(await me.post(clusters, { name: `n-${name}` }), ["name", "has already been taken"]);
    for (const body of [{}, { name: " " }, { name: null }]) {
      expectInvalid(await me.post(clusters, body), ["name", "can't be blank"]);
    }
    const wrong = { name: 5, emoji: 5, color: "c".repeat(1_025) };
    expectInvalid(
      await me.post(clusters, wrong),
      ["name", "must be a string"],
      ["emoji", "must be a string"],
      ["color", "is too long (maximum is 1024 characters)"],
    );
  });

  test("422: who maintains a cluster is not said here", async () => {
    const body = { name: randomUUID(), maintainers: [{ user: person.id }] };
    expectInvalid(await me.post(clusters, { ...body, name: `n-${body.name}` }), [
      "maintainers",
      "must be given as grants of Coffer",
    ]);
    expect((await me.post(clusters, { name: `n-${randomUUID()}`, maintainers: [] })).status).toBe(201);
  });

  test("422: one that still holds secrets, and the first one, are not deleted", async () => {
    const cluster = await aCluster(coffer);
    await aSecret(me, cluster);
    expectRefused(
      await me.delete(clusterPath(cluster.id)),
      422,
      "The cluster still has secrets; delete them first.",
    );
    expectRefused(
      await me.delete(clusterPath(coffer.bootstrap.store.id)),
      422,
      "The default cluster cannot be deleted.",
    );
  });

  test("a list in pages, of those that the caller may see", async () => {
    const cluster = await aCluster(coffer);
    const member = coffer.call((await aMember(coffer, cluster, "read")).token);
    const { body, headers } = await member.get(clusters);
    expect([body.map(({ id }: { id: string }) => id), headers.get("link")]).toEqual([[cluster.id], null]);
    const seen: string[] = [];
    for (let path: string | undefined = `${clusters}?per_page=2`; path !== undefined; ) {
      const page = await me.get(path);
      seen.push(...page.body.map(({ id }: { id: string }) => id));
      path = /<([^>]*)>; rel="next"/.exec(page.headers.get("link") ?? "")?.[1]?.replace(coffer.url, "");
    }
    const natively = (await me.get("/v1/organizations/default/stores?limit=1000")).body.items;
    expect(seen).toEqual(natively.map(({ id }: { id: string }) => id));
  });

  test("403 and 404 in their order", async () => {
    const cluster = await aCluster(coffer);
    const narrow = coffer.call(await scopedToken(coffer, "read_secret_details", "write_secrets"));
    for (const path of [
      clusters,
      clusterPath(cluster.id),
      clusterPath(nowhere),
      `${clusterPath("x")}/queues`,
    ]) {
      expectRefused(await narrow.get(path), 403, lacking("read_clusters"));
    }
    expectRefused(await narrow.post(clusters, "{"), 403, lacking("write_clusters"));
    expectRefused(await narrow.delete(clusterPath(nowhere)), 403, lacking("write_clusters"));
    const reader = coffer.call((await aMember(coffer, cluster, "read")).token);
    expectRefused(await reader.put(clusterPath(cluster.id), "{"), 403, "Forbidden");
    expectRefused(await reader.put(clusterPath(nowhere), "{"), 404, "No cluster found");
    const writer = coffer.call(await scopedToken(coffer, "write_clusters"));
    expect((await writer.put(clusterPath(cluster.id), { emoji: ":key:" })).body.emoji).toBe(":key:");
  });
});
