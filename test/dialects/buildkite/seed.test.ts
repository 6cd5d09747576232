// Every request of the service's own documentation, as it is written there, with the answer it shows.
import { afterAll, describe, expect, test } from "vitest";
import { type Answer, startCoffer } from "../../support/server.ts";
import { scopedToken } from "../../support/tokens.ts";
import { dataModel, documented } from "./seed.ts";
import { aCluster, anId, aSecret, aTime, expectRefused } from "./support.ts";

const coffer = await startCoffer();
afterAll(() => coffer.stop());
const me = coffer.call(coffer.token);
const { organization, person } = coffer.bootstrap;
const method = (name: string) => name.toLowerCase() as "get" | "post" | "put" | "delete";

test("the page documents these requests, and its data model is known", () => {
  expect(documented.map(({ title, method: verb }) => `${verb} ${title}`)).toEqual([
    "GET List secrets",
    "GET Get a secret",
    "POST Create a secret",
    "PUT Update secret details (description and access policy)",
    "PUT Update secret value",
    "DELETE Delete a secret",
  ]);
  expect(dataModel).toHaveLength(14);
  expect(documented.flatMap(({ refusals }) => refusals)).toHaveLength(2);
});

/** The paths of the page hold braces, which its tool for URLs has encoded. */
function at(path: string, cluster: string, secret: string): string {
  return decodeURIComponent(path)
    .replace("{org.slug}", organization.slug)
    .replace("{cluster.id}", cluster)
    .replace("{id}", secret);
}

async function ask(token: string, request: (typeof documented)[number], path: string): Promise<Answer> {
  const client = coffer.call(token);
  return request.body === null
    ? client[method(request.method)](path)
    : client[method(request.method)](path, request.body as Record<string, string>);
}

describe.each(documented)("$title", (request) => {
  const place = async () => {
    const cluster = await aCluster(coffer);
    const secret = await aSecret(me, cluster, { key: "ANOTHER_SECRET", value: "v", description: "d" });
    return { cluster, secret, path: at(request.path, cluster.id, secret.id) };
  };

  test(`is answered ${request.status}, in the form that is shown`, async () => {
    const { cluster, path } = await place();
    const answer = await ask(await scopedToken(coffer, request.scope), request, path);
    expect(answer.status, answer.text).toBe(request.status);
    if (request.answer === null) {
      expect(answer.text).toBe("");
      return;
    }
    expect(Array.isArray(answer.body)).toBe(Array.isArray(request.answer));
    const [shown, given] = [[request.answer].flat()[0], [answer.body].flat()[0]];
    expect(Object.keys(given).sort()).toEqual([...Object.keys(shown ?? {}), "graphql_id"].sort());
    expect(Object.keys(given).sort()).toEqual(dataModel.filter((member) => member !== "value").sort());
    for (const [member, value] of Object.entries(request.body ?? {})) {
      if (member !== "value") expect(given[member]).toBe(value);
    }
    expect(given).toMatchObject({
      id: anId,
      created_at: aTime,
      created_by: { id: person.id, name: "Owner", email: person.email },
      updated_at: aTime,
      last_read_at: null,
      url: `${coffer.url}/v2/organizations/default/clusters/${cluster.id}/secrets/${given.id}`,
      cluster_url: `${coffer.url}/v2/organizations/default/clusters/${cluster.id}`,
      organization: {
        id: organization.id,
        slug: "default",
        url: `${coffer.url}/v2/organizations/default`,
        web_url: `${coffer.url}/default`,
      },
    });
  });

  test("is refused without its scope", async () => {
    const { path } = await place();
    const others = ["read_secret_details", "write_secrets"].filter((scope) => scope !== request.scope);
    const answer = await ask(await scopedToken(coffer, ...others), request, path);
    expectRefused(answer, 403, `Your access token doesn't have the ${request.scope} scope`);
  });

  test.each(request.refusals)("refuses $member as the page says", async ({ member, message }) => {
    const { path } = await place();
    const answer = await me[method(request.method)](path, { [member]: "MY_SECRET" });
    expect({ status: answer.status, message: answer.body.message }).toEqual({ status: 422, message });
  });
});
