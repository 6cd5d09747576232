// Limits of requests as this service's clients read them: two counts, each with headers of its own.
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { heldClock } from "../../support/coffers.ts";
import { type Answer, startCoffer, type TestCoffer } from "../../support/server.ts";
import { scopedToken } from "../../support/tokens.ts";
import { aCluster, aJob, aSecret } from "./support.ts";

let coffer: TestCoffer;
afterEach(() => coffer.stop());

async function limited(rules: { readonly perToken?: number; readonly perOrganization?: number }) {
  const file = join(mkdtempSync(join(tmpdir(), "coffer-rate-")), "coffer.yaml");
  writeFileSync(file, JSON.stringify({ rateLimit: rules }));
  const clock = heldClock();
  coffer = await startCoffer({ clock, flags: { config: file } });
  clock.pass(60_000);
  return clock;
}

function told({ headers }: Answer): Record<string, string> {
  return Object.fromEntries([...headers].filter(([name]) => name.startsWith("ratelimit")));
}

test("each answer tells both counts; past one of them it is 429 and nothing is done", async () => {
  const clock = await limited({ perToken: 2, perOrganization: 50 });
  const { secrets } = await aCluster(coffer);
  const token = await scopedToken(coffer, "read_secret_details", "write_secrets");
  const client = coffer.call(token);
  clock.pass(60_000);
  clock.pass(18_000);
  expect(told(await client.get(secrets))).toEqual({
    "ratelimit-scope": "rest",
    "ratelimit-remaining": "49",
    "ratelimit-limit": "50",
    "ratelimit-reset": "42",
    "ratelimit-user-scope": "rest_user",
    "ratelimit-user-remaining": "1",
    "ratelimit-user-limit": "2",
    "ratelimit-user-reset": "42",
  });
  expect((await client.get(secrets)).status).toBe(200);
  const refused = await client.post(secrets, { key: "NEVER" });
  const exceeded = "You have exceeded your API rate limit.";
  expect({ status: refused.status, body: refused.body }).toEqual({
    status: 429,
    body: {
      message: `${exceeded} Please wait 42 seconds before making more requests.`,
      scope: "rest_user",
      limit: 2,
      current: 3,
      reset: 42,
    },
  });
  expect(told(refused)).toEqual({
    "ratelimit-reset": "42",
    "ratelimit-user-scope": "rest_user",
    "ratelimit-user-remaining": "0",
    "ratelimit-user-limit": "2",
    "ratelimit-user-reset": "42",
    "ratelimit-user-warning": exceeded,
  });
  clock.pass(42_000);
  expect((await client.get(secrets)).body).toEqual([]);
});

test("a job's reads are counted by its session, and a refused one is not read", async () => {
  const clock = await limited({ perToken: 3 });
  const cluster = await aCluster(coffer);
  clock.pass(60_000);
  await aSecret(coffer.call(coffer.token), cluster, { key: "KEY", value: "v" });
  const [job, other] = [await aJob(coffer, cluster), await aJob(coffer, cluster)];
  clock.pass(60_000);
  const statuses: number[] = [];
  for (let turn = 0; turn < 4; turn += 1) statuses.push((await job.read("KEY")).status);
  expect(statuses).toEqual([200, 200, 200, 429]);
  expect((await job.read("KEY")).headers.get("ratelimit-reset")).toMatch(/^\d+$/);
  expect((await other.read("KEY")).status).toBe(200);
});

test("an organization's count is its own", async () => {
  const clock = await limited({ perOrganization: 4 });
  const cluster = await aCluster(coffer);
  clock.pass(60_000);
  const me = coffer.call(coffer.token);
  for (const key of ["A", "B", "C", "D"]) await aSecret(me, cluster, { key });
  const { status, body, headers } = await me.get(cluster.secrets);
  expect({ status, body }).toMatchObject({ status: 429, body: { scope: "rest", limit: 4, current: 5 } });
  expect(headers.get("ratelimit-warning")).toBe("You have exceeded your API rate limit.");
  expect(headers.get("ratelimit-user-limit")).toBeNull();
});

test("without a limit nothing is told of one", async () => {
  coffer = await startCoffer();
  const { secrets } = await aCluster(coffer);
  expect(told(await coffer.call(coffer.token).get(secrets))).toEqual({});
});
