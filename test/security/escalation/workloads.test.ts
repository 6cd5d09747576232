// Services, jobs and trusts: who makes one holds all that it will read, and what is let in reads that and
// does nothing else.
import { randomUUID } from "node:crypto";
import { afterAll, expect, test } from "vitest";
import type { ErrorCode } from "../../../src/core/errors.ts";
import { startIssuer } from "../../support/oidc-issuer.ts";
import {
  type Actor,
  aName,
  countOf,
  expectNoValue,
  expectValue,
  field,
  hours,
  organizations,
  services,
  stores,
  trusts,
} from "./field.ts";

const issuer = await startIssuer();
const it = await field({ env: { COFFER_TRUSTS_ALLOWED_HOSTS: issuer.host } });
const { attempt, me, owner } = it;
const home = it.coffer.bootstrap.organization.id;
const first = it.coffer.bootstrap.store.id;
afterAll(async () => {
  await it.coffer.stop();
  await issuer.close();
});

// ---- services --------------------------------------------------------------------------------------

/** Manages services and everything about them, and reads no value. */
const keeper = ["service.*", "store.*", "secret.read", "secret.list"];

async function making(by: Actor, name: string, bound: readonly string[] | null) {
  const answer = await by.client.post(services, { name, stores: bound });
  const unchanged = async () => {
    const { body } = await me.get(`${services}?limit=1000`);
    expect(body.items.map((service: { name: string }) => service.name)).not.toContain(name);
  };
  return { by, answer, refused: "caller.denied" as const, unchanged };
}

attempt("make a service that secrets name already", async () => {
  const name = aName();
  await it.secret("default", { consumers: [name] });
  return making(await it.narrowed(owner, { scopes: keeper }), name, ["default"]);
});

attempt("make a service of every store by a token that reads one", async () => {
  const { slug } = await it.store();
  const by = await it.narrowed(owner, { scopes: [...keeper, `secret.reveal@${slug}`] });
  return making(by, aName(), null);
});

attempt("make a service as a member who manages the store", async () =>
  making(it.person("member", ["store", first, "manage"]), aName(), ["default"]),
);

attempt("rename one's service to one that secrets name", async () => {
  const name = aName();
  const { path } = await it.secret("default", { consumers: [name] });
  const service = await it.service();
  const by = await it.narrowed(owner, { scopes: keeper });
  const answer = await by.client.patch(`${services}/${service.id}`, { name });
  return { by, answer, refused: "caller.denied", unchanged: () => expectNoValue(service, path) };
});

attempt("widen one's service to another store", async () => {
  const { slug } = await it.store();
  const service = await it.service({ stores: [slug] });
  const { path } = await it.secret("default", { consumers: [service.name] });
  const by = await it.narrowed(owner, { scopes: [...keeper, `secret.reveal@${slug}`] });
  const answer = await by.client.patch(`${services}/${service.id}`, { stores: [slug, "default"] });
  return { by, answer, refused: "caller.denied", unchanged: () => expectNoValue(service, path) };
});

attempt("bind a service to a store that the token may not know", async () => {
  const [mine, theirs] = [await it.store(), await it.store()];
  const scopes = [
    "service.*",
    ...["store.list", "secret.read", "secret.reveal"].map((a) => `${a}@${mine.slug}`),
  ];
  const by = await it.narrowed(owner, { scopes });
  return { ...(await making(by, aName(), [theirs.slug])), refused: "store.not_found" };
});

attempt("make a service by a token for one network", async () =>
  making(await it.narrowed(owner, { addresses: ["127.0.0.0/8"] }), aName(), ["default"]),
);

attempt("widen one's service by a scoped token that ends", async () => {
  const { slug } = await it.store();
  const service = await it.service({ stores: [slug] });
  const { path } = await it.secret("default", { consumers: [service.name] });
  const narrow = { scopes: [...keeper, "secret.reveal"], expiresAt: hours(1) };
  const by = await it.narrowed(owner, narrow);
  const answer = await by.client.patch(`${services}/${service.id}`, { stores: [slug, "default"] });
  return { by, answer, refused: "caller.denied", unchanged: () => expectNoValue(service, path) };
});

attempt("bind a service to a store of another tenant", async () => {
  const { store } = await it.tenant();
  return { ...(await making(owner, aName(), [store])), refused: "store.not_found" };
});

attempt("read as a service what does not name it", async () => {
  const by = await it.service();
  const { path } = await it.secret("default", { consumers: ["another"] });
  return { by, answer: await by.client.get(`${path}/value`), refused: "caller.denied" };
});

attempt("read as a service by a name it no longer has", async () => {
  const by = await it.service();
  const { path } = await it.secret("default", { consumers: [by.name] });
  await expectValue(by, path);
  expect((await me.patch(`${services}/${by.id}`, { name: aName() })).status).toBe(200);
  return { by, answer: await by.client.get(`${path}/value`), refused: "caller.denied" };
});

attempt("read as a service in a store it is not bound to", async () => {
  const by = await it.service({ stores: [(await it.store()).slug] });
  const { path } = await it.secret("default", { consumers: [by.name] });
  return { by, answer: await by.client.get(`${path}/value`), refused: "store.not_found" };
});

attempt("read as a service in a store that took the slug of its deleted one", async () => {
  const old = await it.store();
  const by = await it.service({ stores: [old.slug] });
  expect((await me.delete(`${stores}/${old.slug}`)).status).toBe(204);
  const { path } = await it.secret((await it.store(old.slug)).slug, { consumers: [by.name] });
  return { by, answer: await by.client.get(`${path}/value`), refused: "store.not_found" };
});

attempt("name oneself a consumer, as a service", async () => {
  const by = await it.service();
  const { path } = await it.secret("default", { consumers: ["another"] });
  const answer = await by.client.patch(path, { consumers: [by.name] });
  return { by, answer, refused: "caller.denied", unchanged: () => expectNoValue(by, path) };
});

// ---- jobs ------------------------------------------------------------------------------------------

async function starting(by: Actor, store: string, refused: ErrorCode = "caller.denied") {
  const claims = { pipeline_slug: "deploy" };
  const answer = await by.client.post(`${stores}/${store}/jobs`, { jobId: randomUUID(), claims });
  return { by, answer, refused, unchanged: () => expect(answer.text).not.toContain("coffer_job") };
}

attempt("claim to be a pipeline without reading values", async () =>
  starting(await it.narrowed(owner, { scopes: ["job.manage", "secret.read", "store.*"] }), "default"),
);

attempt("claim to be a pipeline by reading one name", async () => {
  const { name } = await it.secret();
  const scopes = ["job.manage", "store.*", "secret.read", `secret.reveal@default/${name}`];
  return starting(await it.narrowed(owner, { scopes }), "default");
});

attempt("start a job with the right to write", async () =>
  starting(it.person("member", ["store", first, "write"]), "default"),
);

attempt("start a job by managing one secret", async () => {
  const { id } = await it.secret();
  return starting(it.person("member", ["secret", id, "manage"]), "default", "store.not_found");
});

attempt("start a job in another store", async () => {
  const { id } = await it.store();
  return starting(it.person("member", ["store", id, "manage"]), "default", "store.not_found");
});

attempt("start a job in a store of another tenant", async () =>
  starting(owner, (await it.tenant()).store, "store.not_found"),
);

attempt("list organizations as a job", async () => {
  const by = await it.job("default");
  return { by, answer: await by.client.get(organizations), refused: "caller.denied" };
});

attempt("list organizations by a token that only reveals", async () => {
  const by = await it.narrowed(owner, { scopes: ["secret.reveal"] });
  return { by, answer: await by.client.get(organizations), refused: "caller.denied" };
});

attempt("start a job as a job", async () => starting(await it.job("default"), "default"));

attempt("read as a job what its claims do not satisfy", async () => {
  const by = await it.job("default", { pipeline_slug: "web" });
  const { path } = await it.secret("default", { policy: "- pipeline_slug: deploy\n" });
  return { by, answer: await by.client.get(`${path}/value`), refused: "caller.denied" };
});

attempt("read as a job in another store", async () => {
  const by = await it.job("default");
  const { path } = await it.secret((await it.store()).slug);
  return { by, answer: await by.client.get(`${path}/value`), refused: "store.not_found" };
});

attempt("read an old value as a job", async () => {
  const by = await it.job("default");
  const { path } = await it.secret();
  expect((await me.put(`${path}/value`, { value: "next" })).status).toBe(200);
  return { by, answer: await by.client.get(`${path}/value?version=1`), refused: "caller.denied" };
});

attempt("take the policy away as a job", async () => {
  const by = await it.job("default");
  const { path } = await it.secret("default", { policy: "- pipeline_slug: deploy\n" });
  const answer = await by.client.patch(path, { policy: null });
  return { by, answer, refused: "caller.denied", unchanged: () => expectNoValue(by, path) };
});

attempt("end the jobs of a store that one may write to", async () => {
  const job = await it.job("default");
  const { path } = await it.secret();
  const by = it.person("member", ["store", first, "write"]);
  const answer = await by.client.delete(`${stores}/default/jobs/${job.jobId}`);
  return { by, answer, refused: "caller.denied", unchanged: () => expectValue(job, path) };
});

// ---- trusts ----------------------------------------------------------------------------------------

const terms = (more: Record<string, unknown> = {}) => ({
  name: "pipelines",
  issuer: issuer.url,
  audience: `audience-${randomUUID()}`,
  claims: { organization_slug: "acme" },
  store: "default",
  as: "job",
  ...more,
});

function signed(audience: string): Promise<string> {
  const now = Math.floor(Date.now() / 1_000);
  const claims = { organization_slug: "acme", pipeline_slug: "web", job_id: randomUUID() };
  return issuer.sign({ iss: issuer.url, aud: audience, iat: now, exp: now + 300, sub: "x", ...claims });
}

async function trusting(by: Actor, more: Record<string, unknown> = {}, refused: ErrorCode = "caller.denied") {
  const before = await countOf(me, trusts);
  const answer = await by.client.post(trusts, terms(more));
  return { by, answer, refused, unchanged: async () => expect(await countOf(me, trusts)).toBe(before) };
}

attempt("let strangers' jobs in as a member who manages the store", async () =>
  trusting(it.person("member", ["store", first, "manage"])),
);

attempt("let jobs in by a token that reads no value", async () =>
  trusting(await it.narrowed(owner, { scopes: ["trust.*", "job.*", "store.*"] })),
);

attempt("let jobs into one store more than the token reads", async () => {
  const { slug } = await it.store();
  const scopes = ["trust.*", "store.list", `secret.reveal@${slug}`, `job.manage@${slug}`];
  const by = await it.narrowed(owner, { scopes });
  const two = [slug, "default"].map((store) => ({ store, value: store }));
  return trusting(by, { store: null, storeClaim: "cluster_id", stores: two });
});

attempt("let jobs in by a token for one network", async () =>
  trusting(await it.narrowed(owner, { addresses: ["127.0.0.0/8"] })),
);

attempt("let jobs in for longer than the scoped token that does it lasts", async () => {
  const scopes = ["trust.*", "job.*", "store.list", "secret.reveal"];
  return trusting(await it.narrowed(owner, { scopes, expiresAt: hours(1) }));
});

attempt("let strangers in as a machine, by a token for one network", async () => {
  const by = await it.narrowed(owner, { addresses: ["127.0.0.0/8"] });
  return trusting(by, { store: null, as: { machine: it.machine().id } });
});

attempt("rename a trust as a member, who sees none", async () => {
  const { id } = await it.made(trusts, terms());
  const by = it.person();
  const answer = await by.client.patch(`${trusts}/${id}`, { name: "mine" });
  return { by, answer, refused: "trust.not_found" };
});

attempt("end a trust as a member, who sees none", async () => {
  const { id } = await it.made(trusts, terms());
  const by = it.person();
  const answer = await by.client.delete(`${trusts}/${id}`);
  const unchanged = async () => expect((await me.get(`${trusts}/${id}`)).status).toBe(200);
  return { by, answer, refused: "trust.not_found", unchanged };
});

attempt("lead jobs into a store that the token may not know", async () => {
  const [mine, theirs] = [await it.store(), await it.store()];
  const scopes = [
    "trust.*",
    ...["store.list", "secret.reveal", "job.manage"].map((a) => `${a}@${mine.slug}`),
  ];
  return trusting(await it.narrowed(owner, { scopes }), { store: theirs.slug }, "store.not_found");
});

attempt("let strangers in as a machine, by a token without values", async () => {
  const { id } = it.machine(["organization", home, "manage"]);
  const by = await it.narrowed(it.person("admin"), { scopes: ["trust.*", "machine.*", "token.*"] });
  return trusting(by, { store: null, as: { machine: id } });
});

attempt("let strangers in as a machine, without managing machines", async () => {
  const { id } = it.machine();
  const by = await it.narrowed(owner, { scopes: ["trust.*", "secret.*", "store.*"] });
  const tried = await trusting(by, { store: null, as: { machine: id } });
  return { ...tried, because: "token: no scope covers machine.manage" };
});

attempt("let strangers in as a machine of another tenant", async () => {
  const machine = it.tables.machine((await it.tenant()).id);
  return trusting(owner, { store: null, as: { machine } });
});

attempt("let jobs into a store of another tenant", async () =>
  trusting(owner, { store: (await it.tenant()).store }, "store.not_found"),
);

attempt("take the audience of another tenant's trust", async () => {
  const { path } = await it.tenant();
  const { audience } = await it.made(`${path}/trusts`, terms());
  return trusting(owner, { audience }, "trust.audience_taken");
});

attempt("reach other stores by a trust that leads to one", async () => {
  const trust = await it.made(trusts, terms());
  const token = await signed(trust.audience);
  const job = it.as("", token);
  await expectValue(job, (await it.secret()).path);
  const { path } = await it.secret((await it.store()).slug);
  const answer = await job.client.get(`${path}/value`);
  // Its token here has an id that only the trail of its session tells.
  const { body } = await me.get(`${"/v1/organizations/default"}/audit?action=session.open&limit=1`);
  const by = { ...job, token: `coffer_job_${body.items[0].target.id.replaceAll("-", "")}` };
  return { by, answer, refused: "store.not_found" };
});

test("a trust into a deleted store leads nowhere, though its slug is taken anew", async () => {
  const old = await it.store();
  const trust = await it.made(trusts, terms({ store: old.slug }));
  const job = it.as("", await signed(trust.audience));
  expect((await job.client.get("/v1/whoami")).status).toBe(200);
  expect((await me.delete(`${stores}/${old.slug}`)).status).toBe(204);
  const { path } = await it.secret((await it.store(old.slug)).slug);
  await expectNoValue(job, path);
  await expectNoValue(it.as("", await signed(trust.audience)), path);
});

test("a job lasts no longer than the narrow token that started it", async () => {
  const end = new Date(Date.now() + 60_000).toISOString();
  const by = await it.narrowed(owner, { scopes: ["job.manage", "secret.reveal"], expiresAt: end });
  const body = { jobId: randomUUID(), claims: {}, ttlSeconds: 3_600 };
  const { expiresAt } = await it.made(`${stores}/default/jobs`, body, by.client);
  expect(expiresAt).toBe(end);
});

test("allowed: a service, a job and a trust by who holds what they read", async () => {
  const service = await it.service({ stores: ["default"] });
  const { path } = await it.secret("default", {
    consumers: [service.name],
    policy: "- pipeline_slug: web\n",
  });
  await expectValue(service, path);
  const by = it.person("member", ["store", first, "manage"]);
  await expectValue(await it.job("default", { pipeline_slug: "web" }, by), path);
  const scopes = ["trust.*", "job.*", "store.list", "secret.reveal"];
  const narrow = await it.narrowed(owner, { scopes });
  const trust = await it.made(trusts, terms(), narrow.client);
  await expectValue(it.as("", await signed(trust.audience)), path);
  const robot = it.machine(["store", first, "read"]);
  const led = await it.made(trusts, terms({ store: null, as: { machine: robot.id } }));
  await expectValue(it.as("", await signed(led.audience)), path);
});
