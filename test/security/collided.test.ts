// What others do meanwhile to the rights that a body on PostgreSQL has just looked at, and to the rows that
// it reads.
import { afterAll, expect } from "vitest";
import { systemCaller } from "../../src/core/caller.ts";
import { changeAccount } from "../../src/core/people/account.ts";
import { stopSharedPostgres } from "../support/postgres.ts";
import { type Meeting, raced } from "../support/raced.ts";
import { tokenIdOf } from "../support/server.ts";

const home = "/v1/organizations/default";
const secrets = `${home}/stores/default/secrets`;

afterAll(stopSharedPostgres);

async function joined({ coffer }: Meeting, role: string) {
  const owner = coffer.call(coffer.token);
  const invited = await owner.post(`${home}/people`, { email: `${role}@example.org`, role });
  const { invitation, membershipId } = invited.body;
  const accepted = await coffer.call(null).post("/v1/invitations/accept", { invitation, name: role });
  return { token: String(accepted.body.token), membershipId: String(membershipId) };
}

raced(
  "who was refused after his change met another's loses his rights with the next one",
  async (meeting) => {
    const { coffer, hold, waiting, letGo } = meeting;
    const owner = coffer.call(coffer.token);
    await owner.post(secrets, { name: "KEY", value: "v" });
    const { token, membershipId } = await joined(meeting, "owner");
    const he = coffer.call(token);
    expect((await he.get(`${secrets}/KEY/value`)).status).toBe(200);

    // Decided under an epoch that is just being raised, it is decided again under one that it raises itself.
    const { id } = coffer.bootstrap.organization;
    await hold("UPDATE access_epochs SET epoch = epoch + 1 WHERE scope = $1", [id]);
    const refused = he.delete(home);
    await waiting(1);
    await letGo();
    expect((await refused).status).toBe(409); // it is not empty

    const lowered = await owner.patch(`${home}/people/${membershipId}`, { role: "member" });
    expect(lowered.status).toBe(200);
    expect((await he.get(`${secrets}/KEY/value`)).status).toBe(404);
    expect((await he.post(secrets, { name: "NEW", value: "v" })).status).toBe(404);
    expect((await he.patch(`${home}/people/${membershipId}`, { role: "owner" })).status).toBe(403);
  },
);

raced("what a token began before it was revoked is not done after it", async (meeting) => {
  const { coffer, hold, waiting, letGo } = meeting;
  const owner = coffer.call(coffer.token);
  const machine = await owner.post(`${home}/machines`, { name: "m" });
  await hold("UPDATE organizations SET revision = revision WHERE slug = 'default'");
  const granting = owner.put(`${home}/grants`, {
    subject: { kind: "machine", id: machine.body.id },
    object: { kind: "organization", id: coffer.bootstrap.organization.id },
    level: "write",
  });
  await waiting(1);
  expect((await owner.delete(`/v1/tokens/${tokenIdOf(coffer.token)}`)).status).toBe(204);
  await letGo();
  expect((await granting).status).toBe(401);
});

raced("nor what somebody began as an operator", async (meeting) => {
  const { coffer, rows, hold, waiting, letGo } = meeting;
  const another = "00000000-0000-7000-8000-000000000002"; // the last one stays an operator
  await rows(
    "INSERT INTO people (id, email, name, operator, created_at, email_folded) VALUES ($1, $2, 'B', 1, 1, $2)",
    [another, "b@example.org"],
  );
  await hold("SELECT 1 FROM access_epochs WHERE scope = 'installation' FOR UPDATE");
  const taking = coffer.node.context.database.execute(changeAccount, {
    caller: systemCaller("host"),
    at: Date.now(),
    account: { id: coffer.bootstrap.person.id },
    change: { operator: false },
  });
  await waiting(1);
  const making = coffer.call(coffer.token).post("/v1/organizations", { slug: "two", name: "Two" });
  await waiting(2);
  await letGo();
  expect((await taking)?.operator).toBe(false);
  expect((await making).status).toBe(403);
});

raced("a value is answered although somebody holds its secret's row, and all others are", async (meeting) => {
  const { coffer, hold, letGo } = meeting;
  const owner = coffer.call(coffer.token);
  for (const name of ["HELD", "FREE"]) await owner.post(secrets, { name, value: "v" });
  await hold("UPDATE secrets SET revision = revision WHERE name = 'HELD'");
  const answers = await Promise.all(["HELD", "FREE"].map((name) => owner.get(`${secrets}/${name}/value`)));
  expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  await letGo();
});

raced("who may make stores is decided once more where another has decided it meanwhile", async (meeting) => {
  const { coffer, rows, hold, waiting, letGo } = meeting;
  const epoch = async () =>
    (await rows("SELECT epoch FROM access_epochs WHERE scope = $1", [coffer.bootstrap.organization.id]))[0]
      ?.epoch;
  const before = Number(await epoch());
  await hold("UPDATE organizations SET members_create = 0 WHERE slug = 'default'");
  const settings = coffer.call(coffer.token).patch(home, { membersCreate: true });
  await waiting(1);
  await letGo();
  expect((await settings).body).toMatchObject({ membersCreate: true });
  // It was so when he was admitted, and is a change of access all the same.
  expect(Number(await epoch())).toBe(before + 1);
});
