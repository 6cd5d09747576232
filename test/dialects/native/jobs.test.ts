// Sessions of jobs: who may open and end them, and what a job may do.
import { randomUUID } from "node:crypto";
import { afterAll, describe, expect, test } from "vitest";
import { type Answer, type Client, startCoffer, tokenIdOf } from "../../support/server.ts";
import { readTrail, type TrailEntry } from "../../support/trail.ts";
import {
  aTime,
  aToken,
  at,
  created,
  createdStore,
  expectInvalid,
  expectRefused,
  organization,
  organizations,
  secrets,
  store,
  stores,
} from "./support.ts";
import { tablesOf } from "./tables.ts";

const coffer = await startCoffer();
afterAll(() => coffer.stop());
const me = coffer.call(coffer.token);
const tables = tablesOf(coffer);
const { organization: home, store: first } = coffer.bootstrap;

const jobs = `${store}/jobs`;
const claims = { pipeline_slug: "web", build_branch: "main" };
const policy = "- pipeline_slug: web\n  build_branch: main\n";

const denied = "This credential may not do that.";
const noStore = "No such store, or none that this credential reaches.";
const noCredential = "No valid credential was given.";

const tomorrow = Date.now() + 86_400_000;
const aJob = () => `job-${randomUUID()}`;

async function started(by: Client, body: Record<string, unknown> = {}): Promise<Answer["body"]> {
  const answer = await by.post(jobs, { jobId: aJob(), claims, ...body });
  expect(answer.status, answer.text).toBe(201);
  return answer.body;
}

async function newest(pick: (entry: TrailEntry) => boolean): Promise<TrailEntry | undefined> {
  return (await readTrail(coffer, null)).findLast(pick);
}

async function expectDenied(answer: Promise<Answer>, token: string, message: string, because: string) {
  expectRefused(await answer, 403, "caller.denied", message);
  const entry = await newest(
    ({ token_id, outcome }) => token_id === tokenIdOf(token) && outcome === "refused",
  );
  expect(entry).toMatchObject({ action: "job.manage", target_kind: "job", because });
}

/** A token through the API, with its own narrowing. */
async function narrowed(body: Record<string, unknown>): Promise<string> {
  const principal = { kind: "person", id: coffer.bootstrap.person.id };
  const answer = await me.post(`${organization}/tokens`, { principal, name: "narrow", ...body });
  expect(answer.status, answer.text).toBe(201);
  return answer.body.token;
}

describe("a session", () => {
  test("reveals what its claims satisfy and what has no policy, in its store, and nothing else", async () => {
    const met = await created(me, { value: "met", policy });
    const open = await created(me, { value: "open" });
    const unmet = await created(me, { value: "unmet", policy: "- pipeline_slug: api\n" });
    const other = await createdStore(me);
    const jobId = aJob();
    const session = await started(me, { jobId });
    expect(session).toEqual({
      token: expect.stringMatching(/^coffer_job_[0-9a-f]{32}_[\w-]{43}$/),
      expiresAt: aTime,
    });
    expect(Math.abs(Date.parse(session.expiresAt) - Date.now() - 3_600_000)).toBeLessThan(10_000);
    const job = coffer.call(session.token);
    expect((await job.get(at(met.name, "/value"))).body.value).toBe("met");
    expect((await job.get(at(open.name, "/value"))).body.value).toBe("open");
    expectRefused(await job.get(at(unmet.name, "/value")), 403, "caller.denied", denied);
    expect((await job.get("/v1/whoami")).body).toEqual({
      principal: { kind: "job", id: expect.any(String), name: jobId },
      organization: { id: home.id, slug: "default" },
      scopes: [`secret.reveal@${first.id}`],
      operator: false,
    });
    expect((await me.put(at(met.name, "/value"), { value: "met again" })).status).toBe(200);
    const elsewhere: [string, Promise<Answer>][] = [
      ["another store", job.get(`${stores}/${other.slug}/secrets/KEY/value`)],
      ["the list", job.get(secrets)],
      ["metadata", job.get(at(met.name))],
      ["a past version", job.get(at(met.name, "/value?version=1"))],
      ["writing", job.put(at(open.name, "/value"), { value: "x" })],
      ["stores", job.get(stores)],
      ["tokens", job.get(`${organization}/tokens`)],
      [
        "a token",
        job.post(`${organization}/tokens`, { principal: { kind: "person", id: randomUUID() }, name: "x" }),
      ],
      ["its own token", job.delete(`${organization}/tokens/${tokenIdOf(session.token)}`)],
      ["own tokens", job.post("/v1/tokens", { name: "x" })],
      ["a job", job.post(jobs, { jobId: aJob(), claims })],
      ["ending itself", job.delete(`${jobs}/${jobId}`)],
      ["the trail", job.get(`${organization}/audit`)],
    ];
    for (const [what, answer] of elsewhere) expect([403, 404], what).toContain((await answer).status);
  });

  test("is audited with the claims as its minter asserts them, without its token", async () => {
    const jobId = aJob();
    const { token } = await started(me, { jobId, claims: { build_creator: "Ada@Example.org" } });
    const trail = await readTrail(coffer, null);
    const entry = trail.find(({ details }) => details?.includes(tokenIdOf(token)) === true);
    expect(entry).toMatchObject({
      action: "job.manage",
      outcome: "allowed",
      target_kind: "job",
      because: "role: owner",
    });
    expect(JSON.parse(entry?.details ?? "")).toEqual({
      change: "started",
      tokenId: tokenIdOf(token),
      claims: { build_creator: "ada@example.org" },
      assertedBy: "minter",
      expiresAt: expect.any(Number),
    });
    expect(JSON.stringify(trail)).not.toContain(token.slice(-43));
  });

  test("is in no list of tokens", async () => {
    const { token } = await started(me);
    const { items } = (await me.get(`${organization}/tokens?limit=1000`)).body;
    expect(items.some(({ id }: { id: string }) => id === tokenIdOf(token))).toBe(false);
    expect((await me.get(`${organization}/tokens/${tokenIdOf(token)}`)).status).toBe(404);
  });

  test("lasts as long as was asked, a day at most", async () => {
    const { expiresAt } = await started(me, { ttlSeconds: 60 });
    expect(Math.abs(Date.parse(expiresAt) - Date.now() - 60_000)).toBeLessThan(10_000);
    await started(me, { ttlSeconds: 86_400 });
    for (const ttlSeconds of [0, -1, 86_401]) {
      const answer = await me.post(jobs, { jobId: aJob(), claims, ttlSeconds });
      expectInvalid(answer, "ttlSeconds", "must be a whole number from 1 to 86400", 86_400);
    }
  });

  test("400 for claims that are not those of a job", async () => {
    const post = (body: object) => me.post(jobs, { jobId: aJob(), ...body });
    const unknown = await post({ claims: { build_brunch: "main" } });
    expect(unknown.body.error.details).toEqual({
      field: "claims",
      rule: expect.stringContaining("has an unknown claim 'build_brunch'"),
      nearest: "build_branch",
    });
    expectInvalid(await post({ claims: { pipeline_id: "web" } }), "claims.pipeline_id", "must be a UUID");
    expectInvalid(await me.post(jobs, { jobId: "", claims }), "jobId", "must not be empty");
    expectInvalid(
      await me.post(jobs, { jobId: "j".repeat(256), claims }),
      "jobId",
      "must have at most 255 characters",
      255,
    );
  });
});

describe("a second session of the same job", () => {
  test("stands beside the first, with claims of its own, and both end together", async () => {
    const jobId = aJob();
    const { name } = await created(me, { value: "met", policy });
    const one = coffer.call((await started(me, { jobId })).token);
    const two = coffer.call((await started(me, { jobId, claims: { pipeline_slug: "api" } })).token);
    const bystander = coffer.call((await started(me)).token);
    expect((await one.get(at(name, "/value"))).status).toBe(200);
    expect((await two.get(at(name, "/value"))).status).toBe(403);
    expect((await me.delete(`${jobs}/${encodeURIComponent(jobId)}`)).status).toBe(204);
    for (const ended of [one, two]) {
      expectRefused(await ended.get(at(name, "/value")), 401, "caller.unauthenticated", noCredential);
    }
    expect((await bystander.get(at(name, "/value"))).status).toBe(200);
    const entry = await newest(({ details }) => details?.includes('"ended"') === true);
    expect(JSON.parse(entry?.details ?? "")).toEqual({ change: "ended", sessions: 2 });
    // Ended is what it shall be: once more is no error.
    expect((await me.delete(`${jobs}/${jobId}`)).status).toBe(204);
  });

  test("of another store goes on", async () => {
    const jobId = aJob();
    const other = await createdStore(me);
    const there = `${stores}/${other.slug}`;
    expect((await me.post(`${there}/secrets`, { name: "KEY", value: "x" })).status).toBe(201);
    const { token } = (await me.post(`${there}/jobs`, { jobId, claims })).body;
    expect((await me.delete(`${jobs}/${jobId}`)).status).toBe(204);
    expect((await coffer.call(token).get(`${there}/secrets/KEY/value`)).status).toBe(200);
  });
});

describe("opening and ending one", () => {
  test("is for who manages the store", async () => {
    const person = tables.person("member");
    tables.grant(["person", person], ["store", first.id], "manage");
    const controller = coffer.call(tables.token("person", person));
    await started(controller);
    expect((await controller.delete(`${jobs}/none`)).status).toBe(204);
    await started(coffer.call(aToken(coffer, { role: "admin" })));
  });

  test.each(["read", "write"] as const)("403 for a grant of %s", async (level) => {
    const member = tables.person("member");
    tables.grant(["person", member], ["store", first.id], level);
    const token = tables.token("person", member);
    const by = coffer.call(token);
    const because = "role: member has no job.manage";
    await expectDenied(by.post(jobs, { jobId: aJob(), claims }), token, denied, because);
    await expectDenied(by.delete(`${jobs}/some`), token, denied, because);
  });

  test("404 for who may not know of the store, as for a store that is not there", async () => {
    const text = aToken(coffer, { role: "member" });
    const member = coffer.call(text);
    for (const path of [jobs, `${stores}/none/jobs`]) {
      expectRefused(await member.post(path, { jobId: aJob(), claims }), 404, "store.not_found", noStore);
      expectRefused(await member.delete(`${path}/some`), 404, "store.not_found", noStore);
    }
    const manage = tables.person("member");
    tables.grant(["person", manage], ["secret", (await created(me)).id], "manage");
    const secretsManager = coffer.call(tables.token("person", manage));
    const answer = await secretsManager.post(jobs, { jobId: aJob(), claims });
    expectRefused(answer, 404, "store.not_found", noStore);
  });

  test("403 for services, and in other organizations 404", async () => {
    const token = tables.token("service", tables.service().id);
    const answer = coffer.call(token).post(jobs, { jobId: aJob(), claims });
    await expectDenied(answer, token, denied, "service: has no job.manage");
    expect((await me.post(organizations, { slug: "far", name: "Far" })).status).toBe(201);
    const bound = coffer.call(await narrowed({}));
    const far = await bound.post(`${organizations}/far/stores/default/jobs`, { jobId: aJob(), claims });
    expect(far.body.error.code).toBe("organization.not_found");
  });
});

describe("nobody lets in a job that may more than he", () => {
  test("who may not reveal all of the store opens none", async () => {
    for (const scopes of [
      ["job.manage"],
      ["job.*", "secret.reveal@default/KEY"],
      ["job.manage", "secret.read"],
    ]) {
      const token = await narrowed({ scopes: [...scopes, "store.list"] });
      const answer = coffer.call(token).post(jobs, { jobId: aJob(), claims });
      await expectDenied(answer, token, denied, "token: no scope covers secret.reveal");
    }
    const enough = coffer.call(await narrowed({ scopes: ["job.manage@default", "secret.reveal@default"] }));
    await started(enough);
  });

  test("a token bound to other stores opens none here", async () => {
    const other = await createdStore(me);
    const token = await narrowed({ stores: [other.slug] });
    expectRefused(
      await coffer.call(token).post(jobs, { jobId: aJob(), claims }),
      404,
      "store.not_found",
      noStore,
    );
    await started(coffer.call(await narrowed({ stores: ["default"] })));
  });

  test("a session ends with a narrowed token that opened it, and is accepted where that is", async () => {
    const soon = new Date(Date.now() + 60_000).toISOString();
    const scopes = ["job.manage", "secret.reveal"];
    const session = await started(coffer.call(await narrowed({ scopes, expiresAt: soon })));
    expect(session.expiresAt).toBe(soon);
    const whole = await started(coffer.call(await narrowed({ expiresAt: soon })));
    expect(Date.parse(whole.expiresAt)).toBeGreaterThan(Date.parse(soon));
    const addresses = ["127.0.0.0/8"];
    const lasting = new Date(tomorrow).toISOString();
    const { token } = await started(coffer.call(await narrowed({ addresses, expiresAt: lasting })));
    expect(tables.addresses(tokenIdOf(token))).toEqual(addresses);
  });

  test("and machines, which never manage, let in none", async () => {
    const machine = tables.machine();
    tables.grant(["machine", machine], ["organization", home.id], "write");
    const by = coffer.call(tables.token("machine", machine));
    expectRefused(await by.post(jobs, { jobId: aJob(), claims }), 403, "caller.denied", denied);
  });
});
