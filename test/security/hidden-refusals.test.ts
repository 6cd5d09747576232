// With `access.hideRefused` a job and a service cannot tell a secret that they may not read from one that
// is not there. Without it their contracts tell them apart.
import { randomUUID } from "node:crypto";
import { afterAll, describe, expect, test } from "vitest";
import { type Answer, startCoffer } from "../support/server.ts";
import { readTrail } from "../support/trail.ts";

const own = "/v1/organizations/default";
const secrets = `${own}/stores/default/secrets`;

describe.each([
  ["hidden", { COFFER_ACCESS_HIDE_REFUSED: "true" }, 404],
  ["told", {}, 403],
] as const)("a refusal is %s", async (_, env, status) => {
  const coffer = await startCoffer({ env });
  afterAll(() => coffer.stop());
  const me = coffer.call(coffer.token);
  const policy = "- build_branch: main\n";
  const add = async (secret: object) => expect((await me.post(secrets, secret)).status).toBe(201);
  await add({ name: "REFUSED", value: "v", policy, consumers: ["another"] });
  await add({ name: "ALLOWED", value: "w", consumers: ["worker"] });

  const jobId = randomUUID();
  const { body: job } = await me.post(`${own}/stores/default/jobs`, { jobId, claims: {} });
  const { body: made } = await me.post(`${own}/services`, { name: "worker" });
  const principal = { kind: "service", id: made.id };
  const { body: service } = await me.post(`${own}/tokens`, { principal, name: "t" });

  /** All that tells one answer from another. */
  const shape = ({ status, body }: Answer) => {
    const { requestId: _own, ...error } = body.error ?? body;
    return { status, error };
  };
  const asAgent = (key: string) => coffer.call(job.token).get(`/v3/jobs/${jobId}/secrets?key=${key}`);
  const readers: readonly (readonly [string, (name: string) => Promise<Answer>])[] = [
    ["a job, by the agent's route", asAgent],
    ["a job, natively", (name) => coffer.call(job.token).get(`${secrets}/${name}/value`)],
    ["a service, its value", (name) => coffer.call(service.token).get(`${secrets}/${name}/value`)],
    ["a service, its metadata", (name) => coffer.call(service.token).get(`${secrets}/${name}`)],
  ];
  test.each(readers)("%s", async (_reader, read) => {
    expect((await read("ALLOWED")).status).toBe(200);
    const [refused, missing] = [await read("REFUSED"), await read("NONE")];
    expect(missing.status).toBe(404);
    expect(refused.status).toBe(status);
    if (status === 404) expect(shape(refused)).toEqual(shape(missing));
  });

  test("several values at once", async () => {
    const names = ["REFUSED", "NONE", "ALLOWED"];
    const answer = await coffer.call(service.token).post(`${own}/stores/default/values`, { names });
    const [refused, missing, allowed] = answer.body.items;
    expect(allowed.value).toBe("w");
    expect(refused.error.code).toBe(status === 404 ? missing.error.code : "caller.denied");
  });

  test("the audit trail has the refusal and its reason either way", async () => {
    await asAgent("REFUSED");
    const entry = (await readTrail(coffer, null)).findLast(({ caller_name }) => caller_name === jobId);
    expect(entry).toMatchObject({ action: "secret.reveal", outcome: "refused" });
    expect(entry?.because).toContain("no rule of the policy is met");
  });
});
