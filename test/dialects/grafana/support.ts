// What the Grafana tests share: namespaces, tokens and services made natively, and whole Status objects.
import { randomUUID } from "node:crypto";
import { expect } from "vitest";
import type { Answer, Client, TestCoffer } from "../../support/server.ts";
import { minted } from "../../support/tokens.ts";

export const api = "/apis/secret.grafana.app/v1beta1";
export const aUid = expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/);
export const aVersion = expect.stringMatching(/^[1-9]\d*$/);
export const aTime = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);

/** What the server says of an object that was just made, for `metadata`. */
export function newMetadata(name: string, namespace: Namespace, by: string, annotations: object = {}) {
  return {
    name,
    namespace: namespace.name,
    uid: aUid,
    resourceVersion: aVersion,
    generation: 1,
    creationTimestamp: aTime,
    annotations: {
      ...annotations,
      "grafana.app/createdBy": by,
      "grafana.app/updatedBy": by,
      "grafana.app/updatedTimestamp": aTime,
    },
  };
}

export interface Namespace {
  readonly name: string;
  readonly id: string;
  readonly securevalues: string;
  readonly keepers: string;
}

export async function aNamespace(coffer: TestCoffer): Promise<Namespace> {
  const name = `n-${randomUUID()}`;
  const answer = await coffer
    .call(coffer.token)
    .post("/v1/organizations/default/stores", { name, slug: name });
  expect(answer.status, answer.text).toBe(201);
  const base = `${api}/namespaces/${name}`;
  return { name, id: answer.body.id, securevalues: `${base}/securevalues`, keepers: `${base}/keepers` };
}

export const text = "a-value-that-nobody-sees";

export function secureValue(name: string, more: { metadata?: object; spec?: object } = {}) {
  return {
    metadata: { name, ...more.metadata },
    spec: { description: "About it", value: text, ...more.spec },
  };
}

export async function made(
  me: Client,
  { securevalues }: Namespace,
  name: string,
  more = {},
): Promise<Answer["body"]> {
  const answer = await me.post(securevalues, secureValue(name, more));
  expect(answer.status, answer.text).toBe(201);
  return answer.body;
}

/** A service of that name with a token, bound to these namespaces. */
export async function aService(
  coffer: TestCoffer,
  name: string,
  stores: readonly Namespace[],
  more: Record<string, unknown> = {},
): Promise<string> {
  const owner = coffer.call(coffer.token);
  const ids = stores.map(({ id }) => id);
  const {
    body,
    status,
    text: said,
  } = await owner.post("/v1/organizations/default/services", {
    name,
    stores: ids.length === 0 ? null : ids,
  });
  expect(status, said).toBe(201);
  return minted(coffer, { principal: { kind: "service", id: body.id }, name: "decrypts", ...more });
}

export async function aMember(coffer: TestCoffer): Promise<{ token: string; id: string }> {
  const owner = coffer.call(coffer.token);
  const email = `${randomUUID()}@example.org`;
  const invited = await owner.post("/v1/organizations/default/people", { email, role: "member" });
  const { body } = await coffer
    .call(null)
    .post("/v1/invitations/accept", { invitation: invited.body.invitation, name: "Member" });
  return { token: body.token, id: body.person.id };
}

/** Whole: the status, the Status object and the headers that every answer has. */
export function expectStatus(
  answer: Answer,
  code: number,
  reason: string,
  message: string,
  details?: Record<string, unknown>,
): void {
  const body = {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message,
    reason,
    ...(details === undefined ? {} : { details }),
    code,
  };
  expect({ status: answer.status, body: answer.body }).toEqual({ status: code, body });
  expectHeaders(answer);
}

export function expectHeaders({ headers }: Answer): void {
  expect(headers.get("content-type")).toMatch(/^application\/json/);
  expect(headers.get("cache-control")).toBe("no-store");
  expect(headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
}

export const ofValue = (name?: string) => ({
  ...(name === undefined ? {} : { name }),
  group: "secret.grafana.app",
  kind: "securevalues",
});

/** 422 of one field: the message has what the only cause has. */
export function expectInvalid(
  answer: Answer,
  name: string,
  ...causes: readonly (readonly [field: string, reason: string, message: string])[]
): void {
  const texts = causes.map(([field, , message]) => `${field}: ${message}`);
  const said = texts.length === 1 ? texts[0] : `[${texts.join(", ")}]`;
  expectStatus(answer, 422, "Invalid", `SecureValue.secret.grafana.app "${name}" is invalid: ${said}`, {
    ...(name === "" ? {} : { name }),
    group: "secret.grafana.app",
    kind: "SecureValue",
    causes: causes.map(([field, reason, message]) => ({ reason, message, field })),
  });
}

export const asMerge = { "content-type": "application/merge-patch+json" };
export const asJsonPatch = { "content-type": "application/json-patch+json" };
export const asStrategic = { "content-type": "application/strategic-merge-patch+json" };
export const asApply = { "content-type": "application/apply-patch+yaml" };
export const asTable = { accept: "application/json;as=Table;v=v1;g=meta.k8s.io,application/json" };

export const labelRule =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
