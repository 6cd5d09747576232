// Trusts: making them, and the jobs and machines that come by them with tokens of a real issuer.
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startIssuer, type TestIssuer } from "../../support/oidc-issuer.ts";
import { type Answer, startCoffer, type TestCoffer } from "../../support/server.ts";
import {
  anId,
  aToken,
  at,
  created,
  createdStore,
  expectInvalid,
  expectRefused,
  organization,
  organizations,
} from "./support.ts";

let issuer: TestIssuer;
let coffer: TestCoffer;
beforeAll(async () => {
  issuer = await startIssuer();
  coffer = await startCoffer({ env: { COFFER_TRUSTS_ALLOWED_HOSTS: issuer.host } });
});
afterAll(async () => {
  await coffer.stop();
  await issuer.close();
});

const trusts = `${organization}/trusts`;
const me = () => coffer.call(coffer.bootstrap.token);
const noTrust = "No such trust, or none that this credential may see.";
const denied = "This credential may not do that.";
const notHeld = "This credential may not give what it does not hold itself.";
const unauthenticated = "No valid credential was given.";

const terms = (more: Record<string, unknown> = {}) => ({
  name: "pipelines",
  issuer: issuer.url,
  audience: `audience-${randomUUID()}`,
  claims: { organization_slug: "acme" },
  store: "default",
  as: "job",
  ...more,
});

async function made(more: Record<string, unknown> = {}): Promise<Answer["body"]> {
  const answer = await me().post(trusts, terms(more));
  expect(answer.status, answer.text).toBe(201);
  return answer.body;
}

function signed(trust: { audience: string }, more: Record<string, unknown> = {}): Promise<string> {
  const now = Math.floor(Date.now() / 1_000);
  return issuer.sign({
    iss: issuer.url,
    aud: trust.audience,
    iat: now,
    nbf: now,
    exp: now + 300,
    sub: "organization:acme:pipeline:web",
    organization_slug: "acme",
    pipeline_slug: "web",
    build_branch: "main",
    job_id: randomUUID(),
    ...more,
  });
}

function machine(): string {
  const id = randomUUID();
  const db = new DatabaseSync(join(coffer.data, "coffer.db"), { timeout: 5_000 });
  try {
    const { id: org } = coffer.bootstrap.organization;
    db.prepare("INSERT INTO machines VALUES (?, ?, 'robot', 1, '{}', 1)").run(id, org);
    db.prepare("INSERT INTO grants VALUES ('machine', ?, 'organization', ?, ?, 'read', 1)").run(id, org, org);
    db.exec("UPDATE access_epochs SET epoch = epoch + 1");
  } finally {
    db.close();
  }
  return id;
}

async function lastAudit(query: string): Promise<Answer["body"]> {
  const { body } = await me().get(`${organization}/audit?limit=1&${query}`);
  return body.items[0];
}

describe("trusts", () => {
  test("201 with what it trusts and where it leads, by ids", async () => {
    const { body: store } = await me().get(`${organization}/stores/default`);
    const trust = await made({
      audience: null,
      store: null,
      storeClaim: "cluster_id",
      stores: [{ store: "default", value: "c" }],
    });
    expect(trust).toEqual({
      id: anId,
      name: "pipelines",
      issuer: issuer.url,
      audience: `coffer:${coffer.bootstrap.organization.id}`,
      jwks: { discovery: true },
      claims: { organization_slug: ["acme"] },
      store: null,
      storeClaim: "cluster_id",
      stores: [{ store: store.id, value: "c" }],
      as: "job",
    });
    expect((await me().get(`${trusts}/${trust.id}`)).body).toEqual(trust);
    expect((await me().get(trusts)).body.items).toContainEqual(trust);
    expect(await lastAudit("action=trust.manage")).toMatchObject({
      target: { kind: "trust", id: trust.id, name: "pipelines" },
      outcome: "allowed",
      details: { made: true, as: "job" },
    });
  });

  test("200 for another name, 204 for its end; afterwards it is not there", async () => {
    const trust = await made();
    expect((await me().patch(`${trusts}/${trust.id}`, { name: "renamed" })).body).toEqual({
      ...trust,
      name: "renamed",
    });
    expect((await me().delete(`${trusts}/${trust.id}`)).status).toBe(204);
    for (const answer of [
      await me().get(`${trusts}/${trust.id}`),
      await me().patch(`${trusts}/${trust.id}`, { name: "x" }),
      await me().delete(`${trusts}/${trust.id}`),
    ]) {
      expectRefused(answer, 404, "trust.not_found", noTrust);
    }
  });

  test("409 for an issuer and audience that are trusted already, in whatever organization", async () => {
    const { audience } = await made();
    const slug = `o-${randomUUID().slice(0, 8)}`;
    await me().post(organizations, { slug, name: "Other" });
    for (const path of [trusts, `${organizations}/${slug}/trusts`]) {
      const answer = await me().post(path, terms({ audience }));
      const message = "A trust for that issuer and audience is there already.";
      expectRefused(answer, 409, "trust.audience_taken", message, { field: "audience" });
    }
  });

  test("400 for keys on a host that is not public, and for claims that name no tenant", async () => {
    const near = await me().post(trusts, terms({ jwks: { url: "https://127.0.0.2/keys" } }));
    expect(near.body.error).toMatchObject({ code: "request.invalid", details: { field: "jwks.url" } });
    const anyone = await me().post(trusts, terms({ claims: { organization_slug: "*" } }));
    expect(anyone.body.error.code).toBe("request.invalid");
    expectInvalid(await me().get(`${trusts}/name`), "id", "must be an id");
  });

  test("who may not manage trusts, or does not hold what one gives, makes none, and that is audited", async () => {
    const admin = coffer.call(aToken(coffer, { role: "admin" }));
    expect((await admin.post(trusts, terms())).status).toBe(201);
    for (const role of ["auditor", "member"] as const) {
      const answer = await coffer.call(aToken(coffer, { role })).post(trusts, terms());
      expectRefused(answer, 403, "caller.denied", denied);
      const { because } = await lastAudit("action=trust.manage&outcome=refused");
      expect(because).toBe(`role: ${role} has no trust.manage`);
    }
    for (const lacking of ["job.manage", "secret.reveal"]) {
      const held = ["trust.manage", "store.list", "job.manage", "secret.reveal"];
      const scopes = held.filter((scope) => scope !== lacking);
      const answer = await coffer.call(aToken(coffer, { scopes })).post(trusts, terms());
      expectRefused(answer, 403, "caller.denied", notHeld);
      const { because } = await lastAudit("action=trust.manage&outcome=refused");
      expect(because).toBe(`token: no scope covers ${lacking} (to let jobs in)`);
    }
    const elsewhere = coffer.call(aToken(coffer, { stores: [(await createdStore(me())).id] }));
    expectRefused(await elsewhere.post(trusts, terms()), 403, "caller.denied", denied);
    const stranger = { machine: randomUUID() };
    expectRefused(
      await me().post(trusts, terms({ as: stranger, store: null })),
      403,
      "caller.denied",
      notHeld,
    );
  });
});

describe("a workload", () => {
  test("comes as a job, reads what its claims satisfy, and nothing else", async () => {
    const trust = await made();
    const open = await created(me(), { value: "one" });
    const mine = await created(me(), {
      value: "two",
      policy: "- pipeline_slug: web\n  build_branch: main\n",
    });
    const other = await created(me(), { value: "three", policy: "- pipeline_slug: api\n" });
    const job = coffer.call(await signed(trust));
    expect((await job.get(at(open.name, "/value"))).body.value).toBe("one");
    expect((await job.get(at(mine.name, "/value"))).body.value).toBe("two");
    expectRefused(await job.get(at(other.name, "/value")), 403, "caller.denied", denied);
    expectRefused(await job.get(at(open.name)), 403, "caller.denied", denied);
    const { body } = await job.get("/v1/whoami");
    expect(body.principal.kind).toBe("job");
    const entry = await lastAudit("action=secret.reveal&outcome=allowed");
    expect(entry).toMatchObject({ caller: { kind: "job" }, because: "policy rule 1" });
  });

  test("opens one session for one token, however many requests bring it at once", async () => {
    const trust = await made();
    const { name } = await created(me(), { value: "v" });
    const job = coffer.call(await signed(trust));
    const answers = await Promise.all(Array.from({ length: 8 }, () => job.get(at(name, "/value"))));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    const { body } = await me().get(`${organization}/audit?action=session.open&limit=100`);
    expect(
      body.items.filter(({ because }: { because: string }) => because === "trust pipelines").length,
    ).toBeGreaterThan(0);
    const ofTrust = body.items.filter(
      ({ details }: { details: { trust: string } }) => details.trust === trust.id,
    );
    expect(ofTrust).toHaveLength(1);
  });

  test("comes as a machine, and holds what that machine holds", async () => {
    const id = machine();
    const trust = await made({ as: { machine: id }, store: null });
    const { name } = await created(me(), { value: "v" });
    const robot = coffer.call(await signed(trust));
    expect((await robot.get(at(name, "/value"))).body.value).toBe("v");
    expectRefused(await robot.put(at(name, "/value"), { value: "w" }), 403, "caller.denied", denied);
  });

  test("is out as soon as its trust ends", async () => {
    const trust = await made();
    const { name } = await created(me(), { value: "v" });
    const token = await signed(trust);
    const job = coffer.call(token);
    expect((await job.get(at(name, "/value"))).status).toBe(200);
    await me().delete(`${trusts}/${trust.id}`);
    expectRefused(await job.get(at(name, "/value")), 401, "caller.unauthenticated", unauthenticated);
    const again = coffer.call(await signed(trust));
    expectRefused(await again.get(at(name, "/value")), 401, "caller.unauthenticated", unauthenticated);
  });

  test("is refused the same for every reason", async () => {
    const trust = await made();
    const now = Math.floor(Date.now() / 1_000);
    const tokens = [
      await signed({ audience: "another" }),
      await signed(trust, { organization_slug: "evil" }),
      await signed(trust, { exp: now - 10 }),
      await signed(trust, { job_id: "not an id" }),
      `${(await signed(trust)).slice(0, -8)}AAAAAAAA`,
    ];
    for (const token of tokens) {
      const answer = await coffer.call(token).get("/v1/whoami");
      expectRefused(answer, 401, "caller.unauthenticated", unauthenticated);
    }
  });

  test("that is led by a claim reaches the store it names, and no other", async () => {
    const first = await createdStore(me());
    const second = await createdStore(me());
    const stores = [first, second].map(({ slug }, index) => ({ store: slug, value: `cluster-${index}` }));
    const trust = await made({ store: null, storeClaim: "cluster_id", stores });
    const path = (slug: string) => `${organization}/stores/${slug}/secrets`;
    await me().post(path(first.slug), { name: "A", value: "a" });
    await me().post(path(second.slug), { name: "A", value: "b" });
    const job = coffer.call(await signed(trust, { cluster_id: "cluster-1" }));
    expect((await job.get(`${path(second.slug)}/A/value`)).body.value).toBe("b");
    const elsewhere = await job.get(`${path(first.slug)}/A/value`);
    expect([elsewhere.status, elsewhere.body.error.code]).toEqual([404, "store.not_found"]);
    const nowhere = coffer.call(await signed(trust, { cluster_id: "cluster-9" }));
    expectRefused(await nowhere.get("/v1/whoami"), 401, "caller.unauthenticated", unauthenticated);
  });
});
