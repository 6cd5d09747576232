// A job's own OpenID Connect token as its agent access token. The issuer is one on this machine; the token
// says what Buildkite's do, and the agent hands it on.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { startIssuer } from "../../test/support/oidc-issuer.ts";
import { temporaryFolder } from "../support/processes.ts";
import type { Suite } from "../support/suite.ts";
import { addCluster, closeSite, jobVariables, openSite, secretGet } from "./site.ts";

export async function oidcChecks(suite: Suite, agent: string): Promise<void> {
  const issuer = await startIssuer();
  const authorities = join(temporaryFolder(), "issuer.pem");
  writeFileSync(authorities, issuer.certificate);
  const env = { COFFER_TRUSTS_ALLOWED_HOSTS: issuer.host, NODE_EXTRA_CA_CERTS: authorities };
  const site = await openSite(env);
  const { coffer } = site;
  const cluster = await addCluster(site);
  const audience = "https://coffer.example/acme";
  await coffer.ask("POST", "/v1/organizations/default/trusts", {
    name: "acme",
    issuer: issuer.url,
    audience,
    claims: { organization_slug: "acme" },
    store: cluster.slug,
    as: "job",
  });
  const policy = "- pipeline_slug: web\n  cluster_queue_key: deploy\n";
  await coffer.ask("POST", cluster.secrets, { key: "KEY", value: "by its own token", policy });
  const id = randomUUID();
  const tokenOf = (change: object) => {
    const now = Math.floor(Date.now() / 1_000);
    const claims = { job_id: id, organization_slug: "acme", pipeline_slug: "web", build_branch: "main" };
    const standard = { iss: issuer.url, aud: audience, sub: "acme", iat: now, nbf: now, exp: now + 300 };
    return issuer.sign({ ...standard, ...claims, ...change });
  };
  const get = async (change: object) =>
    secretGet(agent, jobVariables(site.front, { id, token: await tokenOf(change) }), "KEY");

  await suite.check("a job's OpenID Connect token: its claims satisfy the policy", async () => {
    const ended = await get({ queue_key: "deploy" });
    assert.deepEqual({ code: ended.code, stdout: ended.stdout }, { code: 0, stdout: "by its own token\n" });
  });
  await suite.check("a job's OpenID Connect token: a claim that was not asked for is not met", async () => {
    assert.match((await get({})).stderr, /: 403 Forbidden: /);
  });
  await suite.check("a job's OpenID Connect token: of another organization", async () => {
    assert.match((await get({ organization_slug: "umbrella" })).stderr, /: 401 Unauthorized: Unauthorized/);
  });
  await closeSite(site);
  await issuer.close();
}
