// What the Scale tests share: a client with an API key, accounts with keys of people and of service
// accounts, and whole refusals.
import { randomUUID } from "node:crypto";
import { expect } from "vitest";
import { type Answer, type Client, clientOf, type TestCoffer } from "../../support/server.ts";

export const anId = expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/);
export const aTime = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
export const nowhere = "019a0000-0000-7000-8000-00000000dead";
export const all = "/v5/sgp/secrets";
export const one = (id: string) => `${all}/${id}`;

/** As its clients ask: the key and, where it is not null, the account. */
export function asKey(url: string, key: string | null, account: string | null = null): Client {
  const plain = clientOf(url, null);
  const own = {
    ...(key === null ? {} : { "x-api-key": key }),
    ...(account === null ? {} : { "x-selected-account-id": account }),
  };
  return {
    get: (path, headers) => plain.get(path, { ...own, ...headers }),
    post: (path, body, headers) => plain.post(path, body, { ...own, ...headers }),
    put: (path, body, headers) => plain.put(path, body, { ...own, ...headers }),
    patch: (path, body, headers) => plain.patch(path, body, { ...own, ...headers }),
    delete: (path, body, headers) => plain.delete(path, body, { ...own, ...headers }),
  };
}

export const aKey = () => `k-${randomUUID()}`;

export async function aSecret(me: Client, body: Record<string, unknown> = {}): Promise<Answer["body"]> {
  const answer = await me.post(all, { key: aKey(), value: "v", ...body });
  expect(answer.status, answer.text).toBe(200);
  return answer.body;
}

async function made(coffer: TestCoffer, path: string, body: object): Promise<Answer["body"]> {
  const answer = await coffer.call(coffer.token).post(path, body);
  expect(answer.status, answer.text).toBe(201);
  return answer.body;
}

export interface Account {
  readonly id: string;
  readonly slug: string;
  readonly storeId: string;
  /** Its routes of the native API. */
  readonly base: string;
}

/** An organization of the first person's own. */
export async function anAccount(coffer: TestCoffer): Promise<Account> {
  const slug = `a-${randomUUID()}`;
  const { id } = await made(coffer, "/v1/organizations", { slug, name: slug });
  const base = `/v1/organizations/${slug}`;
  const { body: store } = await coffer.call(coffer.token).get(`${base}/stores/default`);
  return { id, slug, storeId: store.id, base };
}

/** Of the first person in one account; `more` narrows it. */
export async function mintedKey(coffer: TestCoffer, { base }: Account, more: object = {}): Promise<string> {
  const principal = { kind: "person", id: coffer.bootstrap.person.id };
  return (await made(coffer, `${base}/tokens`, { principal, name: "key", ...more })).token;
}

export async function aMachine(
  coffer: TestCoffer,
  { base, storeId }: Account,
  level: "read" | "write",
): Promise<{ readonly key: string; readonly id: string }> {
  const { id } = await made(coffer, `${base}/machines`, { name: `m-${randomUUID()}` });
  const subject = { kind: "machine", id };
  const grant = { subject, object: { kind: "store", id: storeId }, level };
  expect((await coffer.call(coffer.token).put(`${base}/grants`, grant)).status).toBe(200);
  return { id, key: (await made(coffer, `${base}/tokens`, { principal: subject, name: "key" })).token };
}

export async function aService(coffer: TestCoffer, { base }: Account): Promise<string> {
  const { id } = await made(coffer, `${base}/services`, { name: `s-${randomUUID()}` });
  return (await made(coffer, `${base}/tokens`, { principal: { kind: "service", id }, name: "key" })).token;
}

/** A person of the account with this role, and nothing granted beside it. */
export async function aPerson(coffer: TestCoffer, { base }: Account, role = "member"): Promise<string> {
  const email = `${randomUUID()}@example.org`;
  const { invitation } = await made(coffer, `${base}/people`, { email, role });
  const { status, body, text } = await coffer.call(null).post("/v1/invitations/accept", { invitation });
  expect(status, text).toBe(201);
  return body.token;
}

/** Whole: status, body, and the headers that every answer has. */
export function expectRefused(
  answer: Answer,
  status: number,
  detail: unknown,
  again: boolean | null = false,
) {
  expect({ status: answer.status, body: answer.body }).toEqual({ status, body: { detail } });
  expect(answer.headers.get("x-should-retry")).toBe(again === null ? null : String(again));
  expectHeaders(answer);
}

export function expectHeaders({ headers }: Answer): void {
  expect(headers.get("content-type")).toBe("application/json; charset=utf-8");
  expect(headers.get("cache-control")).toBe("no-store");
  expect(headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
}

export const forbidden = "This API key may not do that.";
export const noAccount = "This API key may not use the selected account.";
export const noSecret = "Secret not found";
export const noKey = "Missing or invalid API key";
export const taken = "A secret with this key already exists";
