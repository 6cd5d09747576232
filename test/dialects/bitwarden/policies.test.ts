// Who has access to what: policies on projects, secrets and machine accounts, on the core's grants.
import { describe, expect, test } from "vitest";
import {
  expectNothing,
  expectSentence,
  type Member,
  nowhere,
  page,
  type Speaker,
  sealedText,
  startBitwarden,
} from "./support.ts";

const { me, home, natively, owner, aMachine, aMember, aProject, grant } = await startBitwarden();

const ann = await aMember("ann@example.com");
const bob = await aMember("bob@example.com");
const machine = await aMachine();
const project = await aProject(ann);
const group: string = (await me.post(`${natively}/groups`, { name: "Ops" })).body.id;
await me.put(`${natively}/groups/${group}/members/${bob.id}`);

const user = (person: Member, write: boolean, currentUser: boolean) => ({
  object: "userAccessPolicy",
  read: true,
  write,
  organizationUserId: person.membershipId,
  organizationUserName: person === ann ? "ann" : "bob",
  currentUser,
});
const ops = (write: boolean, currentUserInGroup: boolean) => ({
  object: "groupAccessPolicy",
  read: true,
  write,
  groupId: group,
  groupName: "Ops",
  currentUserInGroup,
});
const asked = (granteeId: string, write: boolean) => ({ granteeId, read: true, write });
const grantsOn = async (id: string, kind = "store") =>
  (await me.get(`${natively}/grants?object=${kind}:${id}`)).body.items.map(
    ({ subject, level }: { subject: { id: string }; level: string }) => [subject.id, level],
  );

describe("people on a project", () => {
  const people = () => `/api/projects/${project}/access-policies/people`;
  const put = (by: Speaker, users: unknown[], groups: unknown[] = []) =>
    by.put(people(), { userAccessPolicyRequests: users, groupAccessPolicyRequests: groups });

  test("200: its maker gives access, changes it and takes it back", async () => {
    expect((await ann.get(people())).body).toEqual({
      object: "projectPeopleAccessPolicies",
      userAccessPolicies: [user(ann, true, true)],
      groupAccessPolicies: [],
    });
    expectNothing(await bob.get(`/api/projects/${project}`));
    const self = asked(ann.membershipId, true);
    const given = await put(ann, [self, asked(bob.membershipId, false)], [asked(group, true)]);
    expect(given.status).toBe(200);
    expect(given.body.userAccessPolicies).toEqual(
      expect.arrayContaining([user(ann, true, true), user(bob, false, false)]),
    );
    expect(given.body.groupAccessPolicies).toEqual([ops(true, false)]);
    expect(await grantsOn(project)).toEqual(
      expect.arrayContaining([
        [ann.id, "manage"],
        [bob.id, "read"],
        [group, "manage"],
      ]),
    );
    expect((await bob.get(`/api/projects/${project}`)).body).toMatchObject({ read: true, write: true });
    expect((await bob.get(people())).body.groupAccessPolicies).toEqual([ops(true, true)]);
    await put(ann, [self, asked(bob.membershipId, false)]);
    expect((await bob.get(`/api/projects/${project}`)).body).toMatchObject({ read: true, write: false });
    expectNothing(await bob.get(people()));
    expectNothing(await put(bob, [asked(bob.membershipId, true)]));
    await put(ann, [self]);
    expectNothing(await bob.get(`/api/projects/${project}`));
  });

  test("a native write is shown as write, does not manage, and stays as it is", async () => {
    const own = await aProject(ann);
    const path = `/api/projects/${own}/access-policies/people`;
    await grant({ kind: "person", id: bob.id }, { kind: "store", id: own }, "write");
    expect((await bob.get(`/api/projects/${own}`)).body.write).toBe(true);
    expectNothing(await bob.get(path));
    const { body } = await ann.get(path);
    expect(body.userAccessPolicies).toContainEqual(user(bob, true, false));
    const same = [asked(ann.membershipId, true), asked(bob.membershipId, true)];
    await ann.put(path, { userAccessPolicyRequests: same, groupAccessPolicyRequests: [] });
    expect(await grantsOn(own)).toContainEqual([bob.id, "write"]);
  });

  test("200: who takes himself off is not asked again", async () => {
    const own = await aProject(ann);
    const path = `/api/projects/${own}/access-policies/people`;
    const body = { userAccessPolicyRequests: [asked(bob.membershipId, true)], groupAccessPolicyRequests: [] };
    expect((await ann.put(path, body)).status).toBe(200);
    expectNothing(await ann.get(path));
    expect((await bob.get(path)).body.userAccessPolicies).toEqual([user(bob, true, true)]);
  });

  test("400: the same twice, and no reading; 404: somebody who is not there", async () => {
    const self = asked(ann.membershipId, true);
    expectSentence(await put(ann, [self, self]), "Resources must be unique");
    expectSentence(
      await put(ann, [{ granteeId: ann.membershipId, read: false, write: true }]),
      "Resources must be Read = true",
    );
    expect((await ann.put(people(), {})).status).toBe(400);
    expectNothing(await put(ann, [self, asked(nowhere, true)]));
    expectNothing(await put(ann, [self, asked(bob.id, true)]));
    expectNothing(await put(ann, [self], [asked(nowhere, true)]));
    expect(await grantsOn(project)).toEqual([[ann.id, "manage"]]);
  });
});

describe("machine accounts on a project", () => {
  const path = () => `/api/projects/${project}/access-policies/service-accounts`;
  const put = (by: Speaker, ...wanted: unknown[]) =>
    by.put(path(), { serviceAccountAccessPolicyRequests: wanted });

  test("200: by who writes both; 404 for a machine that is not his", async () => {
    expectNothing(await put(ann, asked(machine.id, true)));
    await grant({ kind: "person", id: ann.id }, { kind: "machine", id: machine.id }, "manage");
    const { status, body } = await put(ann, asked(machine.id, true));
    expect({ status, body }).toEqual({
      status: 200,
      body: {
        object: "ProjectServiceAccountsAccessPolicies",
        serviceAccountAccessPolicies: [
          {
            object: "serviceAccountProjectAccessPolicy",
            read: true,
            write: true,
            serviceAccountId: machine.id,
            serviceAccountName: sealedText,
          },
        ],
      },
    });
    expect(ann.open(body.serviceAccountAccessPolicies[0].serviceAccountName)).toBe("ci");
    expect(await grantsOn(project)).toContainEqual([machine.id, "write"]);
    expect((await machine.get(`/api/projects/${project}`)).body.write).toBe(true);
    await put(ann, asked(machine.id, false));
    expect((await machine.get(`/api/projects/${project}`)).body.write).toBe(false);
    expect((await put(ann)).body.serviceAccountAccessPolicies).toEqual([]);
    expectNothing(await machine.get(`/api/projects/${project}`));
    expect(await grantsOn(project)).toEqual([[ann.id, "manage"]]);
  });
});

describe("what a machine account was granted", () => {
  const path = () => `/api/service-accounts/${machine.id}/granted-policies`;
  const put = (by: Speaker, ...ids: string[]) =>
    by.put(path(), {
      projectGrantedPolicyRequests: ids.map((grantedId) => ({ grantedId, read: true, write: false })),
    });

  test("200: projects that the caller writes; others 404", async () => {
    const foreign = await aProject(owner);
    expectNothing(await put(ann, foreign));
    const { status, body } = await put(ann, project);
    expect({ status, body }).toEqual({
      status: 200,
      body: {
        object: "ServiceAccountGrantedPoliciesPermissionDetails",
        grantedProjectPolicies: [
          {
            object: "grantedProjectAccessPolicyPermissionDetails",
            hasPermission: true,
            accessPolicy: {
              object: "grantedProjectAccessPolicy",
              read: true,
              write: false,
              grantedProjectId: project,
              grantedProjectName: sealedText,
            },
          },
        ],
      },
    });
    await grant({ kind: "machine", id: machine.id }, { kind: "store", id: foreign }, "read");
    const seen = await ann.get(path());
    const permission = seen.body.grantedProjectPolicies.map(
      (each: { hasPermission: boolean; accessPolicy: { grantedProjectId: string } }) => [
        each.accessPolicy.grantedProjectId,
        each.hasPermission,
      ],
    );
    expect(permission).toEqual(
      expect.arrayContaining([
        [project, true],
        [foreign, false],
      ]),
    );
    expectNothing(await put(ann));
    expectNothing(await bob.get(path()));
    expectNothing(await put(bob));
    expect((await put(owner)).body.grantedProjectPolicies).toEqual([]);
  });
});

describe("people on a machine account", () => {
  const path = () => `/api/service-accounts/${machine.id}/access-policies/people`;
  const put = (by: Speaker, users: unknown[], groups: unknown[] = []) =>
    by.put(path(), { userAccessPolicyRequests: users, groupAccessPolicyRequests: groups });

  test("200: always read and write; 400 for less; 404 for who does not manage it", async () => {
    const self = asked(ann.membershipId, true);
    const sentence = "Machine account access must be Can read, write";
    expectSentence(await put(ann, [self, asked(bob.membershipId, false)]), sentence);
    expectNothing(await put(bob, [asked(bob.membershipId, true)]));
    expectNothing(await bob.get(path()));
    const { status, body } = await put(ann, [self], [asked(group, true)]);
    expect({ status, body }).toEqual({
      status: 200,
      body: {
        object: "serviceAccountAccessPolicies",
        userAccessPolicies: [user(ann, true, true)],
        groupAccessPolicies: [ops(true, false)],
      },
    });
    expect((await bob.get(`/api/service-accounts/${machine.id}`)).status).toBe(200);
    await put(ann, [self]);
    expectNothing(await bob.get(`/api/service-accounts/${machine.id}`));
  });
});

describe("a secret alone", () => {
  test("200: shared with its creation and its change, in one step with it", async () => {
    const policies = (users: unknown[], machines: unknown[] = []) => ({
      userAccessPolicyRequests: users,
      groupAccessPolicyRequests: [],
      serviceAccountAccessPolicyRequests: machines,
    });
    const at = { projectIds: [project] };
    const shared = { ...at, accessPoliciesRequests: policies([asked(bob.membershipId, false)]) };
    const { status, body } = await ann.post(`${home}/secrets`, ann.secret("SHARED", "v", shared));
    expect(status).toBe(200);
    const one = `/api/secrets/${body.id}`;
    expect((await bob.get(one)).body).toMatchObject({ read: true, write: false });
    expect((await ann.get(`${one}/access-policies`)).body).toEqual({
      object: "secretAccessPolicies",
      userAccessPolicies: [user(bob, false, false)],
      groupAccessPolicies: [],
      serviceAccountAccessPolicies: [],
    });
    expectNothing(await bob.get(`${one}/access-policies`));
    const machines = { ...at, accessPoliciesRequests: policies([], [asked(machine.id, true)]) };
    expect((await ann.put(one, ann.secret("SHARED", "w", machines))).status).toBe(200);
    expectNothing(await bob.get(one));
    expect(machine.open((await machine.get(one)).body.value)).toBe("w");
    const wrong = { ...at, accessPoliciesRequests: policies([asked(nowhere, false)]) };
    expectNothing(await ann.put(one, ann.secret("RENAMED", "x", wrong)));
    expect(ann.open((await ann.get(one)).body.key)).toBe("SHARED");
    expectNothing(await ann.post(`${home}/secrets`, ann.secret("NEVER", "v", wrong)));
    const { body: listed } = await ann.get(`/api/projects/${project}/secrets`);
    expect(listed.secrets.map(({ key }: { key: string }) => ann.open(key))).toEqual(["SHARED"]);
  });
});

describe("potential grantees", () => {
  const potential = (by: Speaker, of: string) => by.get(`${home}/access-policies/${of}/potential-grantees`);
  const item = (id: string, name: unknown, type: string, more: object = {}) => ({
    object: "potentialGrantee",
    id,
    name,
    type,
    email: null,
    currentUserInGroup: false,
    currentUser: false,
    ...more,
  });

  test("200: people and groups for every member; what he writes of the rest", async () => {
    const { status, body } = await potential(ann, "people");
    expect(status).toBe(200);
    expect(body.data).toEqual(
      expect.arrayContaining([
        item(ann.membershipId, "ann", "user", { email: "ann@example.com", currentUser: true }),
        item(bob.membershipId, "bob", "user", { email: "bob@example.com" }),
        item(group, "Ops", "group"),
      ]),
    );
    expect(body.data.at(-1).type).toBe("group");
    expect((await potential(bob, "people")).body.data.at(-1).currentUserInGroup).toBe(true);
    expect((await potential(ann, "service-accounts")).body).toEqual(
      page([item(machine.id, sealedText, "serviceAccount")]),
    );
    const projects = await potential(ann, "projects");
    expect(projects.body.data).toContainEqual(item(project, sealedText, "project"));
    expect((await potential(bob, "service-accounts")).body).toEqual(page([]));
    const stranger = await me.get(`/api/organizations/${nowhere}/access-policies/people/potential-grantees`);
    expectNothing(stranger);
  });
});
