// Every method of the service's own documentation, field by field as it is written there.
import { afterAll, describe, expect, test } from "vitest";
import { type Answer, startCoffer } from "../../support/server.ts";
import { type Documented, documented, types } from "./seed.ts";
import {
  aKey,
  all,
  anAccount,
  anId,
  aSecret,
  asKey,
  aTime,
  expectHeaders,
  expectRefused,
  taken,
} from "./support.ts";

const coffer = await startCoffer();
afterAll(() => coffer.stop());
const { person } = coffer.bootstrap;
const value = "canary-of-the-seed";

test("the page documents these methods and types", () => {
  expect(documented.map(({ title, method, path }) => `${title}: ${method} ${path}`)).toEqual([
    "Create Secret: post /v5/sgp/secrets",
    "List Secrets: get /v5/sgp/secrets",
    "Get Secret: get /v5/sgp/secrets/{secret_id}",
    "Update Secret: patch /v5/sgp/secrets/{secret_id}",
    "Delete Secret: delete /v5/sgp/secrets/{secret_id}",
  ]);
  expect(documented.map(({ answer }) => answer && answer.named.length + answer.more)).toEqual([
    10,
    10,
    10,
    10,
    null,
  ]);
  expect(types.map(([name]) => name)).toEqual([
    "SecretCreateResponse",
    "SecretListResponse",
    "SecretRetrieveResponse",
    "SecretUpdateResponse",
  ]);
  expect(new Set(types.map(([, sentence]) => sentence))).toEqual(
    new Set(["API response model for a secret. Never includes the secret value."]),
  );
});

/** A place of its own, with a secret that was changed, so that no field is left out. */
async function aPlace() {
  const account = await anAccount(coffer);
  const me = asKey(coffer.url, coffer.token, account.id);
  const { id } = await aSecret(me, { value, description: "before" });
  await me.patch(`${all}/${id}`, { description: "of the seed" });
  return { account, me, id };
}

async function ask({ method, path }: Documented, { me, id }: Awaited<ReturnType<typeof aPlace>>) {
  const at = path.replace("{secret_id}", id);
  const asked: Readonly<Record<string, () => Promise<Answer>>> = {
    post: () => me.post(at, { key: aKey(), value, description: "of the seed" }),
    get: () => me.get(at),
    patch: () => me.patch(at, { value: `${value}-2`, description: "of the seed" }),
    delete: () => me.delete(at),
  };
  return (asked[method] as () => Promise<Answer>)();
}

describe.each(documented)("$title", (request) => {
  const { method, answer: shown } = request;

  test("is answered with the fields that are shown, and never with the value", async () => {
    const place = await aPlace();
    const answer = await ask(request, place);
    if (shown === null) {
      expect({ status: answer.status, text: answer.text }).toEqual({ status: 204, text: "" });
      expect((await place.me.get(`${all}/${place.id}`)).status).toBe(404);
      expect((await place.me.get(all)).body.items).toEqual([]);
      return;
    }
    expect(answer.status, answer.text).toBe(200);
    expectHeaders(answer);
    const secret = shown.listed ? answer.body.items[0] : answer.body;
    // What was never changed has no time and no author of a change.
    const left = method === "post" ? 2 : 0;
    expect(Object.keys(secret)).toEqual(expect.arrayContaining([...shown.named]));
    expect(Object.keys(secret)).toHaveLength(shown.named.length + shown.more - left);
    expect(secret).toEqual({
      id: anId,
      account_id: place.account.id,
      cloud_secret_path: `coffer/accounts/${place.account.id}/secrets/${secret.id}`,
      created_at: aTime,
      created_by: { id: person.id, type: "user", object: "identity" },
      key: expect.stringMatching(/^k-/),
      description: "of the seed",
      object: "sgp_cloud_secret",
      ...(left === 0 ? { updated_at: aTime, updated_by: person.id } : {}),
    });
    expect(answer.text + JSON.stringify([...answer.headers])).not.toContain(value);
  });
});

const listing = documented.filter(({ response }) => response.length > 0);
test.each(listing)("$title has these response fields, with these defaults", async ({ path, response }) => {
  expect(response.map(({ name }) => name)).toEqual(["has_more", "items", "total", "limit", "object"]);
  const { me } = await aPlace();
  const { body } = await me.get(path);
  expect(Object.keys(body).sort()).toEqual(response.map(({ name }) => name).sort());
  const kinds: Readonly<Record<string, (given: unknown) => boolean>> = {
    boolean: (given) => typeof given === "boolean",
    number: (given) => Number.isSafeInteger(given),
    array: Array.isArray,
  };
  for (const { name, type, default: standard } of response) {
    const literal = type.startsWith('"') ? JSON.parse(type) : null;
    const kind = kinds[type.startsWith("Array<") ? "array" : type];
    expect(literal === null ? kind?.(body[name]) : body[name] === literal, name).toBe(true);
    if (standard !== null) expect(body[name], name).toBe(JSON.parse(standard));
  }
  expect(body.total).toBeGreaterThanOrEqual(body.items.length);
});

const parameters = documented.flatMap(({ title, path, query }) =>
  query.map((field) => ({ ...field, title, path })),
);
test("all parameters are optional, and there are five", () => {
  expect(parameters.filter(({ optional }) => optional).map(({ name }) => name)).toEqual([
    "ending_before",
    "limit",
    "sort_by",
    "sort_order",
    "starting_after",
  ]);
});
test.each(parameters)("$title takes the parameter $name as it is shown", async (field) => {
  const { me, id } = await aPlace();
  const { name, path, minimum, maximum } = field;
  const given: Readonly<Record<string, string>> = { sort_by: "key", sort_order: "asc" };
  const accepted = await me.get(`${path}?${name}=${given[name] ?? maximum ?? id}`);
  expect(accepted.status, accepted.text).toBe(200);
  for (const [bound, beyond] of [
    [minimum, -1],
    [maximum, 1],
  ] as const) {
    if (bound === null) continue;
    expect((await me.get(`${path}?${name}=${bound}`)).body[name]).toBe(bound);
    const refused = await me.get(`${path}?${name}=${bound + beyond}`);
    const { status, body } = refused;
    expect({ status, loc: body.detail[0].loc }).toEqual({ status: 422, loc: ["query", name] });
  }
});

const refusing = documented.filter(({ description }) =>
  description.includes("Returns 409 if a secret with the same key already exists."),
);
test.each(refusing)("$title returns 409 for the same key", async ({ title, path }) => {
  expect(title).toBe("Create Secret");
  const { me } = await aPlace();
  const key = aKey();
  await aSecret(me, { key });
  expectRefused(await me.post(path, { key, value }), 409, taken);
});
