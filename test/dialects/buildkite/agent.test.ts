// The agent's API: what a job reads, what it is refused, and what the trail keeps of that.
import { randomUUID } from "node:crypto";
import { afterAll, describe, expect, onTestFinished, test } from "vitest";
import { startCoffer, tokenIdOf } from "../../support/server.ts";
import { readTrail, type TrailEntry } from "../../support/trail.ts";
import {
  aCluster,
  aJob,
  aSecret,
  aTime,
  expectHeaders,
  expectRefused,
  noCredential,
  readAsAgent,
} from "./support.ts";

const coffer = await startCoffer();
afterAll(() => coffer.stop());
const me = coffer.call(coffer.token);

const forbidden = "Forbidden: job does not meet the access policy for this secret";

async function newest(token: string): Promise<TrailEntry | undefined> {
  return (await readTrail(coffer, null)).findLast(({ token_id }) => token_id === tokenIdOf(token));
}

describe("a read", () => {
  test("200: key, value and uuid; the time of it is kept, and who it was", async () => {
    const cluster = await aCluster(coffer);
    const value = ' a "value"\n with \u{1f511} and \t\u0001\n';
    const made = await aSecret(me, cluster, { key: "MY_SECRET", value });
    const job = await aJob(coffer, cluster);
    const answer = await job.read("MY_SECRET");
    expect({ status: answer.status, body: answer.body }).toEqual({
      status: 200,
      body: { key: "MY_SECRET", value, uuid: made.id },
    });
    expectHeaders(answer);
    expect((await me.get(`${cluster.secrets}/${made.id}`)).body.last_read_at).toEqual(aTime);
    expect(await newest(job.token)).toMatchObject({
      caller_kind: "job",
      caller_name: job.id,
      action: "secret.reveal",
      target_id: made.id,
      outcome: "allowed",
      because: "no policy",
    });
  });

  test("200: by Bearer as well, below a prefix, and with slashes and letter case as they come", async () => {
    const cluster = await aCluster(coffer);
    await aSecret(me, cluster, { key: "KEY", value: "v" });
    const job = await aJob(coffer, cluster);
    for (const scheme of ["Token", "token", "Bearer"]) {
      expect((await job.read("KEY", { scheme })).status).toBe(200);
    }
    expect((await job.read("KEY", { job: job.id.toUpperCase() })).status).toBe(200);
    const escaped = job.id.replace("-", "%2D");
    expect((await job.read("KEY", { job: escaped })).status).toBe(200);
    const below = `/buildkite//v3/jobs/${job.id}/secrets/?key=KEY`;
    const headers = { authorization: `Token ${job.token}` };
    expect((await coffer.call(null).get(below, headers)).body.value).toBe("v");
  });

  test("200: the exact key first, then the only one that differs in letter case", async () => {
    const cluster = await aCluster(coffer);
    const natively = `/v1/organizations/default/stores/${cluster.id}/secrets`;
    const add = (name: string) => me.post(natively, { name, value: `of ${name}` });
    await add("One_Key");
    const job = await aJob(coffer, cluster);
    const reading = async (key: string) => (await job.read(key)).body.value;
    for (const key of ["one_key", "ONE_KEY", "One_Key", "one_key"]) {
      expect(await reading(key)).toBe("of One_Key");
    }
    // Another dialect may make names that differ in letter case alone.
    await add("ONE_KEY");
    expect(await reading("ONE_KEY")).toBe("of ONE_KEY");
    expect(await reading("One_Key")).toBe("of One_Key");
    expectRefused(await job.read("one_key"), 404, "Secret not found");
    await me.delete(`${natively}/One_Key`);
    expect(await reading("one_key")).toBe("of ONE_KEY");
  });
});

describe("a refusal", () => {
  test("400: without a key", async () => {
    const job = await aJob(coffer, await aCluster(coffer));
    const headers = { authorization: `Token ${job.token}` };
    for (const query of ["", "?key=", "?other=1", "?key=a&key=b"]) {
      const answer = await coffer.call(null).get(`/v3/jobs/${job.id}/secrets${query}`, headers);
      expectRefused(answer, 400, "Missing key parameter");
    }
  });

  test("401: no credential, an unknown one, and those of people", async () => {
    const cluster = await aCluster(coffer);
    const job = await aJob(coffer, cluster);
    const tokens = [coffer.token, `${job.token}x`, "nonsense", "a, b"];
    for (const token of tokens) {
      const answer = await readAsAgent(coffer.url, token, { job: job.id, key: "KEY" });
      expectRefused(answer, 401, "Unauthorized");
    }
    const bare = await coffer.call(null).get(`/v3/jobs/${job.id}/secrets?key=KEY`);
    expectRefused(bare, 401, "Unauthorized");
  });

  test("401: its session has expired", async () => {
    let at = Date.now();
    const own = await startCoffer({ clock: { now: () => at } });
    onTestFinished(() => own.stop());
    const job = await aJob(own, await aCluster(own));
    expectRefused(await job.read("KEY"), 404, "Secret not found");
    at += 60 * 60 * 1_000;
    expectRefused(await job.read("KEY"), 401, "Unauthorized");
  });

  test("422: the job was ended; whoever has not its whole token is told 401", async () => {
    const cluster = await aCluster(coffer);
    await aSecret(me, cluster, { key: "KEY", value: "v" });
    const job = await aJob(coffer, cluster);
    expect((await job.read("KEY")).status).toBe(200);
    const ended = `/v1/organizations/default/stores/${cluster.id}/jobs/${job.id}`;
    expect((await me.delete(ended)).status).toBe(204);
    for (const key of ["KEY", "NONE", "KEY"]) expectRefused(await job.read(key), 422, "Job is not running");
    const forged = `${job.token.slice(0, -1)}${job.token.endsWith("A") ? "B" : "A"}`;
    const answer = await readAsAgent(coffer.url, forged, { job: job.id, key: "KEY" });
    expectRefused(answer, 401, "Unauthorized");
    expectRefused(await coffer.call(job.token).get(cluster.secrets), 401, noCredential);
  });

  test("403: the policy is not met; the trail has the reason, the job has not", async () => {
    const cluster = await aCluster(coffer);
    const policy = "- build_branch: release\n- build_creator: ann@example.com\n";
    await aSecret(me, cluster, { key: "GUARDED", value: "hunter2", policy });
    const job = await aJob(coffer, cluster, { build_branch: "dev" });
    const answer = await job.read("guarded");
    expectRefused(answer, 403, forbidden);
    const entry = await newest(job.token);
    expect(entry).toMatchObject({ action: "secret.reveal", outcome: "refused" });
    expect(entry?.because).toBe(
      "no rule of the policy is met (rule 1 by build_branch, rule 2 by build_creator); the job has no build_creator",
    );
  });

  test("404: the job is not this token's", async () => {
    const cluster = await aCluster(coffer);
    await aSecret(me, cluster, { key: "KEY", value: "v" });
    const [job, other] = [await aJob(coffer, cluster), await aJob(coffer, cluster)];
    for (const id of [other.id, randomUUID(), "x", "a%00b", "%ED%A0%80"]) {
      const answer = await job.read("KEY", { job: id });
      if (id === "%ED%A0%80") expect([400, 404]).toContain(answer.status);
      else expectRefused(answer, 404, "Job not found");
    }
    expect(await newest(job.token)).toMatchObject({
      action: "secret.reveal",
      target_kind: "job",
      outcome: "refused",
      because: "job: another one is named",
    });
  });

  test("404: no such key there, none with a value, an expired one, and keys that name nothing", async () => {
    const cluster = await aCluster(coffer);
    const beside = await aCluster(coffer);
    await aSecret(me, beside, { key: "BESIDE", value: "v" });
    await aSecret(me, cluster, { key: "EMPTY" });
    const natively = `/v1/organizations/default/stores/${cluster.id}/secrets`;
    const expiresAt = new Date(Date.now() + 50).toISOString();
    await me.post(natively, { name: "EXPIRED", value: "v", expiresAt });
    await new Promise((resolve) => setTimeout(resolve, 100));
    const job = await aJob(coffer, cluster);
    for (const key of ["NONE", "BESIDE", "EMPTY", "EXPIRED", "a\u0000b", "k".repeat(5_000), "."]) {
      expectRefused(await job.read(key), 404, "Secret not found");
    }
  });

  test("404: what is no route of the agent's API that is served here", async () => {
    const job = await aJob(coffer, await aCluster(coffer));
    const headers = { authorization: `Token ${job.token}` };
    for (const path of ["register", "ping", "connect", "heartbeat", `jobs/${job.id}`]) {
      expectRefused(await coffer.call(null).post(`/v3/${path}`, {}, headers), 404, "Not Found");
    }
  });
});

test("policies and new values count from the next read on", async () => {
  const cluster = await aCluster(coffer);
  const made = await aSecret(me, cluster, { key: "KEY", value: "one" });
  const one = `${cluster.secrets}/${made.id}`;
  const job = await aJob(coffer, cluster, { build_branch: "main" });
  for (let turn = 0; turn < 3; turn += 1) {
    expect((await job.read("KEY")).status).toBe(200);
    await me.put(one, { policy: "- build_branch: dev\n" });
    expect((await job.read("KEY")).status).toBe(403);
    await me.put(one, { policy: '- build_branch: "ma*"\n' });
    expect((await job.read("KEY")).status).toBe(200);
    await me.put(`${one}/value`, { value: `turn ${turn}` });
    expect((await job.read("KEY")).body.value).toBe(`turn ${turn}`);
    await me.put(one, { policy: null });
  }
});

describe("greetings", () => {
  test.each([
    ["/", "🛠"],
    ["/buildkite", "🛠"],
    ["/buildkite/", "🛠"],
    ["/v3/", "👋"],
    ["/buildkite/v3", "👋"],
  ])("%s: %s", async (path, message) => {
    const { status, body } = await coffer.call(null).get(path);
    expect({ status, body }).toEqual({ status: 200, body: { message, timestamp: expect.any(Number) } });
  });
});
