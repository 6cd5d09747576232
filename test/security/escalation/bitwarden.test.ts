// By the routes of the Bitwarden dialect nobody gives what he does not hold, through the credential he uses.
import { describe, expect, test } from "vitest";
import {
  asPerson,
  expectNothing,
  type Speaker,
  seal,
  startBitwarden,
} from "../../dialects/bitwarden/support.ts";

const { coffer, home, natively, organizationId, owner, aMachine, aMember, aProject, grant } =
  await startBitwarden();

const ann = await aMember("ann@example.com");
const bob = await aMember("bob@example.com");
const machine = await aMachine();
const project = await aProject(ann);

const given = (granteeId: string, write: boolean) => ({ granteeId, read: true, write });

/** A token of hers that may less than she. */
async function narrowed(more: object): Promise<Speaker> {
  const request = { principal: { kind: "person", id: ann.id }, name: "narrow", ...more };
  const { status, body } = await ann.post(`${natively}/tokens`, request);
  expect(status).toBe(201);
  return asPerson(coffer, body.token);
}

describe("policies", () => {
  const people = () => `/api/projects/${project}/access-policies/people`;
  const list = (...users: unknown[]) => ({ userAccessPolicyRequests: users, groupAccessPolicyRequests: [] });
  const self = () => given(ann.membershipId, true);

  test("a credential that is bound to addresses gives nothing that holds from everywhere", async () => {
    const bound = await narrowed({ addresses: ["127.0.0.1/32"] });
    expect((await bound.get(people())).status).toBe(200);
    expectNothing(await bound.put(people(), list(self(), given(bob.membershipId, false))));
    expectNothing(await bob.get(`/api/projects/${project}`));
    // To take away confers nothing.
    await ann.put(people(), list(self(), given(bob.membershipId, false)));
    expect((await bound.put(people(), list(self()))).status).toBe(200);
    expectNothing(await bob.get(`/api/projects/${project}`));
  });

  test("a machine that somebody else manages is let in nowhere", async () => {
    const path = `/api/projects/${project}/access-policies/service-accounts`;
    const body = { serviceAccountAccessPolicyRequests: [given(machine.id, false)] };
    expectNothing(await ann.put(path, body));
    const granted = { projectGrantedPolicyRequests: [{ grantedId: project, read: true, write: false }] };
    expectNothing(await ann.put(`/api/service-accounts/${machine.id}/granted-policies`, granted));
    expectNothing(await machine.get(`/api/projects/${project}`));
  });

  test("who manages a machine lets it into no project of others", async () => {
    const own = (await bob.post(`${home}/service-accounts`, { name: bob.seal("mine") })).body.id;
    const granted = { projectGrantedPolicyRequests: [{ grantedId: project, read: true, write: false }] };
    const path = `/api/service-accounts/${own}/granted-policies`;
    expectNothing(await bob.put(path, granted));
    await grant({ kind: "person", id: bob.id }, { kind: "store", id: project }, "write");
    expectNothing(await bob.put(path, granted));
    expect((await owner.get(path)).body.grantedProjectPolicies).toEqual([]);
    await ann.put(people(), list(self()));
  });

  test("write on a secret alone gives nobody access to it", async () => {
    const made = await ann.post(`${home}/secrets`, ann.secret("S", "v", { projectIds: [project] }));
    const one = `/api/secrets/${made.body.id}`;
    await grant({ kind: "person", id: bob.id }, { kind: "secret", id: made.body.id }, "write");
    const accessPoliciesRequests = {
      ...list(given(bob.membershipId, true)),
      serviceAccountAccessPolicyRequests: [],
    };
    const body = bob.secret("S", "w", { projectIds: [project], accessPoliciesRequests });
    expectNothing(await bob.put(one, body));
    expect(ann.open((await ann.get(one)).body.value)).toBe("v");
  });
});

describe("access tokens", () => {
  const tokens = () => `/api/service-accounts/${machine.id}/access-tokens`;
  const request = (by: Speaker) => ({
    name: by.seal("t"),
    encryptedPayload: seal(by.key, "x"),
    key: by.seal(by.key.toString("base64")),
  });

  test("are made by who manages the machine, and by no narrowed credential of his", async () => {
    await grant({ kind: "person", id: ann.id }, { kind: "machine", id: machine.id }, "read");
    expectNothing(await ann.post(tokens(), request(ann)));
    expectNothing(await ann.post(`${tokens()}/revoke`, { ids: [machine.token.id] }));
    await grant({ kind: "person", id: ann.id }, { kind: "machine", id: machine.id }, "manage");
    expect((await ann.post(tokens(), request(ann))).status).toBe(200);
    const bound = await narrowed({ addresses: ["127.0.0.1/32"] });
    expectNothing(await bound.post(tokens(), request(bound)));
    const scoped = await narrowed({ scopes: ["machine.*", "token.*"] });
    expectNothing(await scoped.post(tokens(), request(scoped)));
    const tokensOfMachine = `${natively}/machines/${machine.id}/access-tokens`;
    expect((await scoped.post(tokensOfMachine, { name: "t" })).status).toBe(403);
    expect((await machine.get(`${home}/secrets`)).status).toBe(200);
  });
});

test("past values are removed by who may delete, the trash is for administrators", async () => {
  const made = await ann.post(`${home}/secrets`, ann.secret("T", "1", { projectIds: [project] }));
  await ann.put(`/api/secrets/${made.body.id}`, ann.secret("T", "2", { projectIds: [project] }));
  const [version] = (await ann.get(`/api/secrets/${made.body.id}/versions`)).body.data;
  const keeps = await narrowed({ scopes: ["secret.reveal", "secret.update", "secret.write"] });
  expectNothing(await keeps.post("/api/secret-versions/delete", [version.id]));
  const deletes = await keeps.post("/api/secrets/delete", [made.body.id]);
  expect(deletes.body.data[0].error).toBe("access denied");
  await ann.post("/api/secrets/delete", [made.body.id]);
  const trash = `/api/secrets/${organizationId}/trash`;
  expect((await ann.get(trash)).status).toBe(401);
  expect((await ann.post(`${trash}/restore`, [made.body.id])).status).toBe(401);
  expect((await ann.post(`${trash}/empty`, [made.body.id])).status).toBe(401);
});
