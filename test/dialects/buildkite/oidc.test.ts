// A job's own OpenID Connect token as its agent access token: a trust lets it in, and its claims count.
import { randomUUID } from "node:crypto";
import { afterAll, expect, test } from "vitest";
import { startIssuer } from "../../support/oidc-issuer.ts";
import { startCoffer } from "../../support/server.ts";
import { readTrail } from "../../support/trail.ts";
import { aCluster, aSecret, expectRefused, noCredential, readAsAgent } from "./support.ts";

const issuer = await startIssuer();
const coffer = await startCoffer({ env: { COFFER_TRUSTS_ALLOWED_HOSTS: issuer.host } });
afterAll(async () => {
  await coffer.stop();
  await issuer.close();
});
const me = coffer.call(coffer.token);
const audience = "https://coffer.example/acme";
const pipeline_id = "f47ac10b-58cc-4372-a567-0e02b2c3d479";

const [first, second] = [await aCluster(coffer), await aCluster(coffer)];
// Which cluster a job reads in stands in its own token, as Buildkite calls the cluster.
const stores = [first, second].map(({ slug }, index) => ({ value: `theirs-${index}`, store: slug }));
const trust = await me.post("/v1/organizations/default/trusts", {
  name: "acme's pipelines",
  issuer: issuer.url,
  audience,
  claims: { organization_slug: "acme" },
  storeClaim: "cluster_id",
  stores,
  as: "job",
});
expect(trust.status, trust.text).toBe(201);

const job = randomUUID();
function signed(change: Record<string, unknown> = {}): Promise<string> {
  const now = Math.floor(Date.now() / 1_000);
  return issuer.sign({
    iss: issuer.url,
    sub: "organization:acme:pipeline:web:ref:refs/heads/main:commit:1:step:test",
    aud: audience,
    iat: now,
    nbf: now,
    exp: now + 300,
    organization_slug: "acme",
    pipeline_slug: "web",
    build_number: 7,
    build_branch: "main",
    build_commit: "1",
    step_key: null,
    job_id: job,
    agent_id: randomUUID(),
    build_source: "webhook",
    runner_environment: "self-hosted",
    cluster_id: "theirs-0",
    ...change,
  });
}

const read = (token: string, key: string, of = job) => readAsAgent(coffer.url, token, { job: of, key });
const forbidden = "Forbidden: job does not meet the access policy for this secret";

test("200: what its claims satisfy, by the names that policies give them", async () => {
  const made = await aSecret(me, first, {
    key: "MET",
    value: "v",
    policy: "- pipeline_slug: web\n  build_branch: main\n  build_source: webhook\n",
  });
  const policy = `- pipeline_id: ${pipeline_id}\n  cluster_queue_key: deploy\n`;
  await aSecret(me, first, { key: "ASKED_FOR", value: "w", policy });
  const token = await signed();
  expect((await read(token, "met")).body).toEqual({ key: "MET", value: "v", uuid: made.id });
  expectRefused(await read(token, "ASKED_FOR"), 403, forbidden);
  const more = await signed({ pipeline_id, queue_key: "deploy" });
  expect((await read(more, "ASKED_FOR")).body.value).toBe("w");
});

test("403: tokens do not say who started a build, so a rule that asks is never met", async () => {
  const policy = '- build_creator: "*"\n- build_creator_team: "*"\n';
  await aSecret(me, first, { key: "PERSONAL", value: "v", policy });
  const claims = { build_creator: "ann@example.com", build_creator_team: [randomUUID()] };
  expectRefused(await read(await signed(claims), "PERSONAL"), 403, forbidden);
});

test("404: another job, and a secret of the cluster that the token does not name", async () => {
  await aSecret(me, second, { key: "BESIDE", value: "v" });
  const token = await signed();
  expectRefused(await read(token, "BESIDE"), 404, "Secret not found");
  expectRefused(await read(token, "BESIDE", randomUUID()), 404, "Job not found");
  expect((await read(await signed({ cluster_id: "theirs-1" }), "BESIDE")).body.value).toBe("v");
});

test.each<[string, Record<string, unknown>]>([
  ["another organization's", { organization_slug: "umbrella" }],
  ["for another audience", { aud: "https://buildkite.com/acme" }],
  ["of another issuer", { iss: "https://agent.buildkite.com" }],
  ["expired", { exp: Math.floor(Date.now() / 1_000) - 1 }],
  ["not valid yet", { nbf: Math.floor(Date.now() / 1_000) + 600 }],
  ["of a cluster that no trust names", { cluster_id: "theirs-2" }],
  ["of no job", { job_id: "none" }],
])("401: a token that is %s", async (_, change) => {
  expectRefused(await read(await signed(change), "MET"), 401, "Unauthorized");
});

test("422: of a job that was ended, by the token that it used and by another of its own", async () => {
  const ended = randomUUID();
  await aSecret(me, first, { key: "ENDED", value: "v" });
  const [used, other] = [await signed({ job_id: ended }), await signed({ job_id: ended, step_key: "two" })];
  expect((await read(used, "ENDED", ended)).status).toBe(200);
  await me.delete(`/v1/organizations/default/stores/${first.slug}/jobs/${ended}`);
  for (const token of [used, other]) {
    expectRefused(await read(token, "ENDED", ended), 422, "Job is not running");
  }
  const elsewhere = await signed({ job_id: ended, cluster_id: "theirs-1" });
  expectRefused(await read(elsewhere, "ENDED", ended), 404, "Secret not found");
});

test("401: an unsigned one, and any of them in REST", async () => {
  const token = await signed();
  const [header, claims] = token.split(".");
  expectRefused(await read(`${header}.${claims}.AAAA`, "MET"), 401, "Unauthorized");
  expectRefused(await coffer.call(token).get(first.secrets), 401, noCredential);
});

test("its session is audited under the job's name, with the trust that let it in", async () => {
  const other = randomUUID();
  await aSecret(me, first, { key: "AUDITED", value: "v" });
  await read(await signed({ job_id: other }), "AUDITED", other);
  const entries = (await readTrail(coffer, null)).filter(({ caller_name }) => caller_name === other);
  expect(entries.map(({ action, because }) => [action, because])).toEqual([
    ["session.open", "trust acme's pipelines"],
    ["secret.reveal", "no policy"],
  ]);
});
