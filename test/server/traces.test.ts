// Traces as an operator gets them: a real SDK brought by --import, a real server, its spans in a file.
import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { logFile, type Server, startServer } from "../crash/child.ts";
import { clientOf, tokenSecretOf } from "../support/server.ts";

interface SpanLine {
  readonly name: string;
  readonly kind: number;
  readonly status: { readonly code: number };
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly events: readonly unknown[];
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string | null;
}

const secrets = "/v1/organizations/default/stores/default/secrets";
const valueRoute = "/v1/organizations/:org/stores/:store/secrets/:secret/value";
const sdk = new URL("./sdk.mjs", import.meta.url).href;
const out = mkdtempSync(join(tmpdir(), "coffer-traces-"));
const place = { out, data: join(out, "data"), database: null };
const file = join(out, "spans.jsonl");
let server: Server;
let url: string;
let token: string;

beforeAll(async () => {
  server = startServer(place, { env: { NODE_OPTIONS: `--import=${sdk}`, COFFER_TEST_SPANS: file } });
  url = await server.ready;
  token = JSON.parse(readFileSync(join(place.data, "bootstrap.json"), "utf8")).token;
});
afterAll(async () => {
  await server.stop();
  rmSync(out, { recursive: true });
});

function spans(): readonly SpanLine[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").split("\n").slice(0, -1);
  return lines.map((line) => JSON.parse(line));
}

async function spansOf(traceId: string, count: number): Promise<readonly SpanLine[]> {
  for (;;) {
    const found = spans().filter((span) => span.traceId === traceId);
    if (found.length >= count) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const newTrace = () => ({ traceId: randomBytes(16).toString("hex"), spanId: randomBytes(8).toString("hex") });

test("a request goes on the client's trace, and each operation is a span below it", async () => {
  const call = clientOf(url, token);
  const { traceId, spanId } = newTrace();
  const traceparent = `00-${traceId}-${spanId}-01`;
  expect((await call.post(secrets, { name: "traced", value: "v" }, { traceparent })).status).toBe(201);
  const found = await spansOf(traceId, 2);
  const request = found.find(({ name }) => name === "POST /v1/organizations/:org/stores/:store/secrets");
  expect(request).toMatchObject({
    kind: 1,
    parentId: spanId,
    attributes: {
      "http.request.method": "POST",
      "http.route": "/v1/organizations/:org/stores/:store/secrets",
      "http.response.status_code": 201,
    },
  });
  expect(found.find(({ name }) => name === "secrets.create")).toMatchObject({ parentId: request?.spanId });
});

test("a body that comes late changes nothing of it", async () => {
  const { traceId, spanId } = newTrace();
  const body = JSON.stringify({ name: "late", value: "v" });
  const sent = request(url + secrets, {
    method: "POST",
    headers: {
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
      "content-length": body.length,
      traceparent: `00-${traceId}-${spanId}-01`,
    },
  });
  sent.write(body.slice(0, 5));
  // Another request is answered in between: the server has the first half by then.
  expect((await clientOf(url, null).get("/healthz")).status).toBe(200);
  sent.end(body.slice(5));
  await new Promise((resolve) => sent.once("response", (answer) => answer.resume().once("end", resolve)));
  const found = await spansOf(traceId, 2);
  expect(found.map(({ name }) => name)).toContain("secrets.create");
});

test("a refusal is named by its code, and is no fault of the server's", async () => {
  const { traceId, spanId } = newTrace();
  const headers = { traceparent: `00-${traceId}-${spanId}-01` };
  expect((await clientOf(url, token).get(`${secrets}/not-there/value`, headers)).status).toBe(404);
  const found = await spansOf(traceId, 2);
  expect(found.find(({ name }) => name === "secrets.reveal")).toMatchObject({
    status: { code: 0 },
    attributes: { "error.type": "secret.not_found" },
  });
  expect(found.find(({ name }) => name === `GET ${valueRoute}`)).toMatchObject({ status: { code: 0 } });
});

test("what is not in the form begins a trace of its own", async () => {
  const { traceId, spanId } = newTrace();
  const traceparent = `00-${traceId.toUpperCase()}-${spanId}-01`;
  await clientOf(url, token).get("/v1/whoami", { traceparent });
  const found = () => spans().find(({ name }) => name === "GET /v1/whoami");
  while (found() === undefined) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(found()).toMatchObject({ parentId: null });
  expect(found()?.traceId).not.toBe(traceId);
});

test("no span says whose, which or what", async () => {
  const canary = () => `cnry${randomBytes(8).toString("hex")}`;
  const planted = { name: canary(), value: canary(), query: canary(), path: canary(), header: canary() };
  const call = clientOf(url, token);
  const { traceId, spanId } = newTrace();
  const headers = { traceparent: `00-${traceId}-${spanId}-01`, "x-planted": planted.header };
  expect((await call.post(secrets, { name: planted.name, value: planted.value }, headers)).status).toBe(201);
  await call.get(`${secrets}/${planted.name}/value?${planted.query}=1`, headers);
  await call.get(`/${planted.path}`, headers);
  await clientOf(url, `coffer_person_${planted.header}`).get("/v1/whoami", headers);
  await spansOf(traceId, 5);
  const written = readFileSync(file, "utf8");
  for (const text of [...Object.values(planted), tokenSecretOf(token), "127.0.0.1", "owner@localhost"])
    expect(written.includes(text), text).toBe(false);
  for (const { events } of spans()) expect(events).toEqual([]);
  // The log of a server with traces has none either.
  expect(readFileSync(logFile(place), "utf8")).not.toContain(planted.name);
});
