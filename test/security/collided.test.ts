// What one connection does to the rights and rows that a body on another has just looked at. A second
// connection holds a row until the body waits there, so that each case is met every time.
import pg from "pg";
import { afterAll, describe, expect, test } from "vitest";
import { systemCaller } from "../../src/core/caller.ts";
import { changeAccount } from "../../src/core/people/account.ts";
import { sharedPostgres, stopSharedPostgres } from "../support/postgres.ts";
import { have } from "../support/requirements.ts";
import { type Client, startCoffer, type TestCoffer, tokenIdOf } from "../support/server.ts";

const home = "/v1/organizations/default";
const secrets = `${home}/stores/default/secrets`;

afterAll(stopSharedPostgres);

interface Room {
  readonly coffer: TestCoffer;
  readonly owner: Client;
  /** In a transaction of its own, which the case commits. */
  readonly other: pg.Client;
  /** Until so many connections wait for a row. */
  waiting(count: number): Promise<void>;
}

async function inRoom(work: (room: Room) => Promise<void>): Promise<void> {
  const { database, admin } = await sharedPostgres();
  const url = await database();
  const coffer = await startCoffer({ database: url });
  const other = new pg.Client({ connectionString: url });
  await other.connect();
  const waits = `SELECT 1 FROM pg_stat_activity
    WHERE datname = '${new URL(url).pathname.slice(1)}' AND wait_event_type = 'Lock'`;
  try {
    await other.query("BEGIN");
    await work({
      coffer,
      owner: coffer.call(coffer.token),
      other,
      waiting: (count) =>
        expect
          .poll(async () => (await admin(waits)).length, { timeout: 5_000 })
          .toBeGreaterThanOrEqual(count),
    });
  } finally {
    await other.end();
    await coffer.stop();
  }
}

async function joined({ coffer, owner }: Room, role: string) {
  const invited = await owner.post(`${home}/people`, { email: `${role}@example.org`, role });
  const { invitation, membershipId } = invited.body;
  const accepted = await coffer.call(null).post("/v1/invitations/accept", { invitation, name: role });
  return { token: String(accepted.body.token), membershipId: String(membershipId) };
}

describe.runIf(have("postgresql"))("while others write", () => {
  test("who was refused after his change met another's loses his rights with the next one", () =>
    inRoom(async (room) => {
      const { coffer, owner, other, waiting } = room;
      await owner.post(secrets, { name: "KEY", value: "v" });
      const { token, membershipId } = await joined(room, "owner");
      const he = coffer.call(token);
      expect((await he.get(`${secrets}/KEY/value`)).status).toBe(200);

      // Decided under an epoch that is just being raised, it is decided again under one that it raises itself.
      const { id } = coffer.bootstrap.organization;
      await other.query("UPDATE access_epochs SET epoch = epoch + 1 WHERE scope = $1", [id]);
      const refused = he.delete(home);
      await waiting(1);
      await other.query("COMMIT");
      expect((await refused).status).toBe(409); // it is not empty

      const lowered = await owner.patch(`${home}/people/${membershipId}`, { role: "member" });
      expect(lowered.status).toBe(200);
      expect((await he.get(`${secrets}/KEY/value`)).status).toBe(404);
      expect((await he.post(secrets, { name: "NEW", value: "v" })).status).toBe(404);
      expect((await he.patch(`${home}/people/${membershipId}`, { role: "owner" })).status).toBe(403);
    }));

  test("what a token began before it was revoked is not done after it", () =>
    inRoom(async ({ coffer, owner, other, waiting }) => {
      const machine = await owner.post(`${home}/machines`, { name: "m" });
      await other.query("UPDATE organizations SET revision = revision WHERE slug = 'default'");
      const granting = owner.put(`${home}/grants`, {
        subject: { kind: "machine", id: machine.body.id },
        object: { kind: "organization", id: coffer.bootstrap.organization.id },
        level: "write",
      });
      await waiting(1);
      expect((await owner.delete(`/v1/tokens/${tokenIdOf(coffer.token)}`)).status).toBe(204);
      await other.query("COMMIT");
      expect((await granting).status).toBe(401);
    }));

  test("nor what somebody began as an operator", () =>
    inRoom(async ({ coffer, owner, other, waiting }) => {
      const { database } = coffer.node.context;
      const another = "00000000-0000-7000-8000-000000000002"; // the last one stays an operator
      await other.query(
        "INSERT INTO people (id, email, name, operator, created_at, email_folded) VALUES ($1, $2, 'B', 1, 1, $2)",
        [another, "b@example.org"],
      );
      await other.query("COMMIT");
      await other.query("BEGIN");
      await other.query("SELECT 1 FROM access_epochs WHERE scope = 'installation' FOR UPDATE");
      const { id } = coffer.bootstrap.person;
      const change = { account: { id }, change: { operator: false } };
      const taking = database.execute(changeAccount, {
        caller: systemCaller("host"),
        at: Date.now(),
        ...change,
      });
      await waiting(1);
      const making = owner.post("/v1/organizations", { slug: "two", name: "Two" });
      await waiting(2);
      await other.query("COMMIT");
      expect((await taking)?.operator).toBe(false);
      expect((await making).status).toBe(403);
    }));

  test("a value is answered although somebody holds its secret's row, and all others are", () =>
    inRoom(async ({ owner, other }) => {
      for (const name of ["HELD", "FREE"]) await owner.post(secrets, { name, value: "v" });
      await other.query("UPDATE secrets SET revision = revision WHERE name = 'HELD'");
      const answers = await Promise.all(
        ["HELD", "FREE"].map((name) => owner.get(`${secrets}/${name}/value`)),
      );
      expect(answers.map(({ status }) => status)).toEqual([200, 200]);
      await other.query("COMMIT");
    }));
});
