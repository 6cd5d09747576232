// A change of access that met another one is decided again under an epoch of its own, and then refused:
// nothing of that may be believed when the epoch comes again and takes somebody's rights.
import pg from "pg";
import { afterAll, expect, test } from "vitest";
import { sharedPostgres, stopSharedPostgres } from "../support/postgres.ts";
import { have } from "../support/requirements.ts";
import { type Client, startCoffer } from "../support/server.ts";

const home = "/v1/organizations/default";
const value = `${home}/stores/default/secrets/KEY/value`;

afterAll(stopSharedPostgres);

/** Somebody raises the epoch while `work` decides, so that it decides again, and holds the epoch then. */
async function met(database: string, organizationId: string, work: () => Promise<unknown>): Promise<void> {
  const other = new pg.Client({ connectionString: database });
  await other.connect();
  try {
    await other.query("BEGIN");
    await other.query("UPDATE access_epochs SET epoch = epoch + 1 WHERE scope = $1", [organizationId]);
    const working = work();
    const name = new URL(database).pathname.slice(1);
    const waits = `SELECT 1 FROM pg_stat_activity WHERE datname = '${name}' AND wait_event_type = 'Lock'`;
    const { admin } = await sharedPostgres();
    await expect.poll(async () => (await admin(waits)).length, { timeout: 5_000 }).toBe(1);
    await other.query("COMMIT");
    await working;
  } finally {
    await other.end();
  }
}

async function joined(owner: Client, nobody: Client, role: string) {
  const invited = await owner.post(`${home}/people`, { email: `${role}@example.org`, role });
  const { invitation, membershipId } = invited.body;
  const accepted = await nobody.post("/v1/invitations/accept", { invitation, name: role });
  return { token: String(accepted.body.token), membershipId: String(membershipId) };
}

test.runIf(have("postgresql"))(
  "who was refused after his change met another's loses his rights with the next one",
  async () => {
    const database = await (await sharedPostgres()).database();
    const coffer = await startCoffer({ database });
    try {
      const owner = coffer.call(coffer.token);
      await owner.post(`${home}/stores/default/secrets`, { name: "KEY", value: "v" });
      const { token, membershipId } = await joined(owner, coffer.call(null), "owner");
      const he = coffer.call(token);
      expect((await he.get(value)).status).toBe(200);

      await met(database, coffer.bootstrap.organization.id, async () => {
        expect((await he.delete(home)).status).toBe(409); // it is not empty
      });
      const lowered = await owner.patch(`${home}/people/${membershipId}`, { role: "member" });
      expect(lowered.status).toBe(200);

      expect((await he.get(value)).status).toBe(404);
      expect((await he.post(`${home}/stores/default/secrets`, { name: "NEW", value: "v" })).status).toBe(404);
      expect((await he.patch(`${home}/people/${membershipId}`, { role: "owner" })).status).toBe(403);
    } finally {
      await coffer.stop();
    }
  },
);
