// A server short of disk space, as each API's clients see it: what adds is refused in the API's own form,
// what reads goes on, and with space again all is as before. How space is measured is reserve.test.ts's.
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Answer, type Client, startCoffer, type TestCoffer } from "../../support/server.ts";
import { api } from "../grafana/support.ts";
import { asKey } from "../scale/support.ts";

const data = mkdtempSync(join(tmpdir(), "coffer-full-"));
const natively = "/v1/organizations/default";
const secret = { name: "STEADY", value: "one" };
const grafana = `${api}/namespaces/default/securevalues`;
let coffer: TestCoffer;
let job: { readonly id: string; readonly token: string };
let service: string;

beforeAll(async () => {
  coffer = await startCoffer({ data });
  const owner = coffer.call(coffer.token);
  const made = async (path: string, body: object) => {
    const answer = await owner.post(path, body);
    expect(answer.status, answer.text).toBe(201);
    return answer.body;
  };
  await made(`${natively}/stores/default/secrets`, { ...secret, consumers: ["workers"] });
  const jobId = randomUUID();
  job = { id: jobId, ...(await made(`${natively}/stores/default/jobs`, { jobId, claims: {} })) };
  const { id } = await made(`${natively}/services`, { name: "workers" });
  const principal = { kind: "service", id };
  service = (await made(`${natively}/tokens`, { name: "t", principal })).token;
  await coffer.stop();
  // More than any disk has.
  coffer = await startCoffer({ data, env: { COFFER_STORAGE_RESERVE: "1000TiB" } });
});
afterAll(async () => {
  await coffer.stop();
  rmSync(data, { recursive: true });
});

interface Api {
  readonly name: string;
  /** What adds. */
  add(owner: Client): Promise<Answer>;
  /** Its whole refusal. */
  readonly refusal: { readonly status: number; readonly body: unknown };
  /** What reads a value, where this API has such a route; else what it shows of it. */
  read(owner: Client): Promise<unknown>;
  readonly shown: unknown;
}

const wireId = () => coffer.bootstrap.store.id.replaceAll("-", "");
const account = () => coffer.bootstrap.organization.id.replaceAll("-", "");
const cloudflare = () => `/client/v4/accounts/${account()}/secrets_store/stores/${wireId()}`;
const buildkite = () => `/v2/organizations/default/clusters/${coffer.bootstrap.store.id}/secrets`;
const nobody = () => coffer.call(null);

const apis: readonly Api[] = [
  {
    name: "native",
    add: (owner) => owner.put(`${natively}/stores/default/secrets/STEADY/value`, { value: "two" }),
    refusal: {
      status: 507,
      body: {
        error: {
          code: "storage.full",
          message: "The server is short of disk space: it reads and deletes, and takes nothing new.",
          requestId: expect.any(String),
          details: {},
        },
      },
    },
    read: async (owner) => (await owner.get(`${natively}/stores/default/secrets/STEADY/value`)).body.value,
    shown: "one",
  },
  {
    name: "Buildkite",
    add: (owner) => owner.post(buildkite(), { key: "NEW", value: "v" }),
    refusal: { status: 503, body: { message: "Service Unavailable" } },
    read: async () => {
      const headers = { authorization: `Token ${job.token}` };
      return (await nobody().get(`/v3/jobs/${job.id}/secrets?key=STEADY`, headers)).body.value;
    },
    shown: "one",
  },
  {
    name: "Cloudflare",
    add: (owner) => owner.post(`${cloudflare()}/secrets`, [{ name: "NEW", value: "v", scopes: ["workers"] }]),
    refusal: {
      status: 503,
      body: {
        errors: [{ code: 1002, message: "service_unavailable" }],
        messages: [],
        result: null,
        success: false,
      },
    },
    read: async () => (await coffer.call(service).get(`${cloudflare()}/values/STEADY`)).text,
    shown: expect.stringContaining("one"),
  },
  {
    name: "Grafana",
    add: (owner) =>
      owner.post(grafana, { metadata: { name: "new" }, spec: { description: "d", value: "v" } }),
    refusal: {
      status: 503,
      body: {
        apiVersion: "v1",
        code: 503,
        details: { retryAfterSeconds: 1 },
        kind: "Status",
        message: "the server is currently unable to handle the request",
        metadata: {},
        reason: "ServiceUnavailable",
        status: "Failure",
      },
    },
    read: async (owner) => (await owner.get(grafana)).status,
    shown: 200,
  },
  {
    name: "Scale",
    add: () => asKey(coffer.url, coffer.token).post("/v5/sgp/secrets", { key: "new", value: "v" }),
    refusal: { status: 503, body: { detail: "Service Unavailable" } },
    read: async () => (await asKey(coffer.url, coffer.token).get("/v5/sgp/secrets")).status,
    shown: 200,
  },
  {
    name: "Bitwarden",
    add: () =>
      nobody().post("/identity/connect/token", "grant_type=client_credentials", {
        "content-type": "application/x-www-form-urlencoded",
      }),
    refusal: {
      status: 503,
      body: {
        exceptionMessage: null,
        exceptionStackTrace: null,
        innerExceptionMessage: null,
        message: "The server is not available at the moment.",
        object: "error",
        validationErrors: null,
      },
    },
    read: async (owner) =>
      (await owner.get(`/api/organizations/${coffer.bootstrap.organization.id}/secrets`)).status,
    shown: 200,
  },
];

describe.each(apis)("$name on a full disk", ({ add, refusal, read, shown }) => {
  test("refuses what adds, in its own form, and reads on", async () => {
    const { status, body } = await add(coffer.call(coffer.token));
    expect({ status, body }).toEqual(refusal);
    expect(await read(coffer.call(coffer.token))).toEqual(shown);
  });
});

test("it is ready, says so, and the trail has the reveals", async () => {
  expect((await nobody().get("/readyz")).body).toEqual({ status: "ready", writes: "refused" });
  const { body } = await coffer.call(coffer.token).get(`${natively}/audit?action=secret.reveal`);
  const by = new Set(body.items.map(({ dialect }: { dialect: string }) => dialect));
  expect(by).toEqual(new Set(["native", "buildkite", "cloudflare"]));
});
