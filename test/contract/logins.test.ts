// Every way by which somebody comes by a credential is one entry, on both engines; bearing one is none.
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SignJWT } from "jose";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { recover } from "../../src/server/recover.ts";
import { coffers } from "../support/coffers.ts";
import { sharedPostgres, stopSharedPostgres } from "../support/postgres.ts";
import { type Client, startCoffer, type TestCoffer, tokenIdOf, tokenSecretOf } from "../support/server.ts";
import { readTrail, type TrailEntry } from "../support/trail.ts";

afterAll(stopSharedPostgres);

const home = "/v1/organizations/default";

/** The entries that a login leaves; what the server says of itself is none. */
const logins: ReadonlySet<string> = new Set([
  "installation.create",
  "token.recover",
  "invitation.accept",
  "token.manage",
  "job.manage",
  "session.open",
]);

for (const { name } of coffers) {
  describe(`a login on ${name}`, () => {
    let data: string;
    let database: string | null;
    let coffer: TestCoffer;
    let owner: Client;
    const flags = () => ({ data, ...(database === null ? {} : { database }) });
    const start = async () => {
      coffer = await startCoffer(flags());
      owner = coffer.call(coffer.token);
    };
    beforeEach(async () => {
      data = mkdtempSync(join(tmpdir(), "coffer-logins-"));
      database = name === "SQLite" ? null : await (await sharedPostgres()).database();
      await start();
    });
    afterEach(async () => {
      await coffer.stop();
      rmSync(data, { recursive: true, force: true });
    });

    const trail = () => readTrail(coffer, database);

    /** What was written into the trail meanwhile. */
    async function left(work: () => Promise<unknown>): Promise<readonly TrailEntry[]> {
      const before = new Set((await trail()).map((entry) => JSON.stringify(entry)));
      await work();
      const after = (await trail()).filter((entry) => !before.has(JSON.stringify(entry)));
      // A further connection to PostgreSQL opens a stream of its own whenever it is needed.
      return after.filter(({ action }) => !action.startsWith("audit."));
    }

    test("the first start is one, of the token that it gives; bearing it is none", async () => {
      const entries = (await trail()).filter(({ action }) => logins.has(action));
      expect(entries).toMatchObject([
        { action: "installation.create", because: "on the host", outcome: "allowed" },
      ]);
      expect(JSON.parse(entries[0]?.details ?? "")).toEqual({
        organization: coffer.bootstrap.organization.id,
        person: coffer.bootstrap.person.id,
        tokenId: tokenIdOf(coffer.token),
      });
      const none = await left(async () => {
        for (const path of ["/v1/whoami", home, `${home}/stores`, "/v1/me"]) {
          expect((await owner.get(path)).status).toBe(200);
        }
      });
      expect(none).toEqual([]);
    });

    test("to get back in where there is no installation makes none", async () => {
      const place = join(data, "mistyped");
      const empty = database === null ? {} : { database: await (await sharedPostgres()).database() };
      const named = database === null ? place : "postgres";
      for (const attempt of [1, 2]) {
        const found = recover({ data: place, ...empty });
        await expect(found, `${attempt}`).rejects.toThrow(`There is no installation in ${named}`);
        expect(existsSync(place)).toBe(false);
      }
      if (database === null) return;
      // Another host of the same database, with the root key alone.
      await coffer.stop();
      const { path } = await recover({ data: place, database, rootKey: join(data, "root.key") });
      expect(path).toBe(join(place, "recovery.json"));
    });

    test("to get back in by the host is one", async () => {
      await coffer.stop();
      const { token } = await recover(flags());
      await start();
      const found = (await trail()).filter(({ action }) => action === "token.recover");
      expect(found).toMatchObject([
        { target_kind: "token", target_id: tokenIdOf(token), outcome: "allowed" },
      ]);
      expect(JSON.parse(found[0]?.details ?? "")).toEqual({ person: coffer.bootstrap.person.id });
    });

    test("an invitation that is accepted, a token that is made and a job that is let in are one each", async () => {
      const { body: invited } = await owner.post(`${home}/people`, {
        email: "a@example.org",
        role: "member",
      });
      const { body: robot } = await owner.post(`${home}/machines`, { name: "robot" });
      const { body: service } = await owner.post(`${home}/services`, { name: "service" });
      const minted = async (send: () => ReturnType<Client["post"]>) => {
        let token = "";
        const entries = await left(async () => {
          const { status, body } = await send();
          expect(status).toBe(201);
          token = body.token;
        });
        expect(entries).toHaveLength(1);
        const [{ action, token_id, target_id, details, outcome } = entries[0] as TrailEntry] = entries;
        expect(outcome).toBe("allowed");
        expect(JSON.stringify(entries)).not.toContain(tokenSecretOf(token));
        const its = tokenIdOf(token);
        const named = [token_id, target_id, JSON.parse(details ?? "{}").tokenId].includes(its);
        return [action, named];
      };
      expect(
        await minted(() => owner.post("/v1/invitations/accept", { invitation: invited.invitation })),
      ).toEqual(["invitation.accept", true]);
      expect(await minted(() => owner.post("/v1/tokens", { name: "mine" }))).toEqual(["token.manage", true]);
      for (const principal of [
        { kind: "person", id: coffer.bootstrap.person.id },
        { kind: "machine", id: robot.id },
        { kind: "service", id: service.id },
      ]) {
        const body = { principal, name: "t" };
        expect(await minted(() => owner.post(`${home}/tokens`, body))).toEqual(["token.manage", true]);
      }
      const job = { jobId: "j", claims: {} };
      const letIn = () => owner.post(`${home}/stores/default/jobs`, job);
      expect(await minted(letIn)).toEqual(["job.manage", true]);
    });

    /** A trust for the jobs of `acme`, and a maker of their tokens. */
    async function trusted(organization: string) {
      const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
      const key = { ...publicKey.export({ format: "jwk" }), kid: "k", alg: "ES256", use: "sig" };
      const [issuer, audience] = ["https://ci.example.org", randomUUID()];
      const { body: trust } = await owner.post(`${organization}/trusts`, {
        name: "ci",
        issuer,
        audience,
        jwks: { keys: [key] },
        claims: { organization_slug: "acme" },
        store: "default",
        as: "job",
      });
      const signed = (slug: string) =>
        new SignJWT({ organization_slug: slug, job_id: randomUUID() })
          .setProtectedHeader({ alg: "ES256", kid: "k" })
          .setIssuer(issuer)
          .setAudience(audience)
          .setSubject("pipeline")
          .setIssuedAt()
          .setExpirationTime("5m")
          .sign(privateKey);
      return { trust, signed };
    }

    test("no foreign token is let in by the trust of an organization that is deleted", async () => {
      const base = "/v1/organizations/trusting";
      expect((await owner.post("/v1/organizations", { slug: "trusting", name: "T" })).status).toBe(201);
      const { signed } = await trusted(base);
      const [before, after] = [coffer.call(await signed("acme")), coffer.call(await signed("acme"))];
      expect((await before.get("/v1/whoami")).body.principal.kind).toBe("job");
      expect((await owner.delete(base)).status).toBe(204);
      const opened = await left(async () => {
        for (const one of [before, after, before]) expect((await one.get("/v1/whoami")).status).toBe(401);
      });
      expect(opened.filter(({ action }) => logins.has(action))).toEqual([]);
    });

    test("a foreign token is one at its first use, and each refused one is counted as untrusted", async () => {
      const { trust, signed } = await trusted(home);
      const job = coffer.call(await signed("acme"));
      const entries = await left(async () => {
        for (const _ of "abc") expect((await job.get("/v1/whoami")).status).toBe(200);
      });
      expect(entries).toMatchObject([{ action: "session.open", caller_kind: "job", because: "trust ci" }]);
      expect(entries[0]?.token_id).toBe(entries[0]?.target_id);
      expect(JSON.parse(entries[0]?.details ?? "")).toMatchObject({ trust: trust.id });

      const other = coffer.call(await signed("other"));
      for (const _ of "ab") expect((await other.get("/v1/whoami")).status).toBe(401);
      // What was counted is written when the server ends.
      await coffer.stop();
      await start();
      const counts = (await trail()).filter(({ action }) => action === "authentication.refused");
      expect(counts.map(({ because, details }) => [because, JSON.parse(details ?? "").count])).toEqual([
        ["untrusted", 2],
      ]);
    });
  });
}
