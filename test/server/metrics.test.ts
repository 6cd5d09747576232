// What a scrape shows, to whom, and that it names nobody. The text is read back by a parser of its own.
import { randomBytes } from "node:crypto";
import { readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadConfig } from "../../src/server/config.ts";
import { serverLog } from "../../src/server/log.ts";
import { catalogue } from "../../src/server/metrics/catalogue.ts";
import { start } from "../../src/server/serve.ts";
import { coffers } from "../support/coffers.ts";
import { memoryBackend } from "../support/memory-backend.ts";
import { clientOf, startCoffer, type TestCoffer, tokenSecretOf } from "../support/server.ts";
import { parseExposition } from "./exposition.ts";

const org = "/v1/organizations/default";
const secrets = `${org}/stores/default/secrets`;

for (const engine of coffers) {
  describe(`metrics on ${engine.name}`, () => {
    let coffer: TestCoffer;
    beforeAll(async () => {
      coffer = await engine.start({ env: { COFFER_METRICS_LISTEN: "127.0.0.1:0" } });
    });
    afterAll(() => coffer.stop());

    const scraped = async (token = coffer.token) => {
      const answer = await coffer.call(token).get("/metrics");
      expect(answer.status, answer.text).toBe(200);
      return { ...parseExposition(answer.text), text: answer.text };
    };

    test("the page is of Prometheus' format, and every line is of the catalogue", async () => {
      const answer = await coffer.call(coffer.token).get("/metrics");
      expect(answer.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
      expect(answer.headers.get("cache-control")).toBe("no-store");
      const { families } = parseExposition(answer.text);
      for (const { name, kind, help, labels } of families) {
        const described: { kind: string; help: string; labels?: readonly string[] } | undefined =
          Object.entries(catalogue).find(([known]) => known === name)?.[1];
        expect({ name, kind, help }).toEqual({ name, kind: described?.kind, help: described?.help });
        expect([...labels].toSorted()).toEqual([...(described?.labels ?? [])].toSorted());
      }
    });

    test("requests are counted by API, route and class of status, whatever they named", async () => {
      const call = coffer.call(coffer.token);
      const route = {
        dialect: "native",
        route: "/v1/organizations/:org/stores/:store/secrets/:secret/value",
      };
      const reads = async () => {
        const { value } = await scraped();
        return {
          good: value("coffer_http_requests_total", { ...route, method: "GET", status: "2xx" }) ?? 0,
          bad: value("coffer_http_requests_total", { ...route, method: "GET", status: "4xx" }) ?? 0,
          timed: value("coffer_http_request_seconds_count", { ...route, method: "GET" }) ?? 0,
          missing: value("coffer_errors_total", { dialect: "native", code: "secret.not_found" }) ?? 0,
          hits: value("coffer_reveals_total", { memory: "hit" }) ?? 0,
          misses: value("coffer_reveals_total", { memory: "miss" }) ?? 0,
          unmatched: value("coffer_http_requests_total", {
            dialect: "native",
            method: "any",
            route: "none",
            status: "4xx",
          }),
        };
      };
      expect((await call.post(secrets, { name: "counted", value: "v" })).status).toBe(201);
      await call.get("/v1/no/such/path");
      const before = await reads();
      for (let turn = 0; turn < 5; turn += 1)
        expect((await call.get(`${secrets}/counted/value`)).status).toBe(200);
      expect((await call.get(`${secrets}/missing/value`)).status).toBe(404);
      await call.get("/v1/no/such/path");
      const after = await reads();
      expect(after).toEqual({
        good: before.good + 5,
        bad: before.bad + 1,
        timed: before.timed + 6,
        missing: before.missing + 1,
        hits: before.hits + 3,
        misses: before.misses + 2,
        unmatched: (before.unmatched ?? 0) + 1,
      });
    });

    test("a route under its prefix is the same route", async () => {
      const { value: before } = await scraped();
      const labels = {
        dialect: "cloudflare",
        method: "GET",
        route: "/client/v4/accounts/:account/secrets_store/stores/:store/secrets",
        status: "4xx",
      };
      const ask = () =>
        coffer.call("bad").get("/cloudflare/client/v4/accounts/x/secrets_store/stores/y/secrets");
      expect((await ask()).status).toBeGreaterThanOrEqual(400);
      const { value } = await scraped();
      expect(value("coffer_http_requests_total", labels)).toBe(
        (before("coffer_http_requests_total", labels) ?? 0) + 1,
      );
    });

    test("commits, the trail, keys and space are told", async () => {
      const { value, text } = await scraped();
      expect(value("coffer_commit_seconds_count", { kind: "execute" })).toBeGreaterThan(0);
      expect(value("coffer_commit_seconds_count", { kind: "share" })).toBeGreaterThan(0);
      expect(value("coffer_commit_group_operations_count")).toBeGreaterThan(0);
      expect(value("coffer_sealed")).toBe(0);
      expect(value("coffer_database_up")).toBe(1);
      expect(value("coffer_connections")).toBeGreaterThan(0);
      // One block of seals was reserved of the 2^30 that a term may.
      const used = async () => (await scraped()).value("coffer_key_seals_used_ratio");
      await until(async () => (await used()) === 65_536 / 2 ** 30);
      expect(value("coffer_audit_unsigned_seconds")).toBeLessThan(5);
      expect(text).toContain(`coffer_build_info{version="`);
      if (engine.name === "SQLite") expect(value("coffer_space_free_bytes")).toBeGreaterThan(0);
    });

    test("a waiter on the feed is counted, and how late he is told", async () => {
      const call = coffer.call(coffer.token);
      const { revision } = (await call.get(`${org}/changes?since=0`)).body;
      const waiting = call.get(`${org}/changes?since=${revision}&wait=30`);
      await until(async () => (await scraped()).value("coffer_feed_waiters") === 1);
      const before = (await scraped()).value("coffer_feed_delay_seconds_count") ?? 0;
      expect((await call.post(secrets, { name: "news", value: "v" })).status).toBe(201);
      expect((await waiting).body.items).toHaveLength(1);
      const { value } = await scraped();
      expect(value("coffer_feed_waiters")).toBe(0);
      expect(value("coffer_feed_delay_seconds_count")).toBe(before + 1);
    });

    test("only an operator's token that may read metrics gets them", async () => {
      const call = coffer.call(coffer.token);
      const ask = async (token: string | null) => (await coffer.call(token).get("/metrics")).status;
      const own = async (body: object) => (await call.post("/v1/tokens", { name: "m", ...body })).body.token;
      const { body: machine } = await call.post(`${org}/machines`, { name: "prometheus" });
      const ofMachine = await call.post(`${org}/tokens`, {
        principal: { kind: "machine", id: machine.id },
        name: "t",
      });
      const { body: invited } = await call.post(`${org}/people`, { email: "a@example.org", role: "admin" });
      const { body: other } = await coffer
        .call(null)
        .post("/v1/invitations/accept", { invitation: invited.invitation });
      expect(await ask(await own({ scopes: ["metrics.read"] }))).toBe(200);
      expect(await ask(await own({ scopes: ["secret.reveal"] }))).toBe(403);
      expect(await ask(ofMachine.body.token)).toBe(403);
      expect(await ask(other.token)).toBe(403);
      expect(await ask(null)).toBe(401);
      expect(await ask("coffer_person_bad")).toBe(401);
      const narrow = await own({ scopes: ["metrics.read"] });
      expect((await coffer.call(narrow).get(`${secrets}/counted/value`)).status).toBe(404);
    });

    test("its own listener shows the same to whoever reaches it, and nothing of the API", async () => {
      const { metricsUrl } = coffer;
      if (metricsUrl === null) throw new Error("there is no listener for metrics");
      const nobody = clientOf(metricsUrl, null);
      const page = await nobody.get("/metrics");
      expect(page.status).toBe(200);
      expect(parseExposition(page.text).value("coffer_database_up")).toBe(1);
      expect((await nobody.get("/readyz")).body).toMatchObject({ status: "ready" });
      expect((await nobody.get("/healthz")).body).toEqual({ status: "ok" });
      for (const path of ["/", "/v1/whoami", "/metrics/x", "//metrics"]) {
        expect((await clientOf(metricsUrl, coffer.token).get(path)).status).toBe(404);
      }
      expect((await nobody.post("/metrics", {})).status).toBe(405);
    });

    test("no name, id, token, value or path of anybody's is on the page", async () => {
      const canary = () => `cnry${randomBytes(8).toString("hex")}`;
      const planted = {
        secret: canary(),
        store: canary(),
        value: canary(),
        machine: canary(),
        path: canary(),
        query: canary(),
        header: canary(),
        organization: canary(),
        method: canary(),
      };
      const call = coffer.call(coffer.token);
      const made = await call.post(`${org}/stores`, { name: planted.store, slug: planted.store });
      expect(made.status, made.text).toBe(201);
      const store = made.body;
      const place = `${org}/stores/${planted.store}/secrets`;
      const created = await call.post(place, { name: planted.secret, value: planted.value });
      expect(created.status).toBe(201);
      await call.get(`${place}/${planted.secret}/value`);
      await call.get(`${place}/${planted.secret}/value?${planted.query}=1`);
      await call.get(`/v1/organizations/${planted.organization}/stores`);
      await call.post(`${org}/machines`, { name: planted.machine });
      await call.get(`/${planted.path}/${planted.path}`);
      await call.get("/v1/whoami", { "x-planted": planted.header, "user-agent": planted.header });
      await coffer.call(`coffer_person_${planted.header}`).get("/v1/whoami");
      for (const base of ["/v2/organizations", "/client/v4/accounts", "/apis", "/v5/sgp", "/api/projects"])
        await call.get(`${base}/${planted.path}?${planted.query}=${planted.query}`);
      const { text } = await scraped();
      const ids = [store.id, created.body.id, coffer.bootstrap.organization.id, coffer.bootstrap.person.id];
      for (const text_ of [...Object.values(planted), ...ids, coffer.token, tokenSecretOf(coffer.token)])
        expect(text.includes(String(text_)), String(text_)).toBe(false);
      expect(text).not.toContain("default");
      expect(text).not.toContain("owner@localhost");
    });
  });
}

test("a sealed server shows that it is, on its own listener alone", async () => {
  const first = await startCoffer();
  const { data } = first;
  const key = join(data, "root.key");
  await first.restart().then((again) => again.stop());
  renameSync(key, `${key}.away`);
  const env = { COFFER_METRICS_LISTEN: "127.0.0.1:0" };
  const { config } = loadConfig({ data, listen: "127.0.0.1:0", logLevel: "silent" }, env);
  const sealed = await start(config, serverLog("silent"), { announce: () => {} });
  try {
    expect(sealed.node).toBe(null);
    const watched = clientOf(sealed.metricsUrl ?? "", null);
    const page = parseExposition((await watched.get("/metrics")).text);
    expect(page.value("coffer_sealed")).toBe(1);
    expect(page.value("coffer_database_up")).toBe(undefined);
    expect(await watched.get("/readyz")).toMatchObject({ status: 503, body: { status: "sealed" } });
    expect((await clientOf(sealed.url, first.token).get("/metrics")).status).toBe(503);
  } finally {
    await sealed.stop();
    rmSync(data, { recursive: true });
  }
});

test("what lies in a value backend is told by its name in the configuration", async () => {
  const backend = memoryBackend();
  const coffer = await startCoffer({ backends: [backend] });
  try {
    const call = coffer.call(coffer.token);
    const store = { name: "Remote", slug: "remote", backend: backend.name };
    expect((await call.post(`${org}/stores`, store)).status).toBe(201);
    const made = await call.post(`${org}/stores/remote/secrets`, { name: "far", value: "v" });
    expect(made.status, made.text).toBe(201);
    const { value } = parseExposition((await call.get("/metrics")).text);
    const labels = { backend: backend.name };
    expect(value("coffer_backend_values", labels)).toBe(1);
    expect(value("coffer_backend_pending", labels)).toBe(0);
    expect(value("coffer_backend_owed", labels)).toBe(0);
    expect(value("coffer_backend_owed_oldest_seconds", labels)).toBe(0);
    expect(value("coffer_backend_guarded", labels)).toBe(0);
    expect(value("coffer_backend_drift", labels)).toBe(0);
  } finally {
    await coffer.stop();
  }
});

test("the reference names every metric with its kind and labels, and no other", () => {
  const reference = readFileSync(join(import.meta.dirname, "../../docs/reference/metrics.md"), "utf8");
  const rows = [...reference.matchAll(/^\| `(\w+)` \| (\w+) \| (.*?) \| (.*) \|$/gm)].map(
    ([, name, kind, labels = "", help]) => ({ name, kind, labels: labels.replaceAll("`", ""), help }),
  );
  const described: readonly [string, { kind: string; help: string; labels?: readonly string[] }][] =
    Object.entries(catalogue);
  expect(rows).toEqual(
    described.map(([name, { kind, help, labels = [] }]) => ({
      name,
      kind,
      labels: labels.join(", "),
      help,
    })),
  );
});

async function until(happened: () => Promise<boolean>): Promise<void> {
  const endMs = performance.now() + 8_000;
  while (!(await happened())) {
    if (performance.now() > endMs) throw new Error("it did not happen");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
