// Tokens and jobs through the operations, on both engines: what raises an epoch and what does not, what
// is kept of those that ended, and what happens when rights are taken while they are used.
import { setTimeout } from "node:timers/promises";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type { Caller } from "../../src/core/caller.ts";
import { findCredential } from "../../src/core/credentials.ts";
import { limits } from "../../src/core/limits.ts";
import { prepareReveal } from "../../src/core/secrets/reveal.ts";
import type { NewlyMinted } from "../../src/core/tokens/operations.ts";
import { coffers, freshStore, heldClock, home, lastingOwner, refusal, text } from "../support/coffers.ts";
import { sharedPostgres } from "../support/postgres.ts";
import { have } from "../support/requirements.ts";
import { startCoffer, type TestCoffer, tokenIdOf } from "../support/server.ts";

const store = { slug: "default" };
const hour = 60 * 60 * 1000;

for (const engine of coffers) {
  describe(`tokens on ${engine.name}`, () => {
    const clock = heldClock();
    let coffer: TestCoffer;
    let owner: Caller;
    beforeAll(async () => {
      coffer = await engine.start({ clock });
      owner = await lastingOwner(coffer);
      await coffer.node.operations.secrets.create(owner, home, store, { name: "KEY", value: text("x") });
    });
    afterAll(() => coffer.stop());

    const operations = () => coffer.node.operations;
    const mint = (request: { expiresAt?: number; scopes?: readonly string[] } = {}, by = owner) =>
      operations().tokens.mint(by, home, { kind: "person", id: owner.id }, { name: "made", ...request });
    const through = ({ token }: Pick<NewlyMinted, "token">): Caller => ({ ...owner, tokenId: token.id });
    const job = (jobId: string, ttlSeconds: number | null = null, at = store) =>
      operations().jobs.start(owner, home, at, { jobId, claims: {}, ttlSeconds });
    const reveal = (caller: Caller) => operations().secrets.reveal(caller, home, store, { name: "KEY" }, {});
    const kept = async (tokenId: string) =>
      (await coffer.node.context.database.point(findCredential, { tokenId })) !== null;

    /** Under what something is decided now. */
    const standing = async () => {
      const { epochs, organizationRevision } = await coffer.node.context.database.point(prepareReveal, {
        caller: owner,
        at: clock.now(),
        organizationId: coffer.bootstrap.organization.id,
        store,
        secret: { name: "KEY" },
        version: null,
        opaque: false,
        foldNames: false,
      });
      return { ...epochs, revision: organizationRevision };
    };

    test("minting and revoking raise the organization's epoch, or for all of them the installation's", async () => {
      const before = await standing();
      const bound = await mint();
      await operations().tokens.revoke(owner, home, bound.token.id);
      expect(await standing()).toEqual({ ...before, organization: before.organization + 2 });
      const wide = await operations().tokens.own.mint(owner, { name: "wide" });
      await operations().tokens.own.revoke(owner, wide.token.id);
      expect(await standing()).toEqual({
        ...before,
        organization: before.organization + 2,
        installation: before.installation + 2,
      });
    });

    test("a job that is let in raises none, one that is ended does", async () => {
      const before = await standing();
      await job("one");
      expect(await standing()).toEqual(before);
      await operations().jobs.end(owner, home, store, "one");
      expect(await standing()).toEqual({ ...before, organization: before.organization + 1 });
    });

    test("a revoked credential does nothing any more, whatever was remembered of it", async () => {
      const minted = await mint();
      const caller = through(minted);
      await reveal(caller);
      await operations().tokens.revoke(caller, home, minted.token.id);
      expect((await refusal(reveal(caller))).code).toBe("caller.unauthenticated");
      expect((await refusal(mint({}, caller))).code).toBe("caller.unauthenticated");
      expect((await refusal(operations().tokens.own.list(caller, { before: null, limit: 1 }))).code).toBe(
        "caller.unauthenticated",
      );
    });

    test("minting while the minter is revoked is done or refused, and refused from then on", async () => {
      const minter = await mint();
      const outcomes = await Promise.allSettled([
        ...Array.from({ length: 5 }, () => mint({}, through(minter))),
        operations().tokens.revoke(owner, home, minter.token.id),
        ...Array.from({ length: 5 }, () => mint({}, through(minter))),
      ]);
      for (const outcome of outcomes) {
        if (outcome.status === "rejected") expect(outcome.reason.code).toBe("caller.unauthenticated");
      }
      expect(outcomes[5]?.status).toBe("fulfilled");
      expect((await refusal(mint({}, through(minter)))).code).toBe("caller.unauthenticated");
    });

    test("tokens that ended are kept for a day, then they and the jobs are forgotten", async () => {
      const lasting = await mint();
      const expiring = await mint({ expiresAt: clock.now() + hour });
      const revoked = await mint();
      await operations().tokens.revoke(owner, home, revoked.token.id);
      const session = tokenIdOf((await job("short")).token);
      const ended = [expiring.token.id, revoked.token.id, session];
      clock.pass(hour);
      expect((await refusal(reveal(through(expiring)))).code).toBe("caller.unauthenticated");
      clock.pass(limits.endedTokensKeptMs - hour - 1);
      await coffer.node.sweep(() => false);
      for (const id of ended) expect(await kept(id)).toBe(true);
      clock.pass(hour + 1);
      const before = await standing();
      await coffer.node.sweep(() => false);
      for (const id of ended) expect(await kept(id)).toBe(false);
      expect(await kept(lasting.token.id)).toBe(true);
      expect(await standing()).toEqual(before);
    });

    test("the last use moves forward, and moves no epoch and no revision", async () => {
      const { token } = await mint();
      const lastUsedAt = async () => (await operations().tokens.get(owner, home, token.id)).lastUsedAt;
      const used = async () => {
        coffer.node.uses.note(token.id);
        coffer.node.uses.note(null);
        await coffer.node.writeUses();
      };
      expect(await lastUsedAt()).toBeNull();
      const before = await standing();
      await used();
      const first = clock.now();
      expect(await lastUsedAt()).toBe(first);
      clock.pass(1_000);
      await used();
      expect(await lastUsedAt()).toBe(first + 1_000);
      clock.pass(-5_000);
      await used();
      expect(await lastUsedAt()).toBe(first + 1_000);
      clock.pass(5_000);
      expect(await standing()).toEqual(before);
    });

    test("ending a job ends as many sessions as it has, more than one commit takes", async () => {
      const count = limits.jobSessionsChunk + 1;
      const sessions = await Promise.all(Array.from({ length: count }, () => job("many")));
      const elsewhere = await freshStore(coffer);
      const other = await operations().jobs.start(owner, home, elsewhere, { jobId: "many", claims: {} });
      await operations().jobs.end(owner, home, store, "many");
      const caller = (token: string): Caller => ({ ...owner, kind: "job", tokenId: tokenIdOf(token) });
      const refusals = await Promise.all(sessions.map(({ token }) => refusal(reveal(caller(token)))));
      expect(new Set(refusals.map(({ code }) => code))).toEqual(new Set(["caller.unauthenticated"]));
      expect((await refusal(reveal(caller(other.token)))).code).toBe("store.not_found");
    });

    test("a store takes its jobs with it", async () => {
      const doomed = await freshStore(coffer);
      const { token } = await operations().jobs.start(owner, home, doomed, { jobId: "j", claims: {} });
      await operations().stores.remove(owner, home, doomed, { force: false, removal: "trash" });
      expect(await kept(tokenIdOf(token))).toBe(false);
    });
  });
}

describe.runIf(have("postgresql"))("tokens on several nodes", () => {
  test("a job is let in by no rights that another node is just taking", async () => {
    const database = await (await sharedPostgres()).database();
    const coffer = await startCoffer({ database });
    const node = new pg.Client({ connectionString: database });
    await node.connect();
    onTestFinished(async () => {
      await node.end();
      await coffer.stop();
    });
    const { owner } = coffer;
    const start = () => coffer.node.operations.jobs.start(owner, home, store, { jobId: "j", claims: {} });
    await start();
    await node.query("BEGIN");
    await node.query("UPDATE access_epochs SET epoch = epoch + 1 WHERE scope <> 'installation'");
    await node.query("UPDATE tokens SET revoked_at = 1 WHERE id = $1", [owner.tokenId]);
    const starting = refusal(start());
    const first = await Promise.race([starting, setTimeout(500, "waits")]);
    await node.query("COMMIT");
    expect(first).toBe("waits");
    expect((await starting).code).toBe("caller.unauthenticated");
  });
});
