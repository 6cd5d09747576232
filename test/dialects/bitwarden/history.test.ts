// Past values, the trash, counts, events, export and import.
import { describe, expect, test } from "vitest";
import { startCoffer } from "../../support/server.ts";
import {
  anId,
  asPerson,
  aTime,
  expectNothing,
  expectProblem,
  expectSentence,
  nowhere,
  organization,
  page,
  type Speaker,
  sealedText,
  startBitwarden,
} from "./support.ts";

const { me, home, natively, organizationId, owner, aMachine, aMember, aProject, grant } =
  await startBitwarden();

const member = await aMember("member@example.com");
const [writer, reader] = [await aMachine("writer"), await aMachine("reader")];
const project = await aProject(owner);
await grant({ kind: "machine", id: writer.id }, { kind: "store", id: project }, "write");
await grant({ kind: "machine", id: reader.id }, { kind: "store", id: project }, "read");
const { body: people } = await me.get(`${natively}/people`);
const ownerMembership = people.items.find((each: { role: string }) => each.role === "owner").membershipId;

let made = 0;
async function aSecret(...values: string[]): Promise<string> {
  made += 1;
  const [first = "v", ...more] = values;
  const name = `SECRET_${made}`;
  const { body } = await owner.post(`${home}/secrets`, owner.secret(name, first, { projectIds: [project] }));
  for (const value of more)
    await writer.put(`/api/secrets/${body.id}`, writer.secret(name, value, { projectIds: [project] }));
  return body.id;
}

describe("versions", () => {
  test("200: what was replaced, when and by whom; the current value is not among them", async () => {
    const id = await aSecret("one", "two");
    await owner.put(`/api/secrets/${id}`, owner.secret(`SECRET_${made}`, "three", { projectIds: [project] }));
    const { status, body } = await reader.get(`/api/secrets/${id}/versions`);
    const version = (more: object) => ({
      object: "secretVersion",
      id: anId,
      secretId: id,
      value: sealedText,
      versionDate: aTime,
      editorServiceAccountId: null,
      editorOrganizationUserId: null,
      ...more,
    });
    expect({ status, body }).toEqual({
      status: 200,
      body: page([
        version({ editorOrganizationUserId: ownerMembership }),
        version({ editorServiceAccountId: writer.id }),
      ]),
    });
    expect(body.data.map(({ value }: { value: string }) => reader.open(value))).toEqual(["two", "one"]);
    const [newest] = body.data;
    const alone = await reader.get(`/api/secret-versions/${newest.id}`);
    expect(alone.body).toEqual(version({ id: newest.id, editorOrganizationUserId: ownerMembership }));
    const both = await reader.post("/api/secret-versions/get-by-ids", [
      nowhere,
      ...body.data.map((v: { id: string }) => v.id),
    ]);
    expect(both.body.data.map(({ id: each }: { id: string }) => each)).toEqual(
      body.data.map((v: { id: string }) => v.id),
    );
  });

  test("200: none before a change; at most ten", async () => {
    const id = await aSecret("1");
    expect((await reader.get(`/api/secrets/${id}/versions`)).body).toEqual(page([]));
    const long = await aSecret(...Array.from({ length: 13 }, (_, at) => `value ${at}`));
    const { body } = await reader.get(`/api/secrets/${long}/versions`);
    expect(body.data.map(({ value }: { value: string }) => reader.open(value))).toEqual(
      Array.from({ length: 10 }, (_, at) => `value ${11 - at}`),
    );
  });

  test("200: restored for who writes; what equals the current value makes none", async () => {
    const id = await aSecret("one", "two");
    const versions = async () => (await writer.get(`/api/secrets/${id}/versions`)).body.data;
    const [first] = await versions();
    const restore = (who: Speaker, versionId: unknown) =>
      who.put(`/api/secrets/${id}/versions/restore`, { versionId });
    expectNothing(await restore(reader, first.id));
    expectNothing(await restore(writer, nowhere));
    const other = await aSecret("a", "b");
    const [foreign] = (await writer.get(`/api/secrets/${other}/versions`)).body.data;
    expectNothing(await restore(writer, foreign.id));
    expectProblem(await restore(writer, "x"), { VersionId: "The VersionId field must be a list of ids." });
    const { status, body } = await restore(writer, first.id);
    expect({ status, value: writer.open(body.value) }).toEqual({ status: 200, value: "one" });
    expect(body).toMatchObject({ object: "secret", id, read: true, write: true });
    expect((await versions()).map(({ value }: { value: string }) => writer.open(value))).toEqual([
      "two",
      "one",
    ]);
    await restore(writer, first.id);
    expect(await versions()).toHaveLength(2);
  });

  test("200: removed for good by who writes, all or none", async () => {
    const id = await aSecret("one", "two", "three");
    const ids = (await writer.get(`/api/secrets/${id}/versions`)).body.data.map((v: { id: string }) => v.id);
    const remove = (who: Speaker, list: unknown) => who.post("/api/secret-versions/delete", list);
    expectSentence(await remove(writer, []), "No version IDs provided.");
    expectSentence(await writer.post("/api/secret-versions/get-by-ids", []), "No version IDs provided.");
    expectNothing(await remove(reader, ids));
    expectNothing(await remove(writer, [ids[0], nowhere]));
    expect((await writer.get(`/api/secrets/${id}/versions`)).body.data).toHaveLength(2);
    const done = await remove(writer, [ids[0]]);
    expect({ status: done.status, text: done.text }).toEqual({ status: 200, text: "" });
    expect(
      (await writer.get(`/api/secrets/${id}/versions`)).body.data.map((v: { id: string }) => v.id),
    ).toEqual([ids[1]]);
    expectNothing(await writer.get(`/api/secret-versions/${ids[0]}`));
    expect(writer.open((await writer.get(`/api/secrets/${id}`)).body.value)).toBe("three");
  });

  test("404: hidden and missing, one by one and together", async () => {
    const id = await aSecret("one", "two");
    const [version] = (await writer.get(`/api/secrets/${id}/versions`)).body.data;
    const stranger = await aMachine("stranger");
    expectNothing(await stranger.get(`/api/secrets/${id}/versions`));
    expectNothing(await stranger.get(`/api/secret-versions/${version.id}`));
    expectNothing(await stranger.get(`/api/secret-versions/${nowhere}`));
    expectNothing(await stranger.post("/api/secret-versions/get-by-ids", [version.id]));
    expectNothing(await writer.post("/api/secret-versions/get-by-ids", [nowhere]));
  });
});

describe("trash", () => {
  const trash = `/api/secrets/${organizationId}/trash`;

  test("200: listed, restored and emptied by administrators", async () => {
    const [one, two] = [await aSecret("1"), await aSecret("2")];
    await writer.post("/api/secrets/delete", [one, two]);
    const { status, body } = await owner.get(trash);
    expect(status).toBe(200);
    expect(body.secrets).toEqual(
      expect.arrayContaining(
        [one, two].map((id) => ({
          id,
          organizationId,
          key: sealedText,
          creationDate: aTime,
          revisionDate: aTime,
          projects: [{ id: project, name: sealedText }],
          read: true,
          write: true,
        })),
      ),
    );
    const restored = await owner.post(`${trash}/restore`, [one]);
    expect({ status: restored.status, text: restored.text }).toEqual({ status: 200, text: "" });
    expect(writer.open((await writer.get(`/api/secrets/${one}`)).body.value)).toBe("1");
    expect((await owner.post(`${trash}/empty`, [two])).status).toBe(200);
    const left = (await owner.get(trash)).body.secrets.map(({ id }: { id: string }) => id);
    expect(left).not.toContain(one);
    expect(left).not.toContain(two);
  });

  test("404: what is not there, all or none; 409: a name that was taken meanwhile", async () => {
    const id = await aSecret("1");
    await writer.post("/api/secrets/delete", [id]);
    for (const what of ["restore", "empty"]) {
      for (const ids of [[], [id, nowhere], [id, id]])
        expectNothing(await owner.post(`${trash}/${what}`, ids));
    }
    await owner.post(`${home}/secrets`, owner.secret(`SECRET_${made}`, "v", { projectIds: [project] }));
    const clash = await owner.post(`${trash}/restore`, [id]);
    expectSentence(clash, "A secret with this name already exists in the project.", 409);
  });

  test("401: members; 404: strangers, and organizations that are not there", async () => {
    for (const who of [member, writer]) {
      expectSentence(await who.get(trash), "Unauthorized.", 401);
      expectSentence(await who.post(`${trash}/restore`, [nowhere]), "Unauthorized.", 401);
      expectSentence(await who.post(`${trash}/empty`, [nowhere]), "Unauthorized.", 401);
    }
    expectNothing(await owner.get(`/api/secrets/${nowhere}/trash`));
  });
});

test("counts: what the caller reads", async () => {
  const own = await aProject(member, "Own");
  await member.post(`${home}/secrets`, member.secret("ONE", "v", { projectIds: [own] }));
  const account = (await member.post(`${home}/service-accounts`, { name: member.seal("a") })).body.id;
  const granted = { grantedId: own, read: true, write: true };
  await member.put(`/api/service-accounts/${account}/granted-policies`, {
    projectGrantedPolicyRequests: [granted],
  });
  expect((await member.get(`${home}/sm-counts`)).body).toEqual({
    object: "organizationCounts",
    projects: 1,
    secrets: 1,
    serviceAccounts: 1,
  });
  expect((await member.get(`/api/projects/${own}/sm-counts`)).body).toEqual({
    object: "projectCounts",
    secrets: 1,
    people: 1,
    serviceAccounts: 1,
  });
  expect((await member.get(`/api/service-accounts/${account}/sm-counts`)).body).toEqual({
    object: "serviceAccountCounts",
    projects: 1,
    people: 1,
    accessTokens: 0,
  });
  expectNothing(await member.get(`/api/projects/${project}/sm-counts`));
  expectNothing(await member.get(`/api/service-accounts/${writer.id}/sm-counts`));
});

test("events: reads and changes with their types, newest first, for who reads the trail", async () => {
  const id = await aSecret("1", "2");
  await reader.get(`/api/secrets/${id}`);
  await writer.post("/api/secrets/delete", [id]);
  const { status, body } = await owner.get(`/api/organization/${organizationId}/secrets/${id}/events`);
  expect(status).toBe(200);
  expect(body.data.map(({ type }: { type: number }) => type)).toEqual([2103, 2100, 2102, 2101]);
  expect(body.data[1]).toEqual({
    object: "event",
    type: 2100,
    organizationId,
    actingUserId: null,
    serviceAccountId: reader.id,
    secretId: id,
    projectId: null,
    grantedServiceAccountId: null,
    groupId: null,
    organizationUserId: null,
    date: aTime,
    deviceType: null,
    ipAddress: "127.0.0.1",
  });
  const byAccount = await owner.get(`/api/sm/events/service-accounts/${reader.id}`);
  expect(byAccount.body.data.map(({ secretId }: { secretId: string }) => secretId)).toContain(id);
  const ofProject = await owner.get(`/api/organization/${organizationId}/projects/${project}/events`);
  expect(ofProject.body.data.map(({ type }: { type: number }) => type)).toContain(2201);
  const old = await owner.get(
    `/api/organization/${organizationId}/secrets/${id}/events?start=2020-01-01T00:00:00Z&end=2020-06-01T00:00:00Z`,
  );
  expect(old.body).toEqual(page([]));
  const wide = `?start=2020-01-01T00:00:00Z&end=2026-01-01T00:00:00Z`;
  expectSentence(
    await owner.get(`/api/organization/${organizationId}/secrets/${id}/events${wide}`),
    "Range too large.",
  );
  expectNothing(await member.get(`/api/organization/${organizationId}/secrets/${id}/events`));
});

describe("export and import", () => {
  const exported = `/api/sm/${organizationId}/export`;
  const imported = `/api/sm/${organizationId}/import`;

  test("200: what is exported can be imported, with new ids", async () => {
    const own = await startCoffer();
    const self = await asPerson(own);
    const there = organization(own);
    const { body: p } = await self.post(`${there}/projects`, { name: self.seal("Web") });
    await self.post(
      `${there}/secrets`,
      self.secret("IN", "one", { projectIds: [p.id], note: self.seal("n") }),
    );
    await self.post(`${there}/secrets`, self.secret("OUT", "two"));
    const { status, body } = await self.get(`/api/sm/${own.bootstrap.organization.id}/export`);
    expect({ status, body }).toEqual({
      status: 200,
      body: {
        object: "SecretsManagerExportResponseModel",
        projects: [{ id: p.id, name: sealedText }],
        secrets: [
          { id: anId, key: sealedText, value: sealedText, note: sealedText, projectIds: [p.id] },
          { id: anId, key: sealedText, value: sealedText, note: sealedText, projectIds: [] },
        ],
      },
    });
    await own.stop();
    const again = (sealed: string) => owner.seal(self.open(sealed));
    const file = {
      projects: body.projects.map(({ id, name }: { id: string; name: string }) => ({
        id,
        name: again(name),
      })),
      secrets: body.secrets.map((each: Record<string, string>) => ({
        ...each,
        key: again(each.key ?? ""),
        value: again(each.value ?? ""),
        note: again(each.note ?? ""),
      })),
    };
    const done = await owner.post(imported, file);
    expect({ status: done.status, text: done.text }).toEqual({ status: 200, text: "" });
    const { body: all } = await owner.get(`${home}/secrets`);
    const found = all.secrets.filter(({ key }: { key: string }) => ["IN", "OUT"].includes(owner.open(key)));
    expect(
      found.map(({ projects }: { projects: { name: string }[] }) => projects.map((e) => owner.open(e.name))),
    ).toEqual(expect.arrayContaining([["Web"], []]));
    expect(found[0].projects[0]?.id).not.toBe(p.id);
  });

  test("400 and 409: what breaks a rule imports nothing", async () => {
    const before = (await owner.get(`${home}/sm-counts`)).body;
    const secret = (name: string, projectIds: string[] = []) => ({
      id: nowhere,
      ...owner.secret(name, "v"),
      projectIds,
    });
    const p = (id: string) => ({ id, name: owner.seal("x") });
    const post = (body: unknown) => owner.post(imported, body);
    const much = "You cannot import this much data at once, the limit is 1000 projects and 6000 secrets.";
    expectSentence(await post({ projects: Array.from({ length: 1_001 }, () => ({})), secrets: [] }), much);
    expectSentence(await post({ projects: [], secrets: Array.from({ length: 6_001 }, () => ({})) }), much);
    const [a, b] = [nowhere, nowhere.replace("dead", "beef")];
    const twice = secret("TWICE_IN", [a, b]);
    expectSentence(
      await post({ projects: [p(a), p(b)], secrets: [twice] }),
      "A secret can only be in one project at a time.",
    );
    expect((await post({ projects: [], secrets: [secret("LOST", [a])] })).status).toBe(400);
    const clash = await post({
      projects: [p(a)],
      secrets: [secret("NEW_ONE"), secret("SAME"), secret("SAME")],
    });
    expectSentence(clash, "A secret with this name already exists in the project.", 409);
    expect((await post({ projects: [p(a)], secrets: [{ ...secret("X"), value: "plain" }] })).status).toBe(
      400,
    );
    expect((await owner.get(`${home}/sm-counts`)).body).toEqual(before);
  });

  test("404: for whoever is no administrator", async () => {
    expectNothing(await member.get(exported));
    expectNothing(await member.post(imported, { projects: [], secrets: [] }));
  });
});
