// Machine accounts and their access tokens, for people; to machines none of it is there.
import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import {
  anId,
  asMachine,
  aTime,
  expectNothing,
  expectProblem,
  formOf,
  logIn,
  nowhere,
  page,
  type Speaker,
  seal,
  sealedText,
  startBitwarden,
  tokenKeyOf,
} from "./support.ts";

const { coffer, me, home, natively, organizationId, owner, aMachine, aMember, aProject, grant } =
  await startBitwarden();

const member = await aMember("member@example.com");
const other = await aMember("other@example.com");
const machine = await aMachine();

const shown = (id: string) => ({
  object: "serviceAccount",
  id,
  organizationId,
  name: sealedText,
  creationDate: aTime,
  revisionDate: aTime,
});

test("200: a member makes one, manages it, and gives it tokens; nobody else sees it", async () => {
  const made = await member.post(`${home}/service-accounts`, { name: member.seal("deploy") });
  expect({ status: made.status, body: made.body }).toEqual({ status: 200, body: shown(anId) });
  const { id } = made.body;
  expect(member.open(made.body.name)).toBe("deploy");
  const one = `/api/service-accounts/${id}`;
  expect((await member.get(one)).body).toEqual(shown(id));
  expect((await member.get(`${home}/service-accounts`)).body).toEqual(
    page([{ ...shown(id), accessToSecrets: 0 }]),
  );
  expectNothing(await other.get(one));
  expectNothing(await other.put(one, { name: other.seal("x") }));
  expect((await other.get(`${home}/service-accounts`)).body).toEqual(page([]));
  const renamed = await member.put(one, { name: member.seal("ship") });
  expect(member.open(renamed.body.name)).toBe("ship");
  expect((await me.get(`${natively}/machines/${id}`)).body.name).toBe("ship");
  expectProblem(await member.post(`${home}/service-accounts`, {}), { Name: "The Name field is required." });
});

test("200: how many secrets each reads, where it is asked for", async () => {
  const project = await aProject(owner);
  for (const name of ["ONE", "TWO"])
    await owner.post(`${home}/secrets`, owner.secret(name, "v", { projectIds: [project] }));
  const single = await owner.post(`${home}/secrets`, owner.secret("SINGLE", "v"));
  const counted = await aMachine("counted");
  await grant({ kind: "machine", id: counted.id }, { kind: "store", id: project }, "read");
  await grant({ kind: "machine", id: counted.id }, { kind: "secret", id: single.body.id }, "read");
  const reach = async (query: string) => {
    const { body } = await owner.get(`${home}/service-accounts${query}`);
    return body.data.find(({ id }: { id: string }) => id === counted.id).accessToSecrets;
  };
  expect(await reach("?includeAccessToSecrets=true")).toBe(3);
  expect(await reach("")).toBe(0);
});

test("200: deleted with their tokens; what may not be is said so; 404 as everywhere", async () => {
  const gone = await aMachine("gone");
  const kept = await aMachine("kept");
  await grant({ kind: "person", id: member.id }, { kind: "machine", id: gone.id }, "manage");
  await grant({ kind: "person", id: member.id }, { kind: "machine", id: kept.id }, "read");
  const remove = (ids: unknown) => member.post("/api/service-accounts/delete", ids);
  for (const ids of [[], [gone.id, gone.id], [gone.id, nowhere], [gone.id, machine.id]]) {
    expectNothing(await remove(ids));
  }
  const { status, body } = await remove([gone.id, kept.id]);
  const item = (id: string, error: string | null) => ({ object: "BulkDeleteResponseModel", id, error });
  expect({ status, body }).toEqual({
    status: 200,
    body: page([item(gone.id, null), item(kept.id, "access denied")]),
  });
  expect((await gone.get(`${home}/secrets`)).status).toBe(401);
  expect((await logIn(coffer.url, formOf(gone.token))).status).toBe(400);
  expect((await kept.get(`${home}/secrets`)).status).toBe(200);
});

describe("access tokens", () => {
  /** As the browser makes them: the seed stays there. */
  const made = (person: Speaker, name: string, more: object = {}) => {
    const seed = randomBytes(16);
    const tokenKey = tokenKeyOf(seed);
    const payload = JSON.stringify({ encryptionKey: person.key.toString("base64") });
    const body = {
      name: person.seal(name),
      encryptedPayload: seal(tokenKey, payload),
      key: person.seal(tokenKey.toString("base64")),
      expireAt: null,
      ...more,
    };
    return { seed, body };
  };
  const tokens = (id: string) => `/api/service-accounts/${id}/access-tokens`;

  test("200: one is made, logs in with a key of its own, is listed and revoked", async () => {
    const { body: account } = await member.post(`${home}/service-accounts`, { name: member.seal("a") });
    const { seed, body } = made(member, "laptop");
    const answer = await member.post(tokens(account.id), body);
    expect({ status: answer.status, body: answer.body }).toEqual({
      status: 200,
      body: {
        object: "accessTokenCreation",
        id: anId,
        name: sealedText,
        clientSecret: expect.stringMatching(/^[A-Za-z0-9]{30}$/),
        expireAt: null,
        creationDate: aTime,
        revisionDate: aTime,
      },
    });
    const { id, clientSecret } = answer.body;
    const text = `0.${id}.${clientSecret}:${seed.toString("base64")}`;
    const client = await asMachine(coffer, account.id, { id, secret: clientSecret, seed, text });
    expect(client.key).not.toEqual(member.key);
    expect((await client.get(`${home}/secrets`)).status).toBe(200);
    const listed = await member.get(tokens(account.id));
    expect(listed.body).toEqual(
      page([
        {
          object: "accessToken",
          id,
          name: sealedText,
          scopes: ["api.secrets"],
          expireAt: null,
          creationDate: aTime,
          revisionDate: aTime,
        },
      ]),
    );
    expect(member.open(listed.body.data[0].name)).toBe("laptop");
    const revoked = await member.post(`${tokens(account.id)}/revoke`, { ids: [id] });
    expect({ status: revoked.status, text: revoked.text }).toEqual({ status: 200, text: "" });
    expect((await client.get(`${home}/secrets`)).status).toBe(401);
    expect((await member.get(tokens(account.id))).body).toEqual(page([]));
  });

  test("400: what is missing, what does not open, and an end that is past", async () => {
    const { body } = made(owner, "t");
    const post = (more: object) => owner.post(tokens(machine.id), { ...body, ...more });
    expectProblem(await owner.post(tokens(machine.id), {}), {
      Name: "The Name field is required.",
      EncryptedPayload: "The EncryptedPayload field is required.",
      Key: "The Key field is required.",
    });
    const notOne = "Key is not a valid encrypted string.";
    expectProblem(await post({ key: member.seal("x") }), { Key: notOne });
    expectProblem(await post({ key: owner.seal("c2hvcnQ=") }), { Key: notOne });
    expectProblem(await post({ expireAt: "2020-01-01T00:00:00Z" }), {
      "": "Please select an expiration date that is in the future.",
    });
    const later = new Date(Date.now() + 60_000).toISOString();
    expect((await post({ expireAt: later })).body.expireAt).toBe(later);
  });

  test("404: for who does not manage the machine, and one that is not there", async () => {
    const { body } = made(other, "t");
    for (const id of [machine.id, nowhere]) {
      expectNothing(await other.get(tokens(id)));
      expectNothing(await other.post(tokens(id), body));
      expectNothing(await other.post(`${tokens(id)}/revoke`, { ids: [machine.token.id] }));
    }
    await grant({ kind: "person", id: other.id }, { kind: "machine", id: machine.id }, "read");
    expect((await other.get(tokens(machine.id))).status).toBe(200);
    expectNothing(await other.post(tokens(machine.id), body));
    expectNothing(await other.post(`${tokens(machine.id)}/revoke`, { ids: [machine.token.id] }));
    expect((await machine.get(`${home}/secrets`)).status).toBe(200);
  });

  test("revoking is within one machine", async () => {
    const neighbour = await aMachine("neighbour");
    await owner.post(`${tokens(machine.id)}/revoke`, { ids: [neighbour.token.id] });
    expect((await neighbour.get(`${home}/secrets`)).status).toBe(200);
  });
});

test("404: all of it, for machines", async () => {
  const one = `/api/service-accounts/${machine.id}`;
  const project = `/api/projects/${nowhere}`;
  for (const path of [
    `${home}/service-accounts`,
    one,
    `${one}/access-tokens`,
    `${one}/access-policies/people`,
    `${one}/granted-policies`,
    `${one}/sm-counts`,
    `${home}/sm-counts`,
    `${home}/access-policies/people/potential-grantees`,
    `${project}/access-policies/people`,
    `/api/sm/${organizationId}/export`,
    `/api/sm/events/service-accounts/${machine.id}`,
  ]) {
    expectNothing(await machine.get(path));
  }
});
