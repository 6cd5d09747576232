// Decryption by services: what is answered, what is refused for each name, and that each is written down.
import { afterAll, describe, expect, test } from "vitest";
import { startCoffer } from "../../support/server.ts";
import { minted } from "../../support/tokens.ts";
import { aNamespace, aService, aUid, made, text } from "./support.ts";

const coffer = await startCoffer();
afterAll(() => coffer.stop());
const me = coffer.call(coffer.token);
const here = await aNamespace(coffer);
const there = await aNamespace(coffer);
const base = "/gsm/api/v1";

const listed = await made(me, here, "listed", {
  metadata: { labels: { team: "a" } },
  spec: { decrypters: ["k6-cloud", "synthetic-monitoring"], description: "External API Key" },
});
await made(me, here, "unlisted", { spec: { decrypters: ["somebody-else"] } });
await made(me, here, "nobodys");
await made(me, there, "elsewhere", { spec: { decrypters: ["k6-cloud"] } });
await me.post(`/v1/organizations/default/stores/${here.name}/secrets`, {
  name: "empty",
  consumers: ["k6-cloud"],
});
await me.post(`/v1/organizations/default/stores/${here.name}/secrets`, {
  name: "large",
  value: "ä".repeat(30_000),
  consumers: ["k6-cloud"],
});
const token = await aService(coffer, "k6-cloud", [here]);
const k6 = coffer.call(token);

interface Entry {
  readonly action: string;
  readonly outcome: string;
  readonly because: string | null;
  readonly dialect: string;
  readonly target: { readonly name: string | null };
  readonly caller: { readonly name: string };
}

async function trailOf(name: string): Promise<readonly Entry[]> {
  const { body } = await me.get("/v1/organizations/default/audit?action=secret.reveal&limit=1000");
  return body.items.filter(({ target }: Entry) => target.name === name);
}

describe("one name", () => {
  test("200: the whole answer, by name and by id", async () => {
    const answer = await k6.get(`${base}/secrets/listed/decrypt`);
    expect({ status: answer.status, body: answer.body }).toEqual({
      status: 200,
      body: {
        uuid: aUid,
        name: "listed",
        description: "External API Key",
        labels: [{ name: "team", value: "a" }],
        org_id: 1,
        stack_id: 1,
        created_by: "Owner",
        created_at: expect.any(Number),
        modified_at: expect.any(Number),
        plaintext: text,
      },
    });
    expect(Number.isInteger(answer.body.created_at)).toBe(true);
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(answer.headers.get("content-type")).toContain("json");
    const byId = await k6.get(`${base}/secrets/${listed.metadata.uid}/decrypt`);
    expect(byId.body).toEqual(answer.body);
    const entries = await trailOf("listed");
    expect(entries[0]).toMatchObject({
      outcome: "allowed",
      dialect: "grafana",
      because: "consumer",
      caller: { name: "k6-cloud" },
    });
  });

  test("200: exactly the value, as text", async () => {
    for (const ask of [
      () => k6.get(`${base}/secrets/large/decrypt?format=raw`),
      () => k6.get(`${base}/secrets/large/decrypt`, { accept: "text/plain" }),
    ]) {
      const answer = await ask();
      expect(answer.headers.get("content-type")).toBe("text/plain; charset=utf-8");
      expect(answer.text).toBe("ä".repeat(30_000));
      expect(answer.headers.get("cache-control")).toBe("no-store");
    }
  });

  test.each([
    ["unlisted", 403, "not authorized"],
    ["nobodys", 403, "not authorized"],
    ["nope", 404, "not found"],
    ["elsewhere", 404, "not found"],
    ["empty", 404, "not found"],
  ])("%s: %i %s", async (name, status, message) => {
    const answer = await k6.get(`${base}/secrets/${name}/decrypt`);
    expect({ status: answer.status, body: answer.body }).toEqual({
      status,
      body: { code: "error", message },
    });
    expect(answer.headers.get("cache-control")).toBe("no-store");
    const [entry] = await trailOf(name);
    expect(entry?.outcome).toBe(status === 403 ? "refused" : "failed");
    if (status === 403) expect(entry?.because).toBe("service: not among the consumers");
  });

  test("401 without a credential, 403 for who is no service or is bound to no one namespace", async () => {
    const asked = `${base}/secrets/listed/decrypt`;
    const none = await coffer.call(null).get(asked);
    expect({ status: none.status, body: none.body }).toEqual({
      status: 401,
      body: { code: "error", message: "unauthorized" },
    });
    for (const other of [
      coffer.token,
      await aService(coffer, "anywhere", []),
      await aService(coffer, "in-two", [here, there]),
    ]) {
      expect((await coffer.call(other).get(asked)).status).toBe(403);
    }
    const job = await me.post(`/v1/organizations/default/stores/${here.name}/jobs`, {
      jobId: "j",
      claims: {},
    });
    expect((await coffer.call(job.body.token).get(asked)).status).toBe(401);
  });

  test("a token of two stores is bound to the one that it was made for", async () => {
    const { body } = await me.post("/v1/organizations/default/services", {
      name: "narrowed",
      stores: [here.id, there.id],
    });
    const principal = { kind: "service", id: body.id };
    const narrow = await minted(coffer, { principal, name: "one", stores: [here.id] });
    await made(me, here, "for-narrowed", { spec: { decrypters: ["narrowed"] } });
    expect((await coffer.call(narrow).get(`${base}/secrets/for-narrowed/decrypt`)).status).toBe(200);
  });

  test("a permission that its token lacks, or has for another name", async () => {
    const { body } = await me.post("/v1/organizations/default/services", {
      name: "scoped",
      stores: [here.id],
    });
    await made(me, here, "for-scoped", { spec: { decrypters: ["scoped"] } });
    await made(me, here, "for-scoped-too", { spec: { decrypters: ["scoped"] } });
    const of = (...scopes: string[]) =>
      minted(coffer, { principal: { kind: "service", id: body.id }, name: "s", stores: [here.id], scopes });
    const status = async (scoped: string, name: string) =>
      (await coffer.call(scoped).get(`${base}/secrets/${name}/decrypt`)).status;
    const all = await of("secret.grafana.app/securevalues:decrypt");
    expect(await status(all, "for-scoped")).toBe(200);
    const one = await of(`secret.grafana.app/securevalues:decrypt@${here.name}/for-scoped`);
    expect(await status(one, "for-scoped")).toBe(200);
    expect(await status(one, "for-scoped-too")).toBe(403);
    expect(await status(await of("secret.read"), "for-scoped")).toBe(403);
  });
});

test("lists and shows the secrets that list it, without their values", async () => {
  const { status, body } = await k6.get(`${base}/secrets`);
  expect(status).toBe(200);
  expect(body.secrets.map(({ name }: { name: string }) => name)).toEqual(["empty", "large", "listed"]);
  const one = await k6.get(`${base}/secrets/listed`);
  expect(one.body).toEqual(body.secrets[2]);
  expect(one.body).not.toHaveProperty("plaintext");
  expect((await k6.get(`${base}/secrets/unlisted`)).status).toBe(403);
  expect((await k6.get(`${base}/secrets/nope`)).status).toBe(404);
});

describe("several names", () => {
  const ask = (namespace: string, names: unknown) => k6.post(`${base}/decrypt`, { namespace, names });

  test("each is answered for itself", async () => {
    const { status, body } = await ask(here.name, ["listed", "unlisted", "nope", "empty", "listed"]);
    expect(status).toBe(200);
    expect(body).toEqual({
      decrypted_values: {
        listed: { value: text },
        unlisted: { error_message: "not authorized" },
        nope: { error_message: "not found" },
        empty: { error_message: "not found" },
      },
    });
    const [entry] = await trailOf("unlisted");
    expect(entry?.outcome).toBe("refused");
  });

  test("in another namespace none is authorized, whether it is there, and each is written down", async () => {
    for (const namespace of [there.name, "nowhere"]) {
      const { body } = await ask(namespace, ["elsewhere", "listed"]);
      expect(body.decrypted_values).toEqual({
        elsewhere: { error_message: "not authorized" },
        listed: { error_message: "not authorized" },
      });
    }
    expect((await trailOf("elsewhere")).length).toBeGreaterThanOrEqual(2);
  });

  test("400 for what is no such list", async () => {
    for (const names of [[], "listed", [1], Array.from({ length: 65 }, (_, index) => `n${index}`)]) {
      expect((await ask(here.name, names)).status).toBe(400);
    }
    expect((await k6.post(`${base}/decrypt`, "{")).status).toBe(400);
    expect(
      (await coffer.call(coffer.token).post(`${base}/decrypt`, { namespace: here.name, names: ["listed"] }))
        .body,
    ).toEqual({
      decrypted_values: { listed: { error_message: "not authorized" } },
    });
  });
});

test("what it does not know is not there", async () => {
  expect((await k6.get(`${base}/nothing`)).status).toBe(404);
  expect((await k6.put(`${base}/secrets/listed`, {})).status).toBe(405);
  expect((await coffer.call(null).get(`${base}/nothing`)).status).toBe(401);
});
