// Exchanges as the service and its framework show them, each with its public source: what is written whole
// there is the same here, `<string>` is any text, and a time is any time of that form.
import { readFileSync } from "node:fs";
import { afterAll, expect, test } from "vitest";
import { startCoffer } from "../../support/server.ts";
import { aKey, aSecret, asKey, aTime, expectHeaders } from "./support.ts";

interface Exchange {
  readonly name: string;
  readonly source: string;
  readonly request: {
    readonly method: "GET" | "POST" | "PUT" | "PATCH";
    readonly path: string;
    readonly body: Readonly<Record<string, string>> | null;
  };
  readonly required: readonly string[];
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

const exchanges: readonly Exchange[] = JSON.parse(
  readFileSync(new URL("./golden/documented.json", import.meta.url), "utf8"),
);

const coffer = await startCoffer();
afterAll(() => coffer.stop());
const me = asKey(coffer.url, coffer.token);

function formOf(shown: unknown): unknown {
  if (shown === "<string>") return expect.any(String);
  if (typeof shown === "string" && /^\d{4}-\d\d-\d\dT/.test(shown)) return aTime;
  if (typeof shown !== "object" || shown === null) return shown;
  return Object.fromEntries(Object.entries(shown).map(([name, member]) => [name, formOf(member)]));
}

test.each(exchanges)("$status: $name", async ({ request, required, status, body }) => {
  const { id } = await aSecret(me);
  const path = request.path.replace("{secret_id}", id);
  const sent =
    request.body && Object.fromEntries(Object.keys(request.body).map((name) => [name, `${name}-${aKey()}`]));
  const methods = {
    GET: () => me.get(path),
    POST: () => me.post(path, sent),
    PUT: () => me.put(path, sent),
    PATCH: () => me.patch(path, sent),
  };
  const answer = await methods[request.method]();
  expect(answer.status, answer.text).toBe(status);
  expectHeaders(answer);
  const given = Object.keys(answer.body);
  expect(given).toEqual(expect.arrayContaining([...required]));
  const shown = Object.fromEntries(Object.entries(body).filter(([name]) => given.includes(name)));
  expect(answer.body).toEqual(formOf(shown));
  if (request.method === "PATCH") expect(given.sort()).toEqual(Object.keys(body).sort());
});
