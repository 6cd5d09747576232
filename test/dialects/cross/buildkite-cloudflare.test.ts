// One secret by the wires of both: what wrangler sends, buildkite-agent reads, and the other way round.
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Answer, startCoffer, type TestCoffer } from "../../support/server.ts";
import { readTrail } from "../../support/trail.ts";

let coffer: TestCoffer;
beforeAll(async () => {
  coffer = await startCoffer();
});
afterAll(() => coffer.stop());

const natively = "/v1/organizations/default";
const wireId = (uuid: string) => uuid.replaceAll("-", "");

/** One store, as each of the two APIs names it. */
interface Place {
  readonly secretsStore: string;
  readonly cluster: string;
  readonly uuid: string;
}

async function aPlace(): Promise<Place> {
  const name = `place-${randomUUID()}`;
  const { id } = (await coffer.call(coffer.token).post(`${natively}/stores`, { name })).body;
  const account = wireId(coffer.bootstrap.organization.id);
  return {
    secretsStore: `/client/v4/accounts/${account}/secrets_store/stores/${wireId(id)}`,
    cluster: `/v2/organizations/default/clusters/${id}/secrets`,
    uuid: id,
  };
}

/** As wrangler 4 sends it. */
async function byWrangler(place: Place, secret: Record<string, unknown>): Promise<Answer["body"]> {
  const answer = await coffer
    .call(coffer.token)
    .post(`${place.secretsStore}/secrets`, JSON.stringify([secret]), {
      "content-type": "text/plain;charset=UTF-8",
      "user-agent": "wrangler/4.164.0",
    });
  expect(answer.status, answer.text).toBe(200);
  return answer.body.result[0];
}

/** As `buildkite-agent secret get` asks in a job of the place. */
async function byAgent({ uuid }: Place, key: string, claims: object = {}): Promise<Answer> {
  const jobId = randomUUID();
  const jobs = `${natively}/stores/${uuid}/jobs`;
  const { token } = (await coffer.call(coffer.token).post(jobs, { jobId, claims })).body;
  const headers = { authorization: `Token ${token}` };
  return coffer.call(null).get(`/v3/jobs/${jobId}/secrets?key=${key}`, headers);
}

let workers: string | null = null;

/** As a Worker's binding asks, by a service of that name. */
async function byWorker({ secretsStore }: Place, name: string): Promise<Answer> {
  const owner = coffer.call(coffer.token);
  if (workers === null) {
    const { id } = (await owner.post(`${natively}/services`, { name: "workers" })).body;
    const body = { name: "t", principal: { kind: "service", id } };
    workers = (await owner.post(`${natively}/tokens`, body)).body.token as string;
  }
  return coffer.call(workers).get(`${secretsStore}/values/${name}`);
}

describe("made by wrangler", () => {
  test("the agent reads it, under its exact name and under the only one like it", async () => {
    const place = await aPlace();
    const made = await byWrangler(place, { name: "API_KEY", value: "häßlich\n", scopes: ["workers"] });
    for (const key of ["API_KEY", "api_key"]) {
      const read = await byAgent(place, key);
      expect({ status: read.status, body: read.body }).toEqual({
        status: 200,
        body: { key: "API_KEY", value: "häßlich\n", uuid: expect.any(String) },
      });
      expect(wireId(read.body.uuid)).toBe(made.id);
    }
    expect((await byAgent(await aPlace(), "API_KEY")).status).toBe(404);
  });

  test("Buildkite shows it, its comment as the description, and gives it a policy that binds", async () => {
    const place = await aPlace();
    const me = coffer.call(coffer.token);
    const made = await byWrangler(place, { name: "KEY", value: "v", scopes: ["workers"], comment: "ours" });
    const [shown] = (await me.get(place.cluster)).body;
    expect(shown).toMatchObject({ key: "KEY", description: "ours", policy: null, created_at: made.created });
    const changed = await me.put(`${place.cluster}/${shown.id}`, { policy: "- pipeline_slug: web\n" });
    expect(changed.status, changed.text).toBe(200);
    expect((await byAgent(place, "KEY")).status).toBe(403);
    expect((await byAgent(place, "KEY", { pipeline_slug: "web" })).body.value).toBe("v");
    // It says which jobs; services are said by the scopes, which stay.
    expect((await byWorker(place, "KEY")).body.result.value).toBe("v");
    const again = await me.patch(`${place.secretsStore}/secrets/${made.id}`, { value: "next" });
    expect(again.status).toBe(200);
    expect((await byAgent(place, "KEY", { pipeline_slug: "web" })).body.value).toBe("next");
  });

  test("deleted there, it is gone for the agent", async () => {
    const place = await aPlace();
    const { id } = await byWrangler(place, { name: "KEY", value: "v", scopes: ["workers"] });
    expect((await byAgent(place, "KEY")).status).toBe(200);
    await coffer.call(coffer.token).delete(`${place.secretsStore}/secrets/${id}`);
    expect((await byAgent(place, "KEY")).status).toBe(404);
  });
});

describe("made by Buildkite's API", () => {
  const create = async (place: Place, body: Record<string, unknown>) => {
    const answer = await coffer.call(coffer.token).post(place.cluster, body);
    expect(answer.status, answer.text).toBe(201);
    return answer.body;
  };

  test("Secrets Store shows it, without scopes, and a service reads it once it has one", async () => {
    const place = await aPlace();
    const me = coffer.call(coffer.token);
    const made = await create(place, { key: "MY_SECRET", value: "secret-value", description: "d" });
    const { result } = (await me.get(`${place.secretsStore}/secrets`)).body;
    expect(result).toEqual([
      {
        id: wireId(made.id),
        store_id: wireId(place.uuid),
        name: "MY_SECRET",
        comment: "d",
        scopes: [],
        status: "active",
        created: made.created_at,
        modified: made.created_at,
      },
    ]);
    expect((await byWorker(place, "MY_SECRET")).status).toBe(403);
    const path = `${place.secretsStore}/secrets/${wireId(made.id)}`;
    expect((await me.patch(path, { scopes: ["workers"] })).body.result.scopes).toEqual(["workers"]);
    expect((await byWorker(place, "MY_SECRET")).body.result.value).toBe("secret-value");
    expect((await byAgent(place, "MY_SECRET")).body.value).toBe("secret-value");
  });

  test("a name is taken in both, and one trail tells of all of it", async () => {
    const place = await aPlace();
    const { id } = await create(place, { key: "TAKEN", value: "v" });
    const refused = await coffer
      .call(coffer.token)
      .post(`${place.secretsStore}/secrets`, [{ name: "TAKEN", value: "v", scopes: ["dex"] }]);
    expect([refused.status, refused.body.errors[0].message]).toEqual([
      409,
      "secret_name_already_exists: TAKEN",
    ]);
    await byAgent(place, "TAKEN");
    await byWorker(place, "TAKEN");
    await coffer.call(coffer.token).delete(`${place.secretsStore}/secrets/${wireId(id)}`);
    const entries = (await readTrail(coffer, null)).filter(({ target_id }) => target_id === id);
    expect(entries.map(({ dialect, action, outcome }) => [dialect, action, outcome])).toEqual([
      ["buildkite", "secret.create", "allowed"],
      ["buildkite", "secret.reveal", "allowed"],
      ["cloudflare", "secret.delete", "allowed"],
    ]);
  });
});
