// `coffer account`, on both engines: who holds the host changes other people's accounts. It binds where
// credentials are remembered, stands in the trail, and leaves an operator.
import { randomUUID } from "node:crypto";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { accounts, setAccount } from "../../src/server/accounts.ts";
import { recover } from "../../src/server/recover.ts";
import { reading } from "../crash/tables.ts";
import { coffers } from "../support/coffers.ts";
import { sharedPostgres, stopSharedPostgres } from "../support/postgres.ts";
import { startCoffer, type TestCoffer } from "../support/server.ts";

afterAll(stopSharedPostgres);

for (const { name } of coffers) {
  describe(`accounts on the host on ${name}`, () => {
    let data: string;
    let database: string | null;
    let coffer: TestCoffer;
    const flags = () => ({ data, ...(database === null ? {} : { database }) });
    const start = () => startCoffer({ data, ...(database === null ? {} : { database }) });
    beforeEach(async () => {
      data = mkdtempSync(join(tmpdir(), "coffer-accounts-"));
      database = name === "SQLite" ? null : await (await sharedPostgres()).database();
      coffer = await start();
    });
    afterEach(async () => {
      await coffer.stop();
      rmSync(data, { recursive: true, force: true });
    });

    async function joined(email: string): Promise<{ id: string; token: string }> {
      const owner = coffer.call(coffer.token);
      const { body } = await owner.post("/v1/organizations/default/people", { email, role: "member" });
      const answer = await owner.post("/v1/invitations/accept", { invitation: body.invitation });
      return { id: answer.body.person.id, token: answer.body.token };
    }

    test("name and address are another's to change here, by address or id, and nobody else's tokens end", async () => {
      const { id, token } = await joined("Ada@example.org");
      await joined("bob@example.org");
      await coffer.stop();
      const named = await setAccount(flags(), "ADA@example.org", { name: "Ada Lovelace" });
      expect(named).toMatchObject({ id, email: "Ada@example.org", name: "Ada Lovelace", operator: false });
      await setAccount(flags(), id, { email: "countess@example.org" });
      const taken = setAccount(flags(), id, { email: "BOB@example.org" });
      await expect(taken).rejects.toMatchObject({ code: "people.email_taken" });
      const missing = setAccount(flags(), randomUUID(), { name: "Nobody" });
      await expect(missing).rejects.toMatchObject({ code: "principal.not_found" });
      for (const wrong of [{ name: "" }, { email: "no address" }, { email: "\u00e9@example.org" }]) {
        await expect(setAccount(flags(), id, wrong)).rejects.toMatchObject({ code: "request.invalid" });
      }
      expect((await accounts(flags())).map((it) => [it.email, it.name])).toEqual([
        ["bob@example.org", "bob"],
        ["countess@example.org", "Ada Lovelace"],
        ["owner@localhost", "Owner"],
      ]);
      const told = await reading({ out: data, data, database }, (ask) =>
        ask(
          `SELECT organization_id, caller_kind, caller_name, outcome, because, target_name, details
           FROM audit_entries WHERE action = 'people.manage' AND target_id = '${id}' ORDER BY at, seq`,
        ),
      );
      const common = {
        organization_id: null,
        caller_kind: "system",
        caller_name: "coffer account set",
        outcome: "allowed",
        because: "on the host",
      };
      expect(told.map((row) => ({ ...row }))).toEqual([
        { ...common, target_name: "Ada@example.org", details: '{"changed":["name"]}' },
        { ...common, target_name: "countess@example.org", details: '{"changed":["email"]}' },
      ]);
      coffer = await start();
      const me = await coffer.call(token).get("/v1/me");
      expect(me.body).toMatchObject({ id, name: "Ada Lovelace", email: "countess@example.org" });
    });

    test("who is an operator is said here; one always remains", async () => {
      const { id } = await joined("ada@example.org");
      const owner = coffer.bootstrap.person.id;
      await coffer.stop();
      const last = setAccount(flags(), owner, { operator: false });
      await expect(last).rejects.toThrow("The installation would be left without an operator.");
      expect((await setAccount(flags(), id, { operator: true })).operator).toBe(true);
      expect((await setAccount(flags(), owner, { operator: false })).operator).toBe(false);
      // Whoever is the first operator now is who gets back in by the host.
      expect((await recover(flags())).person.id).toBe(id);
      const told = await reading({ out: data, data, database }, (ask) =>
        ask(`SELECT target_id, details FROM audit_entries WHERE action = 'people.manage'
             AND because = 'on the host' ORDER BY at, seq`),
      );
      expect(told.map((row) => [row.target_id, row.details])).toEqual([
        [id, '{"changed":["operator"],"operator":true}'],
        [owner, '{"changed":["operator"],"operator":false}'],
      ]);
      coffer = await start();
      const made = await coffer.call(coffer.token).post("/v1/organizations", { slug: "s", name: "S" });
      expect([made.status, made.body.error.code]).toEqual([403, "caller.denied"]);
    });

    test("without the root key nothing is changed, and not while the server runs", async () => {
      const owner = coffer.bootstrap.person.id;
      if (database === null) {
        const busy = setAccount(flags(), owner, { name: "Other" });
        await expect(busy).rejects.toThrow(/in use|another/i);
      }
      await coffer.stop();
      const elsewhere = mkdtempSync(join(tmpdir(), "coffer-accounts-"));
      cpSync(data, elsewhere, { recursive: true });
      rmSync(join(elsewhere, "root.key"));
      const sealed = setAccount({ ...flags(), data: elsewhere }, owner, { name: "Other" });
      await expect(sealed).rejects.toMatchObject({ code: "server.sealed" });
      rmSync(elsewhere, { recursive: true, force: true });
      expect((await accounts(flags()))[0]?.name).toBe("Owner");
    });
  });
}
