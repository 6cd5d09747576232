// Projects: the stores of an organization but its default one.
import { describe, expect, test } from "vitest";
import {
  anId,
  aTime,
  expectNothing,
  expectProblem,
  nowhere,
  page,
  sealedText,
  startBitwarden,
} from "./support.ts";

const { coffer, me, home, natively, organizationId, owner, aMachine, aMember, aProject, grant } =
  await startBitwarden();

const machine = await aMachine("ci");
const stranger = await aMachine("stranger");

const shown = (id: string, may: { read: boolean; write: boolean }) => ({
  object: "project",
  id,
  organizationId,
  name: sealedText,
  creationDate: aTime,
  revisionDate: aTime,
  ...may,
});
const all = { read: true, write: true };

test("200: a machine makes one, and reads and writes it; others see nothing of it", async () => {
  const made = await machine.post(`${home}/projects`, { name: machine.seal("Web ✓") });
  expect({ status: made.status, body: made.body }).toEqual({ status: 200, body: shown(anId, all) });
  const { id } = made.body;
  expect(machine.open(made.body.name)).toBe("Web ✓");
  expect((await machine.get(`/api/projects/${id}`)).body).toEqual(shown(id, all));
  expect((await machine.get(`${home}/projects`)).body).toEqual(page([shown(id, all)]));
  expectNothing(await stranger.get(`/api/projects/${id}`));
  expect((await stranger.get(`${home}/projects`)).body).toEqual(page([]));
  const renamed = await machine.put(`/api/projects/${id}`, { name: machine.seal("Other") });
  expect(renamed.body).toEqual(shown(id, all));
  expect(machine.open(renamed.body.name)).toBe("Other");
  const there = await me.get(`${natively}/stores/${id}`);
  expect(there.body).toMatchObject({ id, name: "Other" });
});

test("200: a member makes one and gives access to it; readers do not write", async () => {
  const member = await aMember("maker@example.com");
  const { body } = await member.post(`${home}/projects`, { name: member.seal("Mine") });
  await grant({ kind: "machine", id: stranger.id }, { kind: "store", id: body.id }, "read");
  expect((await stranger.get(`/api/projects/${body.id}`)).body).toEqual(
    shown(body.id, { read: true, write: false }),
  );
  expectNothing(await stranger.put(`/api/projects/${body.id}`, { name: stranger.seal("x") }));
});

test("the default store is no project", async () => {
  const { id } = coffer.bootstrap.store;
  expectNothing(await owner.get(`/api/projects/${id}`));
  expectNothing(await owner.put(`/api/projects/${id}`, { name: owner.seal("x") }));
  expectNothing(await owner.post("/api/projects/delete", [id]));
  const { body } = await owner.get(`${home}/projects`);
  expect(body.data.map((each: { id: string }) => each.id)).not.toContain(id);
});

test("400: names by their rules", async () => {
  const post = (name: unknown) => owner.post(`${home}/projects`, { name });
  expectProblem(await post(null), { Name: "The Name field is required." });
  expectProblem(await post("plain"), { Name: "Name is not a valid encrypted string." });
  expectProblem(await post("2.".padEnd(1_001, "A")), {
    Name: "The field Name exceeds the maximum encrypted value length of 1000 characters.",
  });
  expectProblem(await post(owner.seal("")), { Name: '"name" must not be empty' });
  expect((await post(owner.seal("n".repeat(500)))).status).toBe(200);
  expectProblem(await owner.get("/api/projects/x"), { id: "The value 'x' is not valid." });
});

describe("delete", () => {
  const item = (id: string, error: string | null) => ({ object: "BulkDeleteResponseModel", id, error });

  test("200: its secrets stay, with no project; what may not be deleted is said so", async () => {
    const [mine, readable] = [await aProject(owner, "Mine"), await aProject(owner, "Readable")];
    await grant({ kind: "machine", id: machine.id }, { kind: "store", id: mine }, "write");
    await grant({ kind: "machine", id: machine.id }, { kind: "store", id: readable }, "read");
    const made = await machine.post(`${home}/secrets`, machine.secret("STAYS", "v", { projectIds: [mine] }));
    const unassigned = { kind: "store", id: coffer.bootstrap.store.id } as const;
    await grant({ kind: "machine", id: machine.id }, unassigned, "write");
    const { status, body } = await machine.post("/api/projects/delete", [readable, mine]);
    expect({ status, body }).toEqual({
      status: 200,
      body: page([item(readable, "access denied"), item(mine, null)]),
    });
    expectNothing(await machine.get(`/api/projects/${mine}`));
    expectNothing(await stranger.get(`/api/secrets/${made.body.id}`));
    const kept = await owner.get(`/api/secrets/${made.body.id}`);
    expect({ status: kept.status, projects: kept.body.projects }).toEqual({ status: 200, projects: [] });
    expect(kept.body.revisionDate > made.body.revisionDate).toBe(true);
  });

  test("200: who may create nothing without a project puts nothing there by deleting one", async () => {
    const member = await aMember("planter@example.com");
    const id = await aProject(member, "Mine");
    const { body: empty } = await member.post(`${home}/projects`, { name: member.seal("Empty") });
    const planted = { name: "NODE_OPTIONS", value: "--require /tmp/x.js", consumers: ["workers"] };
    const made = await member.post(`${natively}/stores/${id}/secrets`, planted);
    expect(made.status).toBe(201);
    const { status, body } = await member.post("/api/projects/delete", [id, empty.id]);
    expect({ status, body }).toEqual({
      status: 200,
      body: page([item(id, "access denied"), item(empty.id, null)]),
    });
    expect((await me.get(`${natively}/stores/default/secrets/NODE_OPTIONS`)).status).toBe(404);
    expect((await owner.get(`/api/secrets/${made.body.id}`)).body.projects).toMatchObject([{ id }]);
    await member.post("/api/secrets/delete", [made.body.id]);
    expect((await member.post("/api/projects/delete", [id])).body).toEqual(page([item(id, null)]));
    expect((await me.get(`${natively}/stores/default/secrets/NODE_OPTIONS`)).status).toBe(404);
  });

  test("200: a name that is taken where they would go keeps the project", async () => {
    const id = await aProject(owner, "Clash");
    await owner.post(`${home}/secrets`, owner.secret("TWICE", "v"));
    await owner.post(`${home}/secrets`, owner.secret("TWICE", "w", { projectIds: [id] }));
    const { body } = await owner.post("/api/projects/delete", [id]);
    expect(body).toEqual(
      page([item(id, "A secret of this project has the name of a secret without a project.")]),
    );
    expect((await owner.get(`/api/projects/${id}/secrets`)).body.secrets).toHaveLength(1);
  });

  test("404: none, one twice, an unknown or a hidden one; nothing is done", async () => {
    const id = await aProject(owner, "Here");
    for (const ids of [[], [id, id], [id, nowhere]])
      expectNothing(await owner.post("/api/projects/delete", ids));
    expectNothing(await stranger.post("/api/projects/delete", [id]));
    expect((await owner.get(`/api/projects/${id}`)).status).toBe(200);
  });
});
