// The end of an organization, on both engines: at once for everybody, and then of all that it held, also
// if the server is killed in between. Its trail stays, and its neighbours notice nothing.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { verified } from "../crash/checker.ts";
import { type Place, startServer } from "../crash/child.ts";
import { type Row, reading } from "../crash/tables.ts";
import { type Wire, wireTo } from "../crash/wire.ts";
import { trustBody } from "../security/matrix/places.ts";
import { coffers } from "../support/coffers.ts";
import { sharedPostgres, stopSharedPostgres } from "../support/postgres.ts";
import { have } from "../support/requirements.ts";
import type { Answer, Client, TestCoffer } from "../support/server.ts";

afterAll(stopSharedPostgres);

const organizations = "/v1/organizations";

/** What the rest of this file needs of an answer. */
type Body = Answer["body"];
type Ask = (method: "GET" | "POST" | "PUT" | "DELETE", path: string, body?: unknown) => Promise<Body>;

interface Filled {
  readonly id: string;
  readonly tokens: readonly string[];
  /** Of an invitation that nobody has accepted. */
  readonly invitation: string;
}

/** One of everything that an organization can hold, and secrets for more than one chunk. */
async function filled(ask: Ask, slug: string, secrets: number): Promise<Filled> {
  const base = `${organizations}/${slug}`;
  const { id } = await ask("POST", organizations, { slug, name: slug });
  const { id: storeId } = await ask("POST", `${base}/stores`, { name: "More", slug: "more" });
  const secret = async (count: number) => {
    const store = count % 2 === 0 ? "default" : "more";
    const all = `${base}/stores/${store}/secrets`;
    const made = await ask("POST", all, {
      name: `S${count}`,
      value: "first",
      labels: { a: "b" },
      consumers: ["c"],
    });
    await ask("PUT", `${all}/${made.id}/value`, { value: "second" });
    if (count % 3 === 0) await ask("DELETE", `${all}/${made.id}`);
  };
  await Promise.all(Array.from({ length: secrets }, (_, count) => secret(count)));
  const machine = await ask("POST", `${base}/machines`, { name: "robot" });
  const service = await ask("POST", `${base}/services`, { name: "c" });
  const group = await ask("POST", `${base}/groups`, { name: "team" });
  await ask("POST", `${base}/trusts`, trustBody("more"));
  const invite = (email: string) => ask("POST", `${base}/people`, { email, role: "member" });
  const accepted = await ask("POST", "/v1/invitations/accept", {
    invitation: (await invite(`in@${slug}.example.org`)).invitation,
  });
  await ask("PUT", `${base}/groups/${group.id}/members/${accepted.person.id}`);
  for (const subject of [
    { kind: "group", id: group.id },
    { kind: "machine", id: machine.id },
  ]) {
    const object = { kind: "store", id: storeId };
    await ask("PUT", `${base}/grants`, { subject, object, level: "read" });
  }
  const minted = async (kind: string, its: string) =>
    (await ask("POST", `${base}/tokens`, { principal: { kind, id: its }, name: "t" })).token;
  const job = await ask("POST", `${base}/stores/more/jobs`, { jobId: "j", claims: {} });
  const tokens = [
    accepted.token,
    await minted("machine", machine.id),
    await minted("service", service.id),
    job.token,
  ];
  return { id, tokens, invitation: (await invite(`out@${slug}.example.org`)).invitation };
}

const tables = [
  "organizations WHERE id",
  "access_epochs WHERE scope",
  ...[
    "keys",
    "key_rotations",
    "memberships",
    "tokens",
    "stores",
    "secrets",
    "secret_versions",
    "changes",
    "invitations",
    "access_groups",
    "access_group_members",
    "machines",
    "services",
    "trusts",
    "jobs",
    "grants",
  ].map((table) => `${table} WHERE organization_id`),
];

/** The tables in which anything of that organization is left. Labels and consumers go with their secrets. */
function remains(place: Place, id: string): Promise<string[]> {
  const look = async (ask: (text: string) => Promise<readonly Row[]>) => {
    const left: string[] = [];
    for (const table of tables) {
      const [row] = await ask(`SELECT COUNT(*) AS count FROM ${table} = '${id}'`);
      if (Number(row?.count) > 0) left.push(table);
    }
    for (const part of ["secret_labels", "secret_consumers"]) {
      const stray = `SELECT COUNT(*) AS count FROM ${part} WHERE secret_id NOT IN (SELECT id FROM secrets)`;
      if (Number((await ask(stray))[0]?.count) > 0) left.push(part);
    }
    return left;
  };
  return reading(place, look, { beside: true });
}

for (const engine of coffers) {
  describe(`deleting an organization on ${engine.name}`, () => {
    let coffer: TestCoffer;
    let owner: Client;
    beforeAll(async () => {
      coffer = await engine.start();
      owner = coffer.call(coffer.token);
    });
    afterAll(() => coffer.stop());

    const ask: Ask = async (method, path, body) => {
      const send = {
        GET: () => owner.get(path),
        POST: () => owner.post(path, body),
        PUT: () => owner.put(path, body),
        DELETE: () => owner.delete(path, body),
      };
      const answer = await send[method]();
      if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
      return answer.body;
    };
    const made = (slug: string) => ask("POST", organizations, { slug, name: slug });
    const code = ({ status, body }: Answer) => [status, body?.error?.code];

    test("is refused while secrets are in it, live or in the trash; by force it needs the right to purge", async () => {
      const base = `${organizations}/full`;
      const { id } = await made("full");
      const { id: secret } = await ask("POST", `${base}/stores/default/secrets`, { name: "S", value: "v" });
      expect(code(await owner.delete(base))).toEqual([409, "organization.not_empty"]);
      await ask("DELETE", `${base}/stores/default/secrets/S`);
      expect(code(await owner.delete(base))).toEqual([409, "organization.not_empty"]);
      expect((await owner.get(`${base}/trash`)).body.items).toMatchObject([{ id: secret }]);

      const minted = async (scopes: readonly string[]) =>
        coffer.call((await ask("POST", "/v1/tokens", { name: "t", scopes })).token);
      const narrow = await minted(["organization.delete", "organization.read"]);
      expect(code(await narrow.delete(`${base}?force=true`))).toEqual([403, "caller.denied"]);
      const without = await minted(["secret.*", "organization.read"]);
      expect(code(await without.delete(`${base}?force=true`))).toEqual([403, "caller.denied"]);
      const { items } = await ask("GET", `${base}/audit?action=organization.delete`);
      expect(items.map((it: Body) => [it.outcome, it.because])).toEqual([
        ["refused", "token: no scope covers organization.delete"],
        ["refused", "token: no scope covers secret.purge"],
        ["failed", "organization.not_empty"],
        ["failed", "organization.not_empty"],
      ]);
      expect((await owner.delete(`${base}?force=maybe`)).status).toBe(400);

      const wide = await minted(["organization.delete", "secret.purge"]);
      expect((await wide.delete(`${base}?force=true`)).status).toBe(204);
      expect(code(await owner.get(base))).toEqual([404, "organization.not_found"]);
      await coffer.node.finishDeletions(() => false);
      expect(code(await owner.get(`${organizations}/${id}`))).toEqual([404, "organization.not_found"]);
    });

    test("is for owners alone", async () => {
      await made("kept");
      const base = `${organizations}/kept`;
      for (const role of ["admin", "auditor", "member"]) {
        const { invitation } = await ask("POST", `${base}/people`, { email: `${role}@example.org`, role });
        const { token } = await ask("POST", "/v1/invitations/accept", { invitation });
        expect(code(await coffer.call(token).delete(base))).toEqual([403, "caller.denied"]);
      }
      const { token } = await ask("POST", "/v1/tokens", { name: "t" });
      const stranger = await filled(ask, "stranger", 0);
      expect(code(await coffer.call(stranger.tokens[0] ?? "").delete(base))).toEqual([
        404,
        "organization.not_found",
      ]);
      expect((await coffer.call(token).delete(base)).status).toBe(204);
    });

    test("ends it for everybody at once: credentials, invitations, readers that wait", async () => {
      const { id, tokens, invitation } = await filled(ask, "short", 5);
      const base = `${organizations}/short`;
      const { revision } = await ask("GET", base);
      // All of them were let in before, so that what is remembered of them must not help.
      for (const token of tokens) expect((await coffer.call(token).get("/v1/whoami")).status).toBe(200);
      const [member = "", robot = ""] = tokens;
      const waiting = [
        owner.get(`${base}/changes?since=${revision}&wait=50`),
        coffer.call(robot).get(`${base}/changes?since=${revision}&wait=50`),
      ];
      const value = `${base}/stores/default/secrets/S2/value`;
      expect((await owner.get(value)).body.value).toBe("second");
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect((await owner.delete(`${base}?force=true`)).status).toBe(204);

      expect((await Promise.all(waiting)).map(code)).toEqual([
        [404, "organization.not_found"],
        [401, "caller.unauthenticated"],
      ]);
      for (const token of tokens) {
        for (const path of ["/v1/whoami", organizations, base, `${base}/stores/more/secrets`, value]) {
          expect(code(await coffer.call(token).get(path)), path).toEqual([401, "caller.unauthenticated"]);
        }
      }
      const byName = `${base}/stores/more/values`;
      expect((await coffer.call(robot).post(byName, { names: ["S1"] })).status).toBe(401);
      for (const path of [base, `${organizations}/${id}`, value, `${base}/audit`, `${base}/keys`]) {
        expect(code(await owner.get(path)), path).toEqual([404, "organization.not_found"]);
      }
      expect(code(await owner.delete(base))).toEqual([404, "organization.not_found"]);
      const accepted = await coffer.call(null).post("/v1/invitations/accept", { invitation });
      expect(code(accepted)).toEqual([404, "invitation.not_found"]);
      const { items } = await ask("GET", `${organizations}?limit=1000`);
      expect(items.map((it: Body) => it.slug)).not.toContain("short");

      // The slug is another's now, whom no token of the old one reaches.
      const again = await made("short");
      expect(again.id).not.toBe(id);
      expect((await ask("GET", base)).id).toBe(again.id);
      expect((await coffer.call(member).get(base)).status).toBe(401);
      await coffer.node.finishDeletions(() => false);
      expect((await coffer.call(member).get(base)).status).toBe(401);
      expect((await ask("GET", `${base}/stores`)).items).toHaveLength(1);
    });

    test("of a secret that is made meanwhile and a deletion one is refused", async () => {
      for (let round = 0; round < 8; round += 1) {
        const base = `${organizations}/race-${round}`;
        await made(`race-${round}`);
        const create = () => owner.post(`${base}/stores/default/secrets`, { name: "S", value: "v" });
        const [one, deleted, other] = await Promise.all([
          round % 2 === 0 ? create() : owner.get(base),
          owner.delete(base),
          round % 2 === 0 ? owner.get(base) : create(),
        ]);
        const created = round % 2 === 0 ? one : other;
        const outcome = `${created.status} and ${deleted.status}`;
        expect(["201 and 409", "404 and 204"], created.text).toContain(outcome);
      }
    });

    test("the organization of the first start is one like others; an operator makes the next", async () => {
      expect((await owner.delete(`${organizations}/default`)).status).toBe(204);
      await coffer.node.finishDeletions(() => false);
      expect((await owner.get("/v1/whoami")).status).toBe(200);
      await made("default");
      const all = `${organizations}/default/stores/default/secrets`;
      await ask("POST", all, { name: "S", value: "v" });
      expect((await ask("GET", `${all}/S/value`)).value).toBe("v");
    });
  });
}

const points = [
  "organization.delete.before-commit",
  "organization.delete.after-commit",
  "organization.purge.before-commit:1",
  "organization.purge.after-commit:2",
  "organization.purge.before-commit:4",
  "organization.purge.after-commit:6",
  "organization.purge.after-commit:12",
];

for (const engine of ["SQLite", ...(have("postgresql") ? ["PostgreSQL"] : [])]) {
  describe(`a deletion on ${engine}`, { timeout: 90_000 }, () => {
    let out: string;
    beforeEach(() => {
      out = mkdtempSync(join(tmpdir(), "coffer-deletion-"));
    });
    afterEach(() => rmSync(out, { recursive: true, force: true }));

    const asking =
      (wire: Wire): Ask =>
      async (method, path, body) => {
        const answer = await wire.send(method, path, body);
        if (answer === null || answer.status >= 300)
          throw new Error(`${method} ${path}: ${answer?.status} ${JSON.stringify(answer?.body)}`);
        return answer.body;
      };

    // Starts cost more there, and the bodies are the same.
    const tried = engine === "SQLite" ? points : points.filter((point) => /commit(:4|:6)?$/.test(point));
    test.each(tried)("killed at %s is carried on by the next start to its end", async (point) => {
      const database = engine === "SQLite" ? null : await (await sharedPostgres()).database();
      const place = { out, data: join(out, "data"), database };
      const first = startServer(place);
      const url = await first.ready;
      const { token } = JSON.parse(readFileSync(join(place.data, "bootstrap.json"), "utf8"));
      const filling = wireTo(url, token, 8);
      const { id } = await filled(asking(filling), "acme", 110);
      await asking(filling)("POST", `${organizations}/default/stores/default/secrets`, {
        name: "NEIGHBOUR",
        value: "v",
      });
      filling.close();
      await first.stop();

      const killed = startServer(place, { killAt: point });
      const dying = wireTo(await killed.ready, token, 1);
      await dying.send("DELETE", `${organizations}/acme?force=true`);
      await killed.ended;
      dying.close();
      expect(await verified(place)).toEqual([]);

      const next = startServer(place);
      const wire = wireTo(await next.ready, token, 8);
      const begun = point !== "organization.delete.before-commit";
      expect((await wire.send("GET", `${organizations}/acme`))?.status).toBe(begun ? 404 : 200);
      if (!begun) await asking(wire)("DELETE", `${organizations}/acme?force=true`);
      // By itself: nobody asks for it.
      await expect.poll(() => remains(place, id), { timeout: 20_000, interval: 200 }).toEqual([]);
      const neighbour = `${organizations}/default/stores/default/secrets/NEIGHBOUR/value`;
      expect((await wire.send("GET", neighbour))?.body.value).toBe("v");
      wire.close();
      await next.stop();
      expect(await verified(place)).toEqual([]);
      expect(await told(place, id)).toEqual(["organization.delete", "organization.purge"]);
    });
  });
}

/** What the trail keeps of the organization itself after its end. */
function told(place: Place, id: string): Promise<string[]> {
  return reading(place, async (ask) => {
    const rows = await ask(
      `SELECT action FROM audit_entries WHERE organization_id = '${id}' AND target_id = '${id}'
       AND outcome = 'allowed' AND action LIKE 'organization.%' AND action <> 'organization.create' ORDER BY at, seq`,
    );
    return rows.map(({ action }) => String(action));
  });
}
