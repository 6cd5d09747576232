// What the Buildkite tests share: clusters and tokens made natively, whole refusals, and jobs.
import { randomUUID } from "node:crypto";
import { expect } from "vitest";
import type { Answer, Client, TestCoffer } from "../../support/server.ts";
import { clientOf } from "../../support/server.ts";

export const anId = expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/);
export const aTime = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
export const nowhere = "019a0000-0000-7000-8000-00000000dead";

export const noCredential =
  "Authentication required. Please supply a valid API Access Token: https://buildkite.com/docs/apis/rest-api#authentication";

export interface Cluster {
  readonly id: string;
  readonly slug: string;
  /** Of its secrets in REST. */
  readonly secrets: string;
}

export function clusterPath(id: string, org = "default"): string {
  return `/v2/organizations/${org}/clusters/${id}`;
}

export async function aCluster(coffer: TestCoffer): Promise<Cluster> {
  const slug = `c-${randomUUID()}`;
  const answer = await coffer
    .call(coffer.token)
    .post("/v1/organizations/default/stores", { name: slug, slug });
  expect(answer.status, answer.text).toBe(201);
  return { id: answer.body.id, slug, secrets: `${clusterPath(answer.body.id)}/secrets` };
}

/** A person who is a member, with a grant on the cluster or without. */
export async function aMember(
  coffer: TestCoffer,
  cluster?: Cluster,
  level?: "read" | "write" | "manage",
): Promise<{ readonly token: string; readonly id: string }> {
  const owner = coffer.call(coffer.token);
  const email = `${randomUUID()}@example.org`;
  const { body: invited } = await owner.post("/v1/organizations/default/people", { email, role: "member" });
  const { body } = await coffer
    .call(null)
    .post("/v1/invitations/accept", { invitation: invited.invitation, name: "Member" });
  if (cluster !== undefined) {
    const grant = {
      subject: { kind: "person", id: body.person.id },
      object: { kind: "store", id: cluster.id },
      level,
    };
    expect((await owner.put("/v1/organizations/default/grants", grant)).status).toBe(200);
  }
  return { token: body.token, id: body.person.id };
}

export interface Job {
  readonly id: string;
  readonly token: string;
  /** Reads as the agent does. */
  read(key: string, change?: { readonly job?: string; readonly scheme?: string }): Promise<Answer>;
}

export async function aJob(
  coffer: TestCoffer,
  cluster: Cluster,
  claims: Record<string, unknown> = {},
): Promise<Job> {
  const id = randomUUID();
  const jobs = `/v1/organizations/default/stores/${cluster.id}/jobs`;
  const answer = await coffer.call(coffer.token).post(jobs, { jobId: id, claims });
  expect(answer.status, answer.text).toBe(201);
  const { token } = answer.body;
  return { id, token, read: (key, change) => readAsAgent(coffer.url, token, { job: id, key, ...change }) };
}

export function readAsAgent(
  url: string,
  token: string,
  asked: { readonly job: string; readonly key: string; readonly scheme?: string },
): Promise<Answer> {
  const { job, key, scheme = "Token" } = asked;
  // With its scheme and without the test client's own.
  const agent = clientOf(url, null);
  const query = new URLSearchParams({ key });
  return agent.get(`/v3/jobs/${job}/secrets?${query}`, {
    authorization: `${scheme} ${token}`,
    "user-agent": "buildkite-agent/3.137.0.0 (linux; amd64)",
  });
}

export async function aSecret(
  me: Client,
  { secrets }: Cluster,
  body: Record<string, unknown> = {},
): Promise<Answer["body"]> {
  const answer = await me.post(secrets, { key: `KEY_${Math.random().toString(36).slice(2)}`, ...body });
  expect(answer.status, answer.text).toBe(201);
  return answer.body;
}

/** Whole: status, body, and the headers that every answer has. */
export function expectRefused(
  answer: Answer,
  status: number,
  message: string,
  errors?: readonly { readonly field: string; readonly code: string }[],
): void {
  const body = { message, ...(errors === undefined ? {} : { errors }) };
  expect({ status: answer.status, body: answer.body }).toEqual({ status, body });
  expectHeaders(answer);
}

export function expectHeaders({ headers }: Answer): void {
  expect(headers.get("content-type")).toBe("application/json; charset=utf-8");
  expect(headers.get("cache-control")).toBe("no-store");
  expect(headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
}

/** Of one field: the message has the sentence whole, and `errors` without its subject. */
export function expectInvalid(answer: Answer, ...problems: readonly (readonly [string, string])[]): void {
  const sentences = problems.map(
    ([field, reason]) => `${field.charAt(0).toUpperCase()}${field.slice(1)} ${reason}`,
  );
  const errors = problems.map(([field, code]) => ({ field, code }));
  expectRefused(answer, 422, `Validation failed: ${sentences.join(", ")}`, errors);
}
