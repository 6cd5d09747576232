// What the Cloudflare tests share: stores and secrets, credentials made natively, whole envelopes.
import { randomUUID } from "node:crypto";
import { expect } from "vitest";
import type { Answer, Client, TestCoffer } from "../../support/server.ts";
import { minted } from "../../support/tokens.ts";

export const anId = expect.stringMatching(/^[0-9a-f]{32}$/);
export const aTime = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
export const nowhere = `${"0".repeat(28)}dead`;
const home = "/v1/organizations/default";

export function wireId(uuid: string): string {
  return uuid.replaceAll("-", "");
}

export function accountPath({ bootstrap }: TestCoffer): string {
  return `/client/v4/accounts/${wireId(bootstrap.organization.id)}`;
}

export function secretsStore(coffer: TestCoffer): string {
  return `${accountPath(coffer)}/secrets_store`;
}

export interface Store {
  readonly id: string;
  readonly uuid: string;
  readonly path: string;
  readonly secrets: string;
  readonly values: string;
}

export async function aStore(coffer: TestCoffer): Promise<Store> {
  const stores = `${secretsStore(coffer)}/stores`;
  const { result } = (await coffer.call(coffer.token).post(stores, { name: `s-${randomUUID()}` })).body;
  const path = `${stores}/${result.id}`;
  const uuid = result.id.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  return { id: result.id, uuid, path, secrets: `${path}/secrets`, values: `${path}/values` };
}

export function newSecret(more: Record<string, unknown> = {}): Record<string, unknown> {
  return { name: `N_${Math.random().toString(36).slice(2)}`, value: "hunter2", scopes: ["workers"], ...more };
}

export async function aSecret(
  me: Client,
  { secrets }: Store,
  more: Record<string, unknown> = {},
): Promise<Answer["body"]> {
  const answer = await me.post(secrets, [newSecret(more)]);
  expect(answer.status, answer.text).toBe(200);
  return answer.body.result[0];
}

/** Whole: status, envelope, and the headers that every answer has. */
export function expectDone(answer: Answer, result: unknown, more: Record<string, unknown> = {}): void {
  const body = { success: true, errors: [], messages: [], result, ...more };
  expect({ status: answer.status, body: answer.body }, answer.text).toEqual({ status: 200, body });
  expectHeaders(answer);
}

export interface WireError {
  readonly code: number;
  readonly message: string;
  readonly source?: { readonly pointer: string };
  readonly error_chain?: unknown;
}

export function expectRefused(answer: Answer, status: number, ...errors: readonly WireError[]): void {
  const body = { success: false, errors, messages: [], result: null };
  expect({ status: answer.status, body: answer.body }, answer.text).toEqual({ status, body });
  expectHeaders(answer);
  expect(answer.headers.get("x-should-retry")).toBe(status === 409 ? "false" : null);
}

/** Of one field: its word, and where it stands in the body. */
export function expectWrong(answer: Answer, message: string, pointer?: string): void {
  const source = pointer === undefined ? {} : { source: { pointer } };
  expectRefused(answer, 400, { code: 1001, message, ...source });
}

export const storeNotFound = { code: 1001, message: "store_not_found" };
export const secretNotFound = { code: 1001, message: "secret_not_found" };
export const authentication = { code: 10000, message: "Authentication error" };

export function expectHeaders({ headers }: Answer): void {
  expect(headers.get("content-type")).toBe("application/json; charset=utf-8");
  expect(headers.get("cache-control")).toBe("no-store");
  expect(headers.get("cf-ray")).toMatch(/^[0-9a-f-]{36}$/);
  expect(headers.get("cf-ray")).toBe(headers.get("x-request-id"));
}

// ---- credentials ---------------------------------------------------------------------------------

/** An account token: a machine's, with a grant on the store or without. */
export async function aMachine(coffer: TestCoffer, store?: Store, level = "write"): Promise<string> {
  const owner = coffer.call(coffer.token);
  const { id } = (await owner.post(`${home}/machines`, { name: `m-${randomUUID()}` })).body;
  const principal = { kind: "machine", id };
  if (store !== undefined) {
    const grant = { subject: principal, object: { kind: "store", id: store.uuid }, level };
    expect((await owner.put(`${home}/grants`, grant)).status).toBe(200);
  }
  return minted(coffer, { principal });
}

/** A service token; `name` is what secrets have among their scopes. */
export async function aService(
  coffer: TestCoffer,
  name: string,
  more: { readonly boundTo?: readonly Store[]; readonly token?: Record<string, unknown> } = {},
): Promise<string> {
  const owner = coffer.call(coffer.token);
  const { boundTo, token = {} } = more;
  const known = (await owner.get(`${home}/services?limit=1000`)).body.items;
  const before = known.find((each: { name: string }) => each.name === name);
  const body = { name, ...(boundTo === undefined ? {} : { stores: boundTo.map(({ uuid }) => uuid) }) };
  const { id } = before ?? (await owner.post(`${home}/services`, body)).body;
  return minted(coffer, { principal: { kind: "service", id }, ...token });
}

export interface Person {
  readonly token: string;
  readonly id: string;
  readonly email: string;
}

export async function aPerson(coffer: TestCoffer, role = "member"): Promise<Person> {
  const email = `${randomUUID()}@example.org`;
  const { invitation } = (await coffer.call(coffer.token).post(`${home}/people`, { email, role })).body;
  const { body } = await coffer.call(null).post("/v1/invitations/accept", { invitation });
  return { token: body.token, id: body.person.id, email };
}
