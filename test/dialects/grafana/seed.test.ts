// Every request of the service's own documentation, as it is written there, with the answer it shows.
import { afterAll, describe, expect, test } from "vitest";
import { type Answer, startCoffer } from "../../support/server.ts";
import { scopedToken } from "../../support/tokens.ts";
import { documented } from "./seed.ts";
import { aTime, aUid, aVersion, expectStatus, secureValue } from "./support.ts";

const coffer = await startCoffer();
afterAll(() => coffer.stop());
const me = coffer.call(coffer.token);
const all = "/apis/secret.grafana.app/v1beta1/namespaces/default/securevalues";

test("the page documents these requests", () => {
  expect(documented.map(({ method, path }) => `${method} ${path}`)).toEqual([
    `POST ${all}`,
    `GET ${all}`,
    `GET ${all}/api-key`,
    `PUT ${all}/api-key`,
    `DELETE ${all}/api-key`,
  ]);
});

async function ask(
  token: string | null,
  { method, path, body }: (typeof documented)[number],
  at = path,
): Promise<Answer> {
  const client = coffer.call(token);
  const verb = method.toLowerCase() as "get" | "post" | "put" | "delete";
  return body === null ? client[verb](at) : client[verb](at, body as Record<string, string>);
}

/** Without the object that the page makes, or with the one it is about. */
async function prepare(method: string): Promise<void> {
  await me.delete(`${all}/api-key`);
  await me.delete(`${all}/database-password`);
  if (method === "POST") return;
  const name = method === "GET-LIST" ? "database-password" : "api-key";
  const spec = { description: "External API Key", decrypters: ["synthetic-monitoring"] };
  expect((await me.post(all, secureValue(name, { spec }))).status).toBe(201);
}

/** What a field of the page is here: the value itself, or what stands for values that differ each time. */
function shape(shown: unknown, given: unknown, path = ""): unknown {
  if (path.endsWith("metadata.uid")) return aUid;
  if (path.endsWith("metadata.resourceVersion")) return aVersion;
  if (path.endsWith("metadata.creationTimestamp")) return aTime;
  // The page shows none of it; the service always writes all three.
  if (path.endsWith("status") && typeof shown === "object") {
    return { version: expect.any(Number), externalID: "", keeper: "system" };
  }
  if (Array.isArray(shown)) {
    return shown.map((item, index) => shape(item, (given as unknown[])[index], `${path}[${index}]`));
  }
  if (typeof shown !== "object" || shown === null) return shown;
  return expect.objectContaining(
    Object.fromEntries(
      Object.entries(shown).map(([name, item]) => [
        name,
        shape(item, (given as Record<string, unknown>)?.[name], path === "" ? name : `${path}.${name}`),
      ]),
    ),
  );
}

describe.each(documented)("$title", (request) => {
  const kind = request.method === "GET" && request.path === all ? "GET-LIST" : request.method;

  test(`is answered ${request.status}, field by field`, async () => {
    await prepare(kind);
    const answer = await ask(await scopedToken(coffer, request.action), request);
    expect(answer.status, answer.text).toBe(request.status);
    const shown = structuredClone(request.answer);
    const [item] = (shown.items ?? []) as { spec?: { description?: string } }[];
    if (item?.spec !== undefined) item.spec.description = "External API Key";
    expect(answer.body).toEqual(shape(shown, answer.body));
    expect(answer.text).not.toContain("secret-api-key-12345");
    expect(answer.text).not.toContain("new-value-12345");
  });

  test("needs its action, and a credential", async () => {
    await prepare(kind);
    const others = documented.map(({ action }) => action).filter((action) => action !== request.action);
    const answer = await ask(await scopedToken(coffer, ...others), request);
    expect(answer.status, answer.text).toBe(403);
    expect(answer.body.reason).toBe("Forbidden");
    expectStatus(await ask(null, request), 401, "Unauthorized", "Unauthorized");
    expect(request.statuses).toEqual(expect.arrayContaining([401, 403, request.status]));
  });

  test("answers with each status that the page names", async () => {
    await prepare(kind);
    const token = await scopedToken(coffer, request.action);
    if (request.statuses.includes(404)) {
      expect(
        (
          await ask(
            token,
            request.body === null ? request : { ...request, body: bodyFor("gone") },
            `${all}/gone`,
          )
        ).status,
      ).toBe(404);
    }
    if (request.statuses.includes(409)) {
      expect((await ask(token, request)).status).toBe(201);
      expect((await ask(token, request)).status).toBe(409);
    }
    if (request.statuses.includes(400)) {
      const verb = request.method.toLowerCase() as "post" | "put";
      expect((await coffer.call(token)[verb](request.path, "{")).status).toBe(400);
    }
  });
});

function bodyFor(name: string): Record<string, unknown> {
  return secureValue(name);
}
