// Every API over a store whose values lie in another backend: made, read, changed and removed; and its own
// refusal while the backend is down, with metadata that answers.
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { memoryBackend } from "../../support/memory-backend.ts";
import { type Answer, startCoffer, type TestCoffer } from "../../support/server.ts";
import { asPerson, type Speaker } from "../bitwarden/support.ts";
import { api } from "../grafana/support.ts";
import { asKey } from "../scale/support.ts";

const natively = "/v1/organizations/default";
const inStore = `${natively}/stores/default`;
const grafana = `${api}/namespaces/default/securevalues`;
const scale = "/v5/sgp/secrets";
const backend = memoryBackend();
let coffer: TestCoffer;
let service: string;
let bitwarden: Speaker;

const me = () => coffer.call(coffer.token);
const wireId = (uuid: string) => uuid.replaceAll("-", "");
const cloudflare = () => {
  const { organization, store } = coffer.bootstrap;
  return `/client/v4/accounts/${wireId(organization.id)}/secrets_store/stores/${wireId(store.id)}`;
};
const buildkite = () => `/v2/organizations/default/clusters/${coffer.bootstrap.store.id}/secrets`;
const ofBitwarden = () => `/api/organizations/${coffer.bootstrap.organization.id}/secrets`;

beforeAll(async () => {
  coffer = await startCoffer({ backends: [backend] });
  const { status } = await me().patch(inStore, { backend: "vault" });
  expect(status).toBe(200);
  const { id } = (await me().post(`${natively}/services`, { name: "workers" })).body;
  const principal = { kind: "service", id };
  service = (await me().post(`${natively}/tokens`, { name: "t", principal })).body.token;
  bitwarden = await asPerson(coffer);
});
afterAll(() => coffer.stop());

interface Api {
  readonly name: string;
  /** Of the secret, as this API takes it. */
  readonly key: string;
  /** Answers what it is called in further requests. */
  create(key: string, value: string): Promise<Answer>;
  idOf(made: Answer): string;
  update(id: string, value: string): Promise<Answer>;
  /** By this API, where it tells values at all. */
  read?(id: string): Promise<string>;
  remove(id: string): Promise<Answer>;
  list(): Promise<Answer>;
  /** The whole refusal while the backend is down. */
  readonly refusal: { readonly status: number; readonly body: unknown };
}

const message = "The backend that holds these values does not answer as it should; try again later.";

const apis: readonly Api[] = [
  {
    name: "native",
    key: "NATIVE",
    create: (name, value) => me().post(`${inStore}/secrets`, { name, value }),
    idOf: ({ body }) => body.id,
    update: (id, value) => me().put(`${inStore}/secrets/${id}/value`, { value }),
    read: async (id) => (await me().get(`${inStore}/secrets/${id}/value`)).body.value,
    remove: (id) => me().delete(`${inStore}/secrets/${id}?purge=true`),
    list: () => me().get(`${inStore}/secrets`),
    refusal: {
      status: 503,
      body: {
        error: { code: "backend.unavailable", message, requestId: expect.any(String), details: {} },
      },
    },
  },
  {
    name: "Buildkite",
    key: "PIPELINE",
    create: (key, value) => me().post(buildkite(), { key, value }),
    idOf: ({ body }) => body.id,
    update: (id, value) => me().put(`${buildkite()}/${id}/value`, { value }),
    read: async () => {
      const jobId = randomUUID();
      const { token } = (await me().post(`${inStore}/jobs`, { jobId, claims: {} })).body;
      const headers = { authorization: `Token ${token}` };
      return (await coffer.call(null).get(`/v3/jobs/${jobId}/secrets?key=PIPELINE`, headers)).body.value;
    },
    remove: (id) => me().delete(`${buildkite()}/${id}`),
    list: () => me().get(buildkite()),
    refusal: { status: 503, body: { message: "Service Unavailable" } },
  },
  {
    name: "Cloudflare",
    key: "CLOUDFLARE",
    create: (name, value) => me().post(`${cloudflare()}/secrets`, [{ name, value, scopes: ["workers"] }]),
    idOf: ({ body }) => body.result[0].id,
    update: (id, value) => me().patch(`${cloudflare()}/secrets/${id}`, { value }),
    read: async () => (await coffer.call(service).get(`${cloudflare()}/values/CLOUDFLARE`)).body.result.value,
    remove: (id) => me().delete(`${cloudflare()}/secrets/${id}`),
    list: () => me().get(`${cloudflare()}/secrets`),
    refusal: {
      status: 503,
      body: {
        errors: [{ code: 1002, message: "service_unavailable" }],
        messages: [],
        result: null,
        success: false,
      },
    },
  },
  {
    name: "Grafana",
    key: "grafana",
    create: (name, value) => me().post(grafana, { metadata: { name }, spec: { description: "d", value } }),
    idOf: ({ body }) => body.metadata.name,
    update: (name, value) => me().put(`${grafana}/${name}`, { spec: { description: "d", value } }),
    remove: (name) => me().delete(`${grafana}/${name}`),
    list: () => me().get(grafana),
    refusal: {
      status: 503,
      body: expect.objectContaining({ kind: "Status", code: 503, reason: "ServiceUnavailable" }),
    },
  },
  {
    name: "Scale",
    key: "scale",
    create: (key, value) => asKey(coffer.url, coffer.token).post(scale, { key, value }),
    idOf: ({ body }) => body.id,
    update: (id, value) => asKey(coffer.url, coffer.token).patch(`${scale}/${id}`, { value }),
    remove: (id) => asKey(coffer.url, coffer.token).delete(`${scale}/${id}`),
    list: () => asKey(coffer.url, coffer.token).get(scale),
    refusal: { status: 503, body: { detail: "Service Unavailable" } },
  },
  {
    name: "Bitwarden",
    key: "BITWARDEN",
    create: (key, value) => bitwarden.post(ofBitwarden(), bitwarden.secret(key, value)),
    idOf: ({ body }) => body.id,
    update: (id, value) => bitwarden.put(`/api/secrets/${id}`, bitwarden.secret("BITWARDEN", value)),
    read: async (id) => bitwarden.open((await bitwarden.get(`/api/secrets/${id}`)).body.value),
    remove: (id) => bitwarden.post("/api/secrets/delete", [id]),
    list: () => bitwarden.get(ofBitwarden()),
    refusal: {
      status: 503,
      body: expect.objectContaining({
        object: "error",
        message: "The server is not available at the moment.",
      }),
    },
  },
];

describe.each(apis)("$name", ({ key, create, idOf, update, read, remove, list, refusal }) => {
  const natived = async () => (await me().get(`${inStore}/secrets/${key}/value?by=name`)).body.value;

  test("makes, reads, changes and removes what lies in another backend", async () => {
    const { size } = backend.objects;
    const made = await create(key, "one");
    expect(made.status, made.text).toBeLessThan(300);
    const id = idOf(made);
    expect(backend.objects.size).toBe(size + 1);
    expect(await natived()).toBe("one");
    const changed = await update(id, "two");
    expect(changed.status, changed.text).toBeLessThan(300);
    expect(await natived()).toBe("two");
    if (read !== undefined) expect(await read(id)).toBe("two");
    const removed = await remove(id);
    expect(removed.status, removed.text).toBeLessThan(300);
    expect((await me().get(`${inStore}/secrets/${key}?by=name`)).status).toBe(404);
  });

  test("refuses in its own form while the backend is down, and shows what it knows", async () => {
    const id = idOf(await create(key, "steady"));
    const before = await list();
    backend.fails("all", "unavailable");
    const refused = [await create(`${key}2`, "x"), await update(id, "y")];
    const shown = await list();
    backend.fails("all", null);
    for (const { status, body } of refused) expect({ status, body }).toEqual(refusal);
    expect([shown.status, shown.text.length]).toEqual([200, before.text.length]);
    expect(await natived()).toBe("steady");
    expect((await create(`${key}2`, "x")).status).toBeLessThan(300);
  });
});

test("what the backend does not let go yet is shown as being deleted, and cannot be had back", async () => {
  const { id } = (await me().post(`${inStore}/secrets`, { name: "LEAVING", value: "v" })).body;
  backend.fails("deleteObject", "unavailable");
  expect((await me().delete(`${inStore}/secrets/${id}?purge=true`)).status).toBe(503);
  backend.fails("deleteObject", null);
  const trash = `${natively}/trash`;
  const shown = (await me().get(`${trash}?status=deleting`)).body.items;
  expect(shown).toMatchObject([{ id, name: "LEAVING", status: "deleting" }]);
  const kept = (await me().get(trash)).body.items;
  expect(kept.map((item: { id: string }) => item.id)).not.toContain(id);
  expect((await me().post(`${trash}/${id}/restore`)).status).toBe(404);
  const [status] = (await me().get("/v1/backends")).body.items;
  expect(status).toMatchObject({ name: "vault", kind: "memory", payload: "sealed", guarded: false });
  expect(status.owed).toBeGreaterThan(0);
});
