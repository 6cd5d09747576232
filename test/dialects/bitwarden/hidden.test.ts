// What is there and hidden from a caller answers as what is not there, whatever else is wrong with his request.
import { describe, expect, test } from "vitest";
import { readTrail } from "../../support/trail.ts";
import { expectNothing, nowhere, type Speaker, startBitwarden } from "./support.ts";

const { coffer, me, home, natively, owner, aMachine, aMember, aProject, grant } = await startBitwarden();
const member = await aMember("member@example.com");
const reader = await aMember("reader@example.com");
const machine = await aMachine("stranger");
const hiddenMachine = await aMachine("hidden");

async function aSecret(project: string, name: string): Promise<{ id: string; versionId: string }> {
  const { body } = await owner.post(`${home}/secrets`, owner.secret(name, "1", { projectIds: [project] }));
  await owner.put(`/api/secrets/${body.id}`, owner.secret(name, "2", { projectIds: [project] }));
  const past = await owner.get(`/api/secrets/${body.id}/versions`);
  return { id: body.id, versionId: past.body.data[0].id };
}

const project = await aProject(owner);
const secret = await aSecret(project, "HIDDEN");
const trashed = await aSecret(project, "TRASHED");
await owner.post("/api/secrets/delete", [trashed.id]);

const account = (rest = "") =>
  [(id: string) => `/api/service-accounts/${id}${rest}`, hiddenMachine.id] as const;
const inProject = (rest = "") => [(id: string) => `/api/projects/${id}${rest}`, project] as const;
const ofSecret = (id: string, rest = "") => [(one: string) => `/api/secrets/${one}${rest}`, id] as const;

describe("404, though the body is no good:", () => {
  test.each([
    ["PUT", "a secret", ...ofSecret(secret.id)],
    ["PUT", "a secret in the trash", ...ofSecret(trashed.id)],
    ["PUT", "a version to restore", ...ofSecret(secret.id, "/versions/restore")],
    ["PUT", "a project", ...inProject()],
    ["PUT", "people of a project", ...inProject("/access-policies/people")],
    ["PUT", "machines of a project", ...inProject("/access-policies/service-accounts")],
    ["PUT", "a machine account", ...account()],
    ["POST", "its tokens", ...account("/access-tokens")],
    ["POST", "its tokens to revoke", ...account("/access-tokens/revoke")],
    ["PUT", "its projects", ...account("/granted-policies")],
    ["PUT", "its people", ...account("/access-policies/people")],
  ] as const)("%s %s", async (method, _, pathOf, there) => {
    const send = (by: Speaker, id: string) =>
      method === "PUT" ? by.put(pathOf(id), {}) : by.post(pathOf(id), {});
    for (const by of [member, machine]) for (const id of [there, nowhere]) expectNothing(await send(by, id));
    // Who may is told what is wrong; what lies in the trash is there for nobody.
    expect((await send(owner, there)).status).toBe(there === trashed.id ? 404 : 400);
  });

  test("that it was hidden is in the audit trail", async () => {
    await member.get(`/api/secrets/${secret.id}`);
    const entry = (await readTrail(coffer, null)).findLast(({ target_id }) => target_id === secret.id);
    expect(entry).toMatchObject({ outcome: "refused", because: "not his to see" });
  });
});

describe("versions by their ids", () => {
  test("hidden ones are passed over as unknown ones are", async () => {
    const open = await aProject(owner, "Open");
    await grant({ kind: "person", id: reader.id }, { kind: "store", id: open }, "read");
    const visible = await aSecret(open, "VISIBLE");
    const ask = async (...ids: string[]) => {
      const { status, body } = await reader.post("/api/secret-versions/get-by-ids", ids);
      return { status, ids: body.data?.map(({ id }: { id: string }) => id) };
    };
    const seen = { status: 200, ids: [visible.versionId] };
    for (const other of [nowhere, secret.versionId, trashed.versionId]) {
      expect(await ask(visible.versionId, other)).toEqual(seen);
      expect(await ask(other, visible.versionId)).toEqual(seen);
      expectNothing(await reader.post("/api/secret-versions/get-by-ids", [other]));
      expectNothing(await reader.get(`/api/secret-versions/${other}`));
    }
  });

  test("also of another organization of the caller", async () => {
    const slug = "elsewhere";
    const { body: other } = await me.post("/v1/organizations", { slug, name: "Elsewhere" });
    const { body: made } = await me.post(`/v1/organizations/${slug}/stores/default/secrets`, {
      name: "A",
      value: "1",
    });
    await me.put(`/v1/organizations/${slug}/stores/default/secrets/${made.id}/value`, { value: "2" });
    expect(other.id).toBeDefined();
    const [past] = (await owner.get(`/api/secrets/${made.id}/versions`)).body.data;
    // The owner sees both; what he has deleted in one organization does not decide about the other.
    const { status, body } = await owner.post("/api/secret-versions/get-by-ids", [
      trashed.versionId,
      past.id,
    ]);
    expect({ status, ids: body.data?.map(({ id }: { id: string }) => id) }).toEqual({
      status: 200,
      ids: [past.id],
    });
    expect((await me.get(`${natively}/stores/${project}`)).status).toBe(200);
  });
});
