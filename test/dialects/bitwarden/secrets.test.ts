// Secrets: every operation with whole bodies, for machines with rights of each kind.
import { describe, expect, test } from "vitest";
import {
  anId,
  aTime,
  expectNothing,
  expectProblem,
  expectSentence,
  type Machine,
  nowhere,
  page,
  sealedText,
  shownSecret,
  startBitwarden,
} from "./support.ts";

const { coffer, me, home, natively, organizationId, owner, aMachine, aMember, aProject, grant } =
  await startBitwarden();

const writer = await aMachine("writer");
const reader = await aMachine("reader");
const stranger = await aMachine("stranger");
const project = await sharedProject("Web");

async function sharedProject(name: string): Promise<string> {
  const id = await aProject(owner, name);
  await grant({ kind: "machine", id: writer.id }, { kind: "store", id }, "write");
  await grant({ kind: "machine", id: reader.id }, { kind: "store", id }, "read");
  return id;
}

let named = 0;
const aName = () => {
  named += 1;
  return `NAME_${named}`;
};

async function aSecret(name = aName(), value = "a value", into: string | null = project): Promise<string> {
  const more = into === null ? {} : { projectIds: [into] };
  const { status, body } = await owner.post(`${home}/secrets`, owner.secret(name, value, more));
  expect(status).toBe(200);
  return body.id;
}

describe("create", () => {
  test("200: the secret as it stands, under the key of whoever made it", async () => {
    const name = aName();
    const value = " a välue ✓\n\u0000 ";
    const note = "a note\nof two lines";
    const sent = {
      key: writer.seal(name),
      value: writer.seal(value),
      note: writer.seal(note),
      projectIds: [project],
    };
    const { status, body } = await writer.post(`${home}/secrets`, sent);
    expect({ status, body }).toEqual({
      status: 200,
      body: {
        object: "secret",
        id: anId,
        organizationId,
        key: sealedText,
        value: sealedText,
        note: sealedText,
        creationDate: aTime,
        revisionDate: body.creationDate,
        projects: [{ id: project, name: sealedText }],
        read: true,
        write: true,
      },
    });
    expect([body.key, body.value, body.note, body.projects[0].name].map(writer.open)).toEqual([
      name,
      value,
      note,
      "Web",
    ]);
    expect(() => reader.open(body.key)).toThrow();
    const stored = await me.get(`${natively}/stores/${project}/secrets/${body.id}/value`);
    expect(stored.body).toMatchObject({ name, value });
  });

  test("200: an empty value and note; without a project, for administrators", async () => {
    const { status, body } = await owner.post(
      `${home}/secrets`,
      owner.secret(aName(), "", { projectIds: [] }),
    );
    expect(status).toBe(200);
    expect(body.projects).toEqual([]);
    expect([owner.open(body.value), owner.open(body.note)]).toEqual(["", ""]);
    const { body: none } = await owner.post(`${home}/secrets`, owner.secret(aName(), "v"));
    expect(none.projects).toEqual([]);
  });

  test("404: without write on the project, without a project, and a project that is not there", async () => {
    const into = (id: string) => ({ projectIds: [id] });
    for (const answer of [
      await reader.post(`${home}/secrets`, reader.secret(aName(), "v", into(project))),
      await stranger.post(`${home}/secrets`, stranger.secret(aName(), "v", into(project))),
      await writer.post(`${home}/secrets`, writer.secret(aName(), "v")),
      await writer.post(`${home}/secrets`, writer.secret(aName(), "v", into(nowhere))),
      await owner.post(`${home}/secrets`, owner.secret(aName(), "v", into(coffer.bootstrap.store.id))),
      await writer.post(`/api/organizations/${nowhere}/secrets`, writer.secret(aName(), "v", into(project))),
    ]) {
      expectNothing(answer);
    }
  });

  test("409: a name that the project has", async () => {
    const name = aName();
    await aSecret(name);
    const again = await writer.post(`${home}/secrets`, writer.secret(name, "v", { projectIds: [project] }));
    expectSentence(again, "A secret with this name already exists in the project.", 409);
  });

  test("400: each field by its rule, all of them at once", async () => {
    const post = (body: unknown) => writer.post(`${home}/secrets`, body);
    expectProblem(await post({}), {
      Key: "The Key field is required.",
      Value: "The Value field is required.",
      Note: "The Note field is required.",
    });
    const good = () => writer.secret(aName(), "v", { projectIds: [project] });
    const invalid = (field: string) => `${field} is not a valid encrypted string.`;
    const foreign = { key: reader.seal("KEY"), value: "plain", note: "7.AAAA" };
    expectProblem(await post({ ...good(), ...foreign }), {
      Key: invalid("Key"),
      Value: invalid("Value"),
      Note: invalid("Note"),
    });
    const exceeds = (field: string, max: number) =>
      `The field ${field} exceeds the maximum encrypted value length of ${max} characters.`;
    const long = {
      key: "2.".padEnd(1_001, "A"),
      value: "2.".padEnd(35_001, "A"),
      note: "2.".padEnd(10_001, "A"),
    };
    expectProblem(await post({ ...good(), ...long }), {
      Key: exceeds("Key", 1_000),
      Value: exceeds("Value", 35_000),
      Note: exceeds("Note", 10_000),
    });
    expectProblem(await post({ ...good(), projectIds: [project, nowhere] }), {
      ProjectIds: "Only one project assignment is supported.",
    });
    expectProblem(await post({ ...good(), projectIds: ["x"] }), {
      ProjectIds: "The ProjectIds field must be a list of ids.",
    });
    expectProblem(await post({ ...good(), key: writer.seal("") }), { Key: '"name" must not be empty' });
    expectProblem(await writer.post("/api/organizations/x/secrets", good()), {
      organizationId: "The value 'x' is not valid.",
    });
  });

  test("404: policies from a machine", async () => {
    const none = {
      userAccessPolicyRequests: [],
      groupAccessPolicyRequests: [],
      serviceAccountAccessPolicyRequests: [],
    };
    const more = { projectIds: [project], accessPoliciesRequests: none };
    expectNothing(await writer.post(`${home}/secrets`, writer.secret(aName(), "v", more)));
  });
});

describe("get", () => {
  test("200: for who may read, with what he may", async () => {
    const id = await aSecret("READ_ME", "its value");
    const { status, body } = await reader.get(`/api/secrets/${id.toUpperCase()}`);
    expect({ status, body }).toEqual({
      status: 200,
      body: {
        object: "secret",
        ...shownSecret(organizationId, project, id),
        read: true,
        write: false,
      },
    });
    expect([body.key, body.value, body.note].map(reader.open)).toEqual(["READ_ME", "its value", ""]);
    expect((await writer.get(`/api/secrets/${id}`)).body.write).toBe(true);
    const again = await reader.get(`/bitwarden/api//Secrets/${id}/`);
    expect(again.status).toBe(200);
    expect(again.body.value).not.toBe(body.value);
  });

  test("404: hidden and missing are the same to the letter", async () => {
    const id = await aSecret();
    const hidden = await stranger.get(`/api/secrets/${id}`);
    const missing = await stranger.get(`/api/secrets/${nowhere}`);
    expectNothing(hidden);
    expect(hidden.text).toBe(missing.text);
  });

  test("404: without a value, expired, and in the trash", async () => {
    const secrets = `${natively}/stores/${project}/secrets`;
    const { body: empty } = await me.post(secrets, { name: aName() });
    expectNothing(await reader.get(`/api/secrets/${empty.id}`));
    const id = await aSecret();
    await writer.post("/api/secrets/delete", [id]);
    expectNothing(await writer.get(`/api/secrets/${id}`));
    expectNothing(await writer.put(`/api/secrets/${id}`, writer.secret(aName(), "v")));
  });

  test("400: no id", async () => {
    expectProblem(await reader.get("/api/secrets/x"), { id: "The value 'x' is not valid." });
  });
});

describe("list", () => {
  test("200: what the caller may read, without values, by their last change; projects once", async () => {
    const own = await sharedProject("Own");
    const [one, two] = [await aSecret("ONE", "v", own), await aSecret("TWO", "v", own)];
    await writer.put(`/api/secrets/${one}`, writer.secret("ONE", "w", { projectIds: [own] }));
    const { status, body } = await reader.get(`/api/projects/${own}/secrets`);
    const item = (id: string) => ({
      id,
      organizationId,
      key: sealedText,
      creationDate: aTime,
      revisionDate: aTime,
      projects: [{ id: own, name: sealedText }],
      read: true,
      write: false,
    });
    expect({ status, body }).toEqual({
      status: 200,
      body: {
        object: "SecretsWithProjectsList",
        secrets: [item(two), item(one)],
        projects: [{ id: own, name: sealedText }],
      },
    });
    expect(body.secrets.map(({ key }: { key: string }) => reader.open(key))).toEqual(["TWO", "ONE"]);
    const all = await reader.get(`${home}/secrets`);
    const ids = all.body.secrets.map(({ id }: { id: string }) => id);
    expect(ids).toEqual(expect.arrayContaining([one, two]));
    expect(all.body.projects.map(({ id }: { id: string }) => id)).toEqual(
      expect.arrayContaining([own, project]),
    );
    expect((await stranger.get(`${home}/secrets`)).body).toEqual({
      object: "SecretsWithProjectsList",
      secrets: [],
      projects: [],
    });
  });

  test("200: single secrets that were shared, whatever their project", async () => {
    const machine = await aMachine("guest");
    const [one, other] = [await aSecret(), await aSecret()];
    await grant({ kind: "machine", id: machine.id }, { kind: "secret", id: one }, "read");
    const { body } = await machine.get(`${home}/secrets`);
    expect(body.secrets.map(({ id }: { id: string }) => id)).toEqual([one]);
    expect((await machine.get(`/api/secrets/${one}`)).body).toMatchObject({ read: true, write: false });
    expectNothing(await machine.get(`/api/secrets/${other}`));
    expectNothing(await machine.get(`/api/projects/${project}/secrets`));
  });

  test("404: a project that is hidden or missing, and another organization", async () => {
    expectNothing(await stranger.get(`/api/projects/${project}/secrets`));
    expectNothing(await stranger.get(`/api/projects/${nowhere}/secrets`));
    expectNothing(await reader.get(`/api/organizations/${nowhere}/secrets`));
  });
});

describe("update", () => {
  test("200: name, value and note; the same value makes no version", async () => {
    const id = await aSecret("BEFORE", "same");
    const put = (name: string, value: string) =>
      writer.put(`/api/secrets/${id}`, writer.secret(name, value, { projectIds: [project] }));
    const { status, body } = await put("AFTER", "same");
    expect({ status, name: writer.open(body.key) }).toEqual({ status: 200, name: "AFTER" });
    expect(body).toMatchObject({ object: "secret", read: true, write: true, id });
    const version = async () => (await me.get(`${natively}/stores/${project}/secrets/${id}`)).body.version;
    expect(await version()).toBe(1);
    expect(writer.open((await put("AFTER", "other")).body.value)).toBe("other");
    expect(await version()).toBe(2);
    const before = (await writer.get(`/api/secrets/${id}`)).body.revisionDate;
    expect((await put("AFTER", "other")).body.revisionDate).toBe(before);
  });

  test("200: into another project, for who writes both; out of all, for administrators", async () => {
    const target = await sharedProject("Target");
    const id = await aSecret();
    const name = aName();
    const moved = await writer.put(`/api/secrets/${id}`, writer.secret(name, "v", { projectIds: [target] }));
    expect(moved.body.projects).toEqual([{ id: target, name: sealedText }]);
    expectNothing(await writer.put(`/api/secrets/${id}`, writer.secret(name, "v", { projectIds: [] })));
    expectNothing(await writer.put(`/api/secrets/${id}`, writer.secret(name, "v")));
    const { body } = await owner.put(`/api/secrets/${id}`, owner.secret(name, "v", { projectIds: [] }));
    expect(body.projects).toEqual([]);
    for (const projectIds of [undefined, null, []]) {
      const kept = await owner.put(`/api/secrets/${id}`, owner.secret(name, "v", { projectIds }));
      expect({ status: kept.status, projects: kept.body.projects }).toEqual({ status: 200, projects: [] });
    }
  });

  test("404 and 409: without write here or there, and onto a taken name", async () => {
    const id = await aSecret();
    const taken = aName();
    await aSecret(taken);
    const at = { projectIds: [project] };
    expectNothing(await reader.put(`/api/secrets/${id}`, reader.secret(aName(), "v", at)));
    expectNothing(await stranger.put(`/api/secrets/${id}`, stranger.secret(aName(), "v", at)));
    const away = { projectIds: [await aProject(owner, "Closed")] };
    expectNothing(await writer.put(`/api/secrets/${id}`, writer.secret(aName(), "v", away)));
    const clash = await writer.put(`/api/secrets/${id}`, writer.secret(taken, "v", at));
    expectSentence(clash, "A secret with this name already exists in the project.", 409);
  });
});

describe("get by ids", () => {
  test("200: in the order asked, and each disclosure in the trail", async () => {
    const ids = [await aSecret("A1", "1"), await aSecret("A2", "2"), await aSecret("A3", "3")] as const;
    const asked = [ids[2], ids[0], ids[1]];
    const { status, body } = await reader.post("/api/secrets/get-by-ids", { ids: asked });
    expect(status).toBe(200);
    expect(body).toEqual(
      page(
        asked.map((id) => ({
          object: "baseSecret",
          ...shownSecret(organizationId, project, id),
        })),
      ),
    );
    expect(body.data.map(({ value }: { value: string }) => reader.open(value))).toEqual(["3", "1", "2"]);
    const audit = `${natively}/audit?action=secret.reveal&caller=${reader.id}&target=`;
    for (const id of ids) expect((await me.get(audit + id)).body.items).toHaveLength(1);
  });

  test("200: three thousand of them in one request", async () => {
    const crowd = await sharedProject("Crowd");
    const operations = coffer.node.operations.secrets;
    const { Plaintext } = await import("../../../src/core/plaintext.ts");
    const made = await operations.createAll(
      coffer.owner,
      { id: organizationId },
      { id: crowd },
      Array.from({ length: 3_000 }, (_, at) => ({ name: `C${at}`, value: new Plaintext(`v${at}`) })),
    );
    const ids = made.map(({ id }) => id);
    const { status, body } = await reader.post("/api/secrets/get-by-ids", { ids });
    expect(status).toBe(200);
    expect(body.data.map(({ id }: { id: string }) => id)).toEqual(ids);
    expect(reader.open(body.data[2_999].value)).toBe("v2999");
    const listed = await reader.get(`/api/projects/${crowd}/secrets`);
    expect(listed.body.secrets).toHaveLength(3_000);
  });

  test("404: none, one that is unknown, hidden or trashed; 400: one twice", async () => {
    const [id, gone] = [await aSecret(), await aSecret()];
    await writer.post("/api/secrets/delete", [gone]);
    const asked = (who: Machine, ids: unknown) => who.post("/api/secrets/get-by-ids", { ids });
    expectNothing(await asked(reader, []));
    expectNothing(await asked(reader, [id, nowhere]));
    expectNothing(await asked(reader, [nowhere, id]));
    expectNothing(await asked(reader, [id, gone]));
    expectNothing(await asked(stranger, [id]));
    expectProblem(await asked(reader, [id, gone, id]), {
      GetSecretsRequestModel: `The following GUIDs were duplicated ${id} `,
    });
    expectProblem(await asked(reader, ["x"]), { Ids: "The Ids field must be a list of ids." });
  });

  test("400: more than one request may hold, whether one is among them twice or not", async () => {
    const id = await aSecret();
    const many = Array.from({ length: 100_000 }, () => crypto.randomUUID());
    const asked = (ids: readonly string[]) => reader.post("/api/secrets/get-by-ids", { ids });
    const tooMany = { Ids: "The Ids field must be a list of at most 10000 ids." };
    for (const ids of [
      [id, ...many],
      [id, ...many, id],
    ])
      expectProblem(await asked(ids), tooMany);
  });
});

describe("delete", () => {
  test("200: into the trash, and what may not be deleted is said so", async () => {
    const [mine, guarded] = [await aSecret(), await aSecret("GUARDED", "v", null)];
    await grant({ kind: "machine", id: writer.id }, { kind: "secret", id: guarded }, "read");
    const { status, body } = await writer.post("/api/secrets/delete", [guarded, mine]);
    const item = (id: string, error: string | null) => ({ object: "BulkDeleteResponseModel", id, error });
    expect({ status, body }).toEqual({
      status: 200,
      body: page([item(guarded, "access denied"), item(mine, null)]),
    });
    expectNothing(await writer.get(`/api/secrets/${mine}`));
    expect((await writer.get(`/api/secrets/${guarded}`)).status).toBe(200);
    const trash = await me.get(`${natively}/trash`);
    expect(trash.body.items.map(({ id }: { id: string }) => id)).toContain(mine);
  });

  test("404: none, one twice, an unknown, hidden or trashed one; nothing is done", async () => {
    const [id, gone] = [await aSecret(), await aSecret()];
    await writer.post("/api/secrets/delete", [gone]);
    const remove = (who: Machine, ids: unknown) => who.post("/api/secrets/delete", ids);
    for (const ids of [[], [id, id], [id, nowhere], [id, gone]]) expectNothing(await remove(writer, ids));
    expectNothing(await remove(stranger, [id]));
    expect((await writer.get(`/api/secrets/${id}`)).status).toBe(200);
  });
});

test("a person who is nobody there, and a token of another kind", async () => {
  const member = await aMember("nobody@example.com");
  const id = await aSecret();
  expectNothing(await member.get(`/api/secrets/${id}`));
  expect((await member.get(`${home}/secrets`)).body.secrets).toEqual([]);
  const { body: service } = await me.post(`${natively}/services`, { name: "svc" });
  const minted = await me.post(`${natively}/tokens`, {
    principal: { kind: "service", id: service.id },
    name: "t",
  });
  expect((await coffer.call(minted.body.token).get(`/api/secrets/${id}`)).status).toBe(401);
});
