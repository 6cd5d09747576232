// `buildkite-agent secret get`: what it prints, what it says of a refusal, and what it asked for that.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { cleanEnvironment, type Ended, run } from "../support/processes.ts";
import type { Suite } from "../support/suite.ts";
import { addCluster, addJob, jobVariables, type Site, secretGet } from "./site.ts";

export async function secretGetChecks(suite: Suite, site: Site, agent: string): Promise<void> {
  const { coffer, front } = site;
  const cluster = await addCluster(site);
  const add = (secret: object) => coffer.ask("POST", cluster.secrets, secret);
  const plain = ' it\'s a "value" <é>\n with \u{1f511} and \t, $HOME and `id` ';
  await add({ key: "Plain_Key", value: plain });
  await add({ key: "OTHER", value: "two" });
  await add({ key: "MET", value: "met", policy: '- pipeline_slug: web\n  build_branch: "release/*"\n' });
  await add({ key: "REFUSED", value: "refused", policy: "- pipeline_slug: api\n" });
  await add({ key: "EMPTY" });
  const job = await addJob(site, cluster, { pipeline_slug: "web", build_branch: "release/7" });
  const variables = jobVariables(site.front, job);
  const get = (...args: string[]) => secretGet(agent, variables, ...args);
  const statuses = () => front.seen().map(({ status }) => status);

  const prints = (what: string, args: readonly string[], stdout: string, statusesWanted: readonly number[]) =>
    suite.check(`secret get: ${what}`, async () => {
      front.seen();
      const ended = await get(...args);
      assert.deepEqual({ code: ended.code, stdout: ended.stdout }, { code: 0, stdout }, ended.stderr);
      assert.deepEqual(statuses(), statusesWanted);
    });
  await prints("one key, to the byte", ["Plain_Key"], `${plain}\n`, [200]);
  await prints("a key in another letter case", ["PLAIN_key"], `${plain}\n`, [200]);
  await prints("a policy that the job's claims satisfy", ["MET"], "met\n", [200]);
  await prints("one key as JSON", ["--format", "json", "OTHER"], '{"OTHER":"two"}\n', [200]);
  await prints(
    "several keys, which come as JSON",
    ["other", "Plain_Key", "MET"],
    `{"MET":"met","Plain_Key":${JSON.stringify(plain)},"other":"two"}\n`,
    [200, 200, 200],
  );
  await suite.check("secret get: the env format, which a shell reads back to the byte", async () => {
    const ended = await get("--format", "env", "other", "plain_key");
    assert.equal(ended.code, 0, ended.stderr);
    const script = `${ended.stdout}printf '%s|%s' "$OTHER" "$PLAIN_KEY"`;
    const shell = await run("sh", ["-c", script], { env: cleanEnvironment() });
    assert.equal(shell.stdout, `two|${plain}`);
  });
  await suite.check("secret get: thirty keys at once", async () => {
    const keys = Array.from({ length: 30 }, (_, index) => `MANY_${index}`);
    for (const key of keys) await add({ key, value: `of ${key}` });
    const ended = await get(...keys);
    assert.equal(ended.code, 0, ended.stderr);
    assert.deepEqual(JSON.parse(ended.stdout), Object.fromEntries(keys.map((key) => [key, `of ${key}`])));
  });
  for (const base of ["/v3/", "/buildkite/v3", "//buildkite//v3"]) {
    await suite.check(`secret get: the endpoint ${base}`, async () => {
      const ended = await get("--endpoint", front.url + base, "OTHER");
      assert.deepEqual(
        { code: ended.code, stdout: ended.stdout },
        { code: 0, stdout: "two\n" },
        ended.stderr,
      );
    });
  }
  await suite.check("secret get: asks once, by its token, and for nothing else", async () => {
    front.seen();
    await get("OTHER");
    const [asked, ...more] = front.seen();
    assert.deepEqual(more, []);
    const { method, path, headers } = asked ?? {};
    assert.deepEqual({ method, path }, { method: "GET", path: `/v3/jobs/${job.id}/secrets?key=OTHER` });
    assert.equal(headers?.authorization, `Token ${job.token}`);
    assert.match(headers?.["user-agent"] ?? "", /^buildkite-agent\/3\./);
  });

  /** One attempt, nothing on stdout, and the server's sentence under the key. */
  const refused = (what: string, key: string, answer: string, ask: () => Promise<Ended>) =>
    suite.check(`secret get: ${what}: ${answer}`, async () => {
      front.seen();
      const ended = await ask();
      assert.deepEqual({ code: ended.code, stdout: ended.stdout }, { code: 1, stdout: "" });
      assert.match(ended.stderr, /Failed to fetch some secrets:/);
      const line = ended.stderr.split("\n").find((one) => one.startsWith(` - secret "${key}": GET `));
      assert.ok(line?.endsWith(`: ${answer}`), ended.stderr);
      assert.deepEqual(
        statuses().filter((status) => status !== 200),
        [Number(answer.slice(0, 3))],
      );
    });
  const forbidden = "403 Forbidden: Forbidden: job does not meet the access policy for this secret";
  await refused("a policy that is not met", "REFUSED", forbidden, () => get("REFUSED"));
  await refused("a missing key", "NONE", "404 Not Found: Secret not found", () => get("NONE"));
  await refused("a key without a value", "EMPTY", "404 Not Found: Secret not found", () => get("EMPTY"));
  await refused("all or nothing", "NONE", "404 Not Found: Secret not found", () =>
    get("OTHER", "NONE", "MET"),
  );
  await refused("another job's id", "OTHER", "404 Not Found: Job not found", () =>
    get("--job", randomUUID(), "OTHER"),
  );
  const wrong = { ...variables, BUILDKITE_AGENT_ACCESS_TOKEN: `${job.token}x` };
  await refused("a wrong token", "OTHER", "401 Unauthorized: Unauthorized", () =>
    secretGet(agent, wrong, "OTHER"),
  );
  await suite.check("secret get: not without somebody who redacts, unless told so", async () => {
    const ended = await run(agent, ["secret", "get", "OTHER"], { env: cleanEnvironment(variables) });
    assert.deepEqual({ code: ended.code, stdout: ended.stdout }, { code: 1, stdout: "" });
    assert.match(ended.stderr, /automatic secret redaction requires the Job API/);
  });
  await suite.check("secret get: an ended job", async () => {
    const ending = await addJob(site, cluster);
    const get = () => secretGet(agent, jobVariables(site.front, ending), "OTHER");
    assert.equal((await get()).stdout, "two\n");
    await coffer.ask("DELETE", `/v1/organizations/default/stores/${cluster.slug}/jobs/${ending.id}`);
    front.seen();
    const ended = await get();
    assert.deepEqual({ code: ended.code, stdout: ended.stdout }, { code: 1, stdout: "" });
    assert.match(ended.stderr, /: 422 Unprocessable Entity: Job is not running\n/);
    assert.deepEqual(statuses(), [422]);
  });
  await suite.check("secret get: all of it is in the audit trail, without a value", async () => {
    const path = "/v1/organizations/default/audit?action=secret.reveal&limit=1000";
    const { items } = await coffer.ask("GET", path);
    const own = items.filter(({ caller }: { caller: { name: string } }) => caller.name === job.id);
    const outcomes = new Set(own.map(({ outcome }: { outcome: string }) => outcome));
    // Failed: there was nothing to refuse, because the key is not there or has no value.
    assert.deepEqual([...outcomes].sort(), ["allowed", "failed", "refused"]);
    assert.ok(!JSON.stringify(items).includes("$HOME"));
  });
}
