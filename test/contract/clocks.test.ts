// Nodes whose own clocks are wrong by minutes, on one database: what ends, ends on all of them at the same
// time, that of the database. And of all nodes one does what removes things for good.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Server, startServer } from "../crash/child.ts";
import { sharedPostgres, stopSharedPostgres } from "../support/postgres.ts";
import { have } from "../support/requirements.ts";
import { type Client, clientOf, startCoffer, tokenIdOf } from "../support/server.ts";

const minuteMs = 60_000;
const org = "/v1/organizations/default";
const skewed = new URL("../support/skewed-clock.ts", import.meta.url);

describe.runIf(have("postgresql"))("nodes on one database whose clocks are wrong by ten minutes", () => {
  const out = mkdtempSync(join(tmpdir(), "coffer-clocks-"));
  const nodes: Server[] = [];
  let database = "";
  let token = "";
  const urls: Record<"right" | "ahead" | "late", string> = { right: "", ahead: "", late: "" };
  const at = (node: keyof typeof urls, as = token): Client => clientOf(urls[node], as);
  const admin = async (text: string) =>
    (await sharedPostgres()).admin(text, new URL(database).pathname.slice(1));

  beforeAll(async () => {
    database = await (await sharedPostgres()).database();
    const wrongBy = { right: 0, ahead: 10 * minuteMs, late: -10 * minuteMs };
    for (const node of ["right", "ahead", "late"] as const) {
      const env = { NODE_OPTIONS: `--import=${skewed.href}`, COFFER_TEST_CLOCK_MS: String(wrongBy[node]) };
      const server = startServer({ out, data: join(out, "data"), database }, { env });
      nodes.push(server);
      urls[node] = await server.ready;
    }
    token = JSON.parse(readFileSync(join(out, "data", "bootstrap.json"), "utf8")).token;
    await at("right").post(`${org}/stores/default/secrets`, { name: "A", value: "1" });
  });
  afterAll(async () => {
    await Promise.all(nodes.map((node) => node.stop()));
    await stopSharedPostgres();
    rmSync(out, { recursive: true, force: true });
  });

  test("a token that has minutes to live is good on all of them", async () => {
    for (const maker of ["right", "ahead", "late"] as const) {
      const [{ now }] = (await admin("SELECT (extract(epoch FROM now()) * 1000)::float8 AS now")) as [
        { now: number },
      ];
      const expiresAt = new Date(now + 5 * minuteMs).toISOString();
      const made = await at(maker).post("/v1/tokens", { name: `five minutes, ${maker}`, expiresAt });
      expect(made.status).toBe(201);
      for (const node of ["right", "ahead", "late"] as const) {
        const read = await at(node, made.body.token).get(`${org}/stores/default/secrets/A/value`);
        expect([maker, node, read.status]).toEqual([maker, node, 200]);
      }
    }
  });

  test("a token that ended minutes ago is good on none of them", async () => {
    const made = await at("right").post("/v1/tokens", { name: "ended" });
    const ended = "(extract(epoch FROM now()) * 1000)::bigint - 300000";
    await admin(`UPDATE tokens SET expires_at = ${ended} WHERE id = '${tokenIdOf(made.body.token)}'`);
    for (const node of ["right", "ahead", "late"] as const) {
      const read = await at(node, made.body.token).get(`${org}/stores/default/secrets/A/value`);
      expect([node, read.status]).toEqual([node, 401]);
    }
  });

  test("a secret's expiry and a job's time are told by the same clock", async () => {
    const job = await at("late").post(`${org}/stores/default/jobs`, {
      jobId: "1",
      claims: {},
      ttlSeconds: 300,
    });
    expect(job.status).toBe(201);
    const [{ now }] = (await admin("SELECT (extract(epoch FROM now()) * 1000)::float8 AS now")) as [
      { now: number },
    ];
    expect(Math.abs(Date.parse(job.body.expiresAt) - now - 300_000)).toBeLessThan(minuteMs);
    const soon = new Date(now + 5 * minuteMs).toISOString();
    const made = await at("ahead").post(`${org}/stores/default/secrets`, {
      name: "B",
      value: "2",
      expiresAt: soon,
    });
    expect(made.status).toBe(201);
    expect((await at("ahead").get(`${org}/stores/default/secrets/B/value`)).status).toBe(200);
    await admin(`UPDATE secrets SET expires_at = expires_at - 600000 WHERE name = 'B'`);
    for (const node of ["right", "late"] as const) {
      expect((await at(node).get(`${org}/stores/default/secrets/B/value`)).status).toBe(410);
    }
  });

  test("the trail of all of them tells one time", async () => {
    for (const node of ["right", "ahead", "late"] as const) {
      const { body } = await at(node).post(`${org}/stores`, { name: `made ${node}` });
      const trail = await at("right").get(`${org}/audit?target=${body.id}`);
      const [{ now }] = (await admin("SELECT (extract(epoch FROM now()) * 1000)::float8 AS now")) as [
        { now: number },
      ];
      expect(Math.abs(Date.parse(trail.body.items[0].at) - now)).toBeLessThan(minuteMs);
    }
  });
});

describe.runIf(have("postgresql"))("of several nodes", () => {
  const ended: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const end of ended.splice(0).reverse()) await end();
  });
  afterAll(stopSharedPostgres);

  test("the one that has run longest removes what is old, and the next when it ends or falls silent", async () => {
    const server = await sharedPostgres();
    const database = await server.database();
    const first = await startCoffer({ database });
    ended.push(() => first.stop());
    const others = [
      await startCoffer({ database, data: first.data }),
      await startCoffer({ database, data: first.data }),
    ];
    for (const other of others) ended.push(() => other.stop());
    const [second, third] = others;
    const leads = () => Promise.all([first, second, third].map((coffer) => coffer?.node.leads()));
    expect(await leads()).toEqual([true, false, false]);
    // Killed: it says nothing any more.
    const silent = "CAST(CURRENT_TIMESTAMP - interval '2 minutes' AS TEXT)";
    const name = new URL(database).pathname.slice(1);
    await server.admin(`UPDATE nodes SET seen_at = ${silent} WHERE id = (SELECT MIN(id) FROM nodes)`, name);
    expect(await leads()).toEqual([false, true, false]);
    await second?.stop();
    expect(await third?.node.leads()).toBe(true);
    await first.node.announce();
    expect(await first.node.leads()).toBe(true);
    expect(await third?.node.leads()).toBe(false);
  });

  test("who runs alone on the embedded database does it himself", async () => {
    const coffer = await startCoffer();
    ended.push(() => coffer.stop());
    expect(await coffer.node.leads()).toBe(true);
  });

  test("a server without a synchronous standby is said to be one", async () => {
    const coffer = await startCoffer({ database: await (await sharedPostgres()).database() });
    ended.push(() => coffer.stop());
    const { status, body } = await coffer.call(null).get("/readyz");
    expect(status).toBe(200);
    expect(body.warnings.join()).toMatch(/no synchronous standby protects acknowledged writes/);
  });
});
