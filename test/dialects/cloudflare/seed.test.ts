// Every request of the service's own documentation, answered in the form that it shows.
import { afterAll, describe, expect, test } from "vitest";
import { type Answer, startCoffer } from "../../support/server.ts";
import { type Documented, documented, type Field, models } from "./seed.ts";
import { aSecret, aStore, expectHeaders, newSecret, type Store, secretsStore, wireId } from "./support.ts";

const coffer = await startCoffer();
afterAll(() => coffer.stop());
const me = coffer.call(coffer.token);
const account = wireId(coffer.bootstrap.organization.id);

/** What each is asked with, and the model that its result has. */
const asked: Readonly<Record<string, { readonly body?: () => unknown; readonly model: string }>> = {
  "List account stores": { model: "StoreListResponse" },
  "Create a store": { body: () => ({ name: crypto.randomUUID() }), model: "StoreCreateResponse" },
  "Delete a store": { model: "StoreDeleteResponse" },
  "List store secrets": { model: "SecretListResponse" },
  "Get a secret by ID": { model: "SecretGetResponse" },
  "Create a secret": { body: () => [newSecret()], model: "SecretCreateResponse" },
  "Patch a secret": { body: () => ({ comment: "c" }), model: "SecretEditResponse" },
  "Delete a secret": { model: "SecretDeleteResponse" },
  "Delete secrets": { body: () => [{ id: secretId }], model: "SecretBulkDeleteResponse" },
  "Duplicate Secret": {
    body: () => ({ name: "COPY", scopes: ["workers"] }),
    model: "SecretDuplicateResponse",
  },
  "View secret usage": { model: "QuotaGetResponse" },
};

let secretId = "";

test("the page documents these requests, and each of its models is the answer to one", () => {
  expect(documented.map(({ title }) => title)).toEqual(Object.keys(asked));
  expect([...models.keys()].sort()).toEqual(
    Object.values(asked)
      .map(({ model }) => model)
      .sort(),
  );
});

async function ask({ title, method, path }: Documented, store: Store): Promise<Answer> {
  const url = `/client/v4${path}`
    .replace("{account_id}", account)
    .replace("{store_id}", store.id)
    .replace("{secret_id}", secretId);
  expect(url).toContain(secretsStore(coffer));
  const body = asked[title]?.body?.();
  const methods = {
    GET: () => me.get(url),
    POST: () => me.post(url, body),
    PATCH: () => me.patch(url, body),
    DELETE: () => me.delete(url, body),
  };
  return methods[method]();
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Members of objects within it stand among its own, as on the page. */
function expectForm(given: Record<string, unknown>, fields: readonly Field[]): void {
  const all = { ...given, ...Object.assign({}, ...Object.values(given).filter(isObject)) };
  expect(Object.keys(all).sort()).toEqual(fields.map(({ name }) => name).sort());
  for (const { name, type, optional, maxLength, format } of fields) {
    const value = all[name];
    if (optional && value === null) continue;
    if (type.startsWith("array of ")) expect(value).toEqual([expect.any(String)]);
    else if (type.startsWith("object ")) expect(isObject(value)).toBe(true);
    else if (type === "number") expect(value).toEqual(expect.any(Number));
    else if (type.startsWith('"')) expect(JSON.parse(`[${type.replaceAll(" or ", ",")}]`)).toContain(value);
    else expect(value).toEqual(expect.any(String));
    if (maxLength !== null) expect(String(value).length).toBeLessThanOrEqual(maxLength);
    if (format === "date-time") expect(new Date(String(value)).toISOString()).toBe(value);
  }
}

describe.each(documented)("$title: $method $path", (request) => {
  test("200, in the form that is shown", async () => {
    const store = await aStore(coffer);
    const filled = request.title !== "Delete a store";
    if (filled) secretId = (await aSecret(me, store, { comment: "c" })).id;
    const answer = await ask(request, store);
    expect(answer.status, answer.text).toBe(200);
    expectHeaders(answer);
    const { success, errors, messages, result } = answer.body;
    expect({ success, errors, messages }).toEqual({ success: true, errors: [], messages: [] });
    const fields = models.get(asked[request.title]?.model ?? "") ?? [];
    if (fields.length === 0) {
      expect(result).toBeNull();
      return;
    }
    for (const each of [result].flat()) expectForm(each, fields);
    expect([result].flat().length).toBeGreaterThan(0);
  });
});
