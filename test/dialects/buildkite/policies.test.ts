// Every vector of the contract (6.4) as the agent meets it: the policy is written by REST, and a job with
// those claims asks for the value.
import { readFileSync } from "node:fs";
import { afterAll, expect, test } from "vitest";
import { startCoffer } from "../../support/server.ts";
import { aCluster, aJob, aSecret, expectRefused } from "./support.ts";

interface Vectors {
  readonly job: Record<string, unknown>;
  readonly vectors: readonly {
    readonly number: number;
    readonly policy: string | null;
    readonly change: Record<string, unknown>;
    readonly result: "allow" | "deny";
  }[];
}

const { job: base, vectors }: Vectors = JSON.parse(
  readFileSync(new URL("../../vectors/policies.json", import.meta.url), "utf8"),
);

const coffer = await startCoffer();
afterAll(() => coffer.stop());
const me = coffer.call(coffer.token);
const cluster = await aCluster(coffer);

test("there are as many as in the contract", () => {
  expect(vectors.map(({ number }) => number)).toEqual(
    Array.from({ length: 34 }, (_, index) => index + 1).filter((number) => number !== 4),
  );
});

test.each(vectors)("vector $number: $policy", async ({ number, policy, change, result }) => {
  const key = `VECTOR_${number}`;
  const made = await aSecret(me, cluster, { key, value: "v", policy });
  expect(made.policy).toBe(policy);
  const job = await aJob(coffer, cluster, { ...base, ...change });
  const answer = await job.read(key);
  if (result === "allow")
    expect({ status: answer.status, value: answer.body.value }).toEqual({ status: 200, value: "v" });
  else expectRefused(answer, 403, "Forbidden: job does not meet the access policy for this secret");
});

test("vector 4: a job of another cluster does not see the secret", async () => {
  const { key } = await aSecret(me, cluster, { key: "VECTOR_4", value: "v" });
  const job = await aJob(coffer, await aCluster(coffer), base);
  expectRefused(await job.read(key), 404, "Secret not found");
});
