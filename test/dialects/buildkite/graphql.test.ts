// What Terraform asks in GraphQL for its clusters, in the words of its provider.
import { randomUUID } from "node:crypto";
import { afterAll, describe, expect, test } from "vitest";
import { type Answer, type Client, startCoffer } from "../../support/server.ts";
import { scopedToken } from "../../support/tokens.ts";
import { aCluster, aMember, anId, clusterPath, nowhere } from "./support.ts";

const coffer = await startCoffer();
afterAll(() => coffer.stop());
const me = coffer.call(coffer.token);
const { organization } = coffer.bootstrap;
const idOf = (type: string, id: string) => Buffer.from(`${type}---${id}`).toString("base64");
const organizationId = idOf("Organization", organization.id);

const fields = "fragment ClusterFields on Cluster { id uuid name description emoji color }";
const queries = {
  organization: `query getOrganization($slug: ID!) {
    organization(slug: $slug) { allowedApiIpAddresses id uuid membersRequireTwoFactorAuthentication } }`,
  cluster: `query getCluster($orgSlug: ID!, $id: ID!) {
    organization(slug: $orgSlug) { cluster(id: $id) { ...ClusterFields } } } ${fields}`,
  clusters: `query GetOrganizationClusters($slug: ID!, $cursor: String) {
    organization(slug: $slug) { clusters(first: 2, after: $cursor, order: NAME) {
      pageInfo { endCursor hasNextPage }
      edges { node { id uuid name description emoji color defaultQueue { id uuid key description } } } } } }`,
  node: `query getNode($id: ID!) { node(id: $id) { __typename
    ... on Cluster { ...ClusterFields } ... on TeamMember { role } ... on ClusterToken { id } } } ${fields}`,
  create: `mutation createCluster($organizationId: ID!, $name: String!, $description: String, $emoji: String,
    $color: String) { clusterCreate(input: { organizationId: $organizationId, name: $name,
      description: $description, emoji: $emoji, color: $color }) {
    clientMutationId cluster { ...ClusterFields } } } ${fields}`,
  update: `mutation updateCluster($organizationId: ID!, $id: ID!, $name: String, $description: String,
    $emoji: String, $color: String) { clusterUpdate(input: { organizationId: $organizationId, id: $id,
      name: $name, description: $description, emoji: $emoji, color: $color }) {
    clientMutationId cluster { ...ClusterFields } } } ${fields}`,
  delete: `mutation deleteCluster($organizationId: ID!, $id: ID!) {
    clusterDelete(input: { organizationId: $organizationId, id: $id }) { clientMutationId } }`,
};

const ask = (client: Client, query: string, variables?: object | null): Promise<Answer> =>
  client.post("/graphql/v1", { query, variables, operationName: null });

async function data(query: string, variables?: object): Promise<Answer["body"]> {
  const { status, body } = await ask(me, query, variables);
  expect({ status, errors: body.errors }).toEqual({ status: 200, errors: undefined });
  return body.data;
}

test("the organization, and none", async () => {
  expect(await data(queries.organization, { slug: "default" })).toEqual({
    organization: {
      allowedApiIpAddresses: null,
      id: organizationId,
      uuid: organization.id,
      membersRequireTwoFactorAuthentication: false,
    },
  });
  expect(await data(queries.organization, { slug: "nobody" })).toEqual({ organization: null });
});

test("a cluster from its making to its end", async () => {
  const name = `Made ${randomUUID()}`;
  const given = { name, description: "d", emoji: ":key:", color: "#FFFFFF" };
  const { clusterCreate } = await data(queries.create, { organizationId, ...given });
  const { uuid, id } = clusterCreate.cluster;
  const cluster = { id: idOf("Cluster", uuid), uuid: anId, ...given };
  expect(clusterCreate).toEqual({ clientMutationId: null, cluster });
  expect((await me.get(clusterPath(uuid))).body).toMatchObject(given);
  expect(await data(queries.node, { id })).toEqual({ node: { __typename: "Cluster", ...cluster } });
  for (const asked of [id, uuid]) {
    const found = await data(queries.cluster, { orgSlug: "default", id: asked });
    expect(found).toEqual({ organization: { cluster } });
  }
  const change = { organizationId, id, emoji: null, color: "#000000" };
  const { clusterUpdate } = await data(queries.update, change);
  expect(clusterUpdate.cluster).toEqual({ ...cluster, emoji: null, color: "#000000" });
  const renamed = await data(queries.update, { organizationId, id, name: `${name} 2` });
  expect(renamed.clusterUpdate.cluster).toMatchObject({ name: `${name} 2`, color: "#000000" });
  expect(await data(queries.delete, { organizationId, id })).toEqual({
    clusterDelete: { clientMutationId: null },
  });
  expect(await data(queries.node, { id })).toEqual({ node: null });
  const again = await ask(me, queries.delete, { organizationId, id });
  expect(again.body).toEqual({
    data: { clusterDelete: null },
    errors: [{ message: "No cluster found", path: ["clusterDelete"] }],
  });
});

test("clusters in pages, to the last", async () => {
  for (const _ of "abc") await aCluster(coffer);
  const seen: string[] = [];
  for (let cursor: string | null = null; ; ) {
    const { organization: found } = await data(queries.clusters, { slug: "default", cursor });
    const { edges, pageInfo } = found.clusters;
    expect(edges[0].node.defaultQueue).toBeNull();
    seen.push(...edges.map(({ node }: { node: { uuid: string } }) => node.uuid));
    if (!pageInfo.hasNextPage) break;
    cursor = pageInfo.endCursor;
  }
  const stores = (await me.get("/v1/organizations/default/stores?limit=1000")).body.items;
  expect(seen).toEqual(stores.map(({ id }: { id: string }) => id));
});

describe("refusals", () => {
  const message = (text: string) => ({ errors: [expect.objectContaining({ message: text })] });

  test("401: without a credential", async () => {
    const { status, body } = await ask(coffer.call(null), queries.organization, { slug: "default" });
    const text =
      "Authentication required. Please supply a valid API Access Token: https://buildkite.com/docs/apis/graphql-api#authentication";
    expect({ status, body }).toEqual({ status: 401, body: { errors: [{ message: text }] } });
  });

  test("403: without the scope, whatever else the token may do", async () => {
    const narrow = coffer.call(await scopedToken(coffer, "store.*", "organization.*", "write_clusters"));
    const { status, body } = await ask(narrow, queries.organization, { slug: "default" });
    const text = "Your access token doesn't have the graphql scope";
    expect({ status, body }).toEqual({ status: 403, body: { errors: [{ message: text }] } });
    const scoped = coffer.call(await scopedToken(coffer, "graphql"));
    expect(
      (await ask(scoped, queries.organization, { slug: "default" })).body.data.organization,
    ).not.toBeNull();
  });

  test("a cluster that the caller may not see, and one that he may not change", async () => {
    const [hidden, shown] = [await aCluster(coffer), await aCluster(coffer)];
    const reader = coffer.call((await aMember(coffer, shown, "read")).token);
    for (const uuid of [hidden.id, nowhere]) {
      const id = idOf("Cluster", uuid);
      expect((await ask(reader, queries.node, { id })).body).toEqual({ data: { node: null } });
      const change = { organizationId, id, color: "#000000" };
      expect((await ask(reader, queries.update, change)).body).toMatchObject(message("No cluster found"));
    }
    const id = idOf("Cluster", shown.id);
    const change = { organizationId, id, color: "#000000" };
    expect((await ask(reader, queries.update, change)).body).toMatchObject(message("Forbidden"));
  });

  test.each([
    ["a blank name", { organizationId, name: " " }, "Validation failed: Name can't be blank"],
    [
      "another organization",
      { organizationId: idOf("Organization", nowhere), name: "n" },
      "No organization found",
    ],
    ["no organization at all", { organizationId: "acme", name: "n" }, "No organization found"],
  ])("%s", async (_, variables, text) => {
    expect((await ask(me, queries.create, variables)).body).toMatchObject(message(text));
  });

  test("a taken name", async () => {
    const variables = { organizationId, name: `Taken ${randomUUID()}` };
    await data(queries.create, variables);
    const { body } = await ask(me, queries.create, variables);
    expect(body).toMatchObject(message("Validation failed: Name has already been taken"));
  });

  test("what is no question", async () => {
    for (const body of [
      {},
      { query: 5 },
      { query: "{ a }", variables: [] },
      { query: "{ a }", operationName: 1 },
    ]) {
      const answer = await me.post("/graphql/v1", body);
      expect({ status: answer.status, body: answer.body }).toEqual({
        status: 400,
        body: message("The body is no GraphQL request."),
      });
    }
    for (const query of [
      "{",
      "{ pipelines { id } }",
      "query ($slug: ID!) { organization(slug: $slug) { id } }",
    ]) {
      const { status, body } = await ask(me, query, null);
      expect({ status, data: body.data }).toEqual({ status: 200, data: null });
      expect(body.errors[0].message).toEqual(expect.any(String));
    }
    const long = `{ ${'a: organization(slug: "x") { id } '.repeat(200)} }`;
    expect((await ask(me, long)).body.errors[0].message).toContain("more that 1000 tokens");
  });
});
