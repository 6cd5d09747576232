// Sync: the complete set or nothing, and told of every change whatever dialect made it.
import { beforeEach, describe, expect, test } from "vitest";
import { expectProblem, expectSentence, type Machine, page, shownSecret, startBitwarden } from "./support.ts";

const { me, home, natively, organizationId, owner, aMachine, aProject, grant } = await startBitwarden();

let machine: Machine;
let project: string;
let secret: string;

beforeEach(async () => {
  machine = await aMachine();
  project = await aProject(owner);
  await grant({ kind: "machine", id: machine.id }, { kind: "store", id: project }, "read");
  secret = (await owner.post(`${home}/secrets`, owner.secret("KEY", "v", { projectIds: [project] }))).body.id;
});

const sync = (since?: string) => {
  const query = since === undefined ? "" : `?lastSyncedDate=${encodeURIComponent(since)}`;
  return machine.get(`${home}/secrets/sync${query}`);
};

/** A moment after all that was done, as a client's clock would say. */
async function now(): Promise<string> {
  await new Promise((resolve) => setTimeout(resolve, 5));
  return new Date().toISOString();
}

test("200: everything first, then nothing until something changes", async () => {
  const first = await sync();
  expect({ status: first.status, body: first.body }).toEqual({
    status: 200,
    body: {
      object: "secretsSync",
      hasChanges: true,
      secrets: page([{ object: "baseSecret", ...shownSecret(organizationId, project, secret) }]),
    },
  });
  const at = await now();
  for (const since of [at, at.replace("Z", "+00:00"), at.replace("Z", "0000Z")]) {
    expect((await sync(since)).body).toEqual({ object: "secretsSync", hasChanges: false, secrets: null });
  }
});

describe("it is told of", () => {
  const secrets = () => `${natively}/stores/${project}/secrets`;
  const changes: Record<string, () => Promise<unknown>> = {
    "a value written natively": () => me.put(`${secrets()}/KEY/value`, { value: "w" }),
    "a name changed natively": () => me.patch(`${secrets()}/KEY`, { name: "OTHER" }),
    "a secret made by Buildkite": () =>
      me.post(`/v2/organizations/default/clusters/${project}/secrets`, { key: "MADE_THERE", value: "v" }),
    "a secret trashed": () => me.delete(`${secrets()}/KEY`),
    "a secret purged": () => me.delete(`${secrets()}/KEY?purge=true`),
    "a secret restored from the trash": async () => {
      await me.delete(`${secrets()}/KEY`);
      await me.post(`${natively}/trash/${secret}/restore`, {});
    },
    "a secret moved away": () =>
      owner.put(`/api/secrets/${secret}`, owner.secret("AWAY", "v", { projectIds: [] })),
    "a project renamed": () => owner.put(`/api/projects/${project}`, { name: owner.seal("Q") }),
    "a project deleted": () => owner.post("/api/projects/delete", [project]),
    "a grant given": async () => {
      const id = await aProject(owner, "More");
      await grant({ kind: "machine", id: machine.id }, { kind: "store", id }, "read");
    },
    "a grant taken": () =>
      me.delete(`${natively}/grants`, {
        subject: { kind: "machine", id: machine.id },
        object: { kind: "store", id: project },
      }),
    "its own renaming": () => me.patch(`${natively}/machines/${machine.id}`, { name: "renamed" }),
  };

  test.each(Object.keys(changes))("%s", async (name) => {
    const at = await now();
    expect((await sync(at)).body.hasChanges).toBe(false);
    await new Promise((resolve) => setTimeout(resolve, 5));
    await changes[name]?.();
    const { body } = await sync(at);
    expect(body.hasChanges).toBe(true);
    const keys = body.secrets.data.map(({ key }: { key: string }) => machine.open(key));
    const expected: Record<string, string[]> = {
      "a name changed natively": ["OTHER"],
      "a secret made by Buildkite": ["KEY", "MADE_THERE"],
      "a secret trashed": [],
      "a secret purged": [],
      "a secret moved away": [],
      "a project deleted": [],
      "a grant taken": [],
    };
    expect(keys).toEqual(expected[name] ?? ["KEY"]);
    expect((await sync(await now())).body.hasChanges).toBe(false);
  });

  test("nothing of what it does not see", async () => {
    const at = await now();
    const hidden = await aProject(owner, "Hidden");
    await owner.post(`${home}/secrets`, owner.secret("HIDDEN", "v", { projectIds: [hidden] }));
    await owner.post(`${home}/secrets`, owner.secret(`UNASSIGNED ${hidden}`, "v"));
    expect((await sync(at)).body.hasChanges).toBe(false);
  });

  test("a secret that was shared with it alone", async () => {
    const guest = await aMachine("guest");
    await grant({ kind: "machine", id: guest.id }, { kind: "secret", id: secret }, "read");
    const at = await now();
    const ask = async () => (await guest.get(`${home}/secrets/sync?lastSyncedDate=${at}`)).body;
    expect((await ask()).hasChanges).toBe(false);
    await me.put(`${secrets()}/KEY/value`, { value: "new" });
    const body = await ask();
    expect(body.secrets.data.map(({ value }: { value: string }) => guest.open(value))).toEqual(["new"]);
  });
});

test("400: the future, no date, and people", async () => {
  expectSentence(
    await sync(new Date(Date.now() + 120_000).toISOString()),
    "Last synced date must be in the past.",
  );
  expect((await sync(new Date(Date.now() + 30_000).toISOString())).status).toBe(200);
  for (const none of ["yesterday", "2026-11-20T09:11:55", "2026-02-30T00:00:00Z"]) {
    expectProblem(await sync(none), { lastSyncedDate: "The value is not valid." });
  }
  expectSentence(await owner.get(`${home}/secrets/sync`), "Only service accounts can sync secrets.");
});
