// Who is refused again and again does not fill the audit trail, and is not forgotten either: what is
// not written down one by one is counted, exactly.
import { createConnection } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { limits } from "../../src/core/limits.ts";
import { mintToken } from "../../src/crypto/tokens.ts";
import { heldClock, home } from "../support/coffers.ts";
import { sharedPostgres } from "../support/postgres.ts";
import { have } from "../support/requirements.ts";
import { clientOf, startCoffer, type TestCoffer, tokenIdOf } from "../support/server.ts";
import { readTrail, type TrailEntry } from "../support/trail.ts";

const minuteMs = 60_000;
const stores = "/v1/organizations/default/stores";

for (const engine of have("postgresql") ? ["SQLite", "PostgreSQL"] : ["SQLite"]) {
  describe(`counted refusals on ${engine}`, () => {
    const clock = heldClock();
    let coffer: TestCoffer;
    let database: string | null = null;

    beforeAll(async () => {
      if (engine === "PostgreSQL") database = await (await sharedPostgres()).database();
      coffer = await startCoffer(database === null ? { clock } : { clock, database });
    });
    afterAll(() => coffer.stop());

    const path = (name: string) => `${stores}/default/secrets/${name}/value`;

    const trail = async (at: number) => (await readTrail(coffer, database)).filter((entry) => entry.at >= at);

    const failedSince = async (at: number) => (await trail(at)).filter(({ outcome }) => outcome === "failed");

    const counted = async (at: number) => (await trail(at)).filter(isCount);

    /** A minute of its own for a test: what came before is written down before it. */
    const freshMinute = async () => {
      clock.pass(minuteMs);
      await coffer.node.writeRefusals();
      clock.pass(minuteMs);
      return clock.now();
    };

    test("requests without a valid credential are one entry for each minute, kind and block", async () => {
      const unknown = mintToken("person", coffer.node.context.ids.next()).text;
      const wrong = mintToken("person", tokenIdOf(coffer.token)).text;
      const nobody = coffer.call(null);
      const from = await freshMinute();
      for (let count = 0; count < 3; count += 1) await nobody.get("/v1/whoami");
      await clientOf(coffer.url, "coffer_person_nonsense").get("/v1/whoami");
      clock.pass(minuteMs / 2);
      for (let count = 0; count < 4; count += 1) await clientOf(coffer.url, unknown).get("/v1/whoami");
      for (let count = 0; count < 2; count += 1) await clientOf(coffer.url, wrong).get("/v1/whoami");
      await nobody.get("/v1/whoami");
      await coffer.node.writeRefusals();
      expect(await counted(from)).toEqual([]);

      clock.pass(minuteMs / 2);
      await nobody.get("/v1/whoami");
      await coffer.node.writeRefusals();
      const entries = await counted(from);
      const told = entries.map((entry) => [entry.because, JSON.parse(entry.details ?? "{}").count]);
      expect(new Map(told as [string, number][])).toEqual(
        new Map([
          ["missing", 4],
          ["malformed", 1],
          ["unknown", 4],
          ["wrong", 2],
        ]),
      );
      expect(entries[0]).toMatchObject({
        organization_id: null,
        caller_kind: "system",
        caller_name: "refusals",
        token_id: null,
        action: "authentication.refused",
        target_kind: "installation",
        target_id: null,
        outcome: "refused",
        address: "127.0.0.0/24",
      });
      const missing = entries.find(({ because }) => because === "missing");
      expect(JSON.parse(missing?.details ?? "{}")).toEqual({ count: 4, from, to: from + minuteMs / 2 });

      clock.pass(minuteMs);
      await coffer.node.writeRefusals();
      expect((await counted(from)).length).toBe(5);
    });

    test("of one credential so many refusals a minute are entries, and all further ones are counted", async () => {
      const { token } = coffer;
      const id = tokenIdOf(token);
      const owner = coffer.call(token);
      const from = await freshMinute();
      const refused = async () => (await failedSince(from)).length;
      // Read and write in turn: both ways lead to the same bound.
      for (let count = 0; count < 40; count += 1) {
        expect((await owner.get(path("nowhere"))).status).toBe(404);
        expect((await owner.patch(`${stores}/nowhere`, { name: "x" })).status).toBe(404);
      }
      expect(await refused()).toBe(limits.refusalsPerMinute);
      // One request for many is bounded too.
      const names = Array.from({ length: 500 }, (_, index) => `none-${index}`);
      await owner.post(`${stores}/default/values`, { names });
      expect(await refused()).toBe(limits.refusalsPerMinute);

      clock.pass(minuteMs);
      await coffer.node.writeRefusals();
      expect(await counted(from)).toEqual([
        expect.objectContaining({
          organization_id: coffer.bootstrap.organization.id,
          action: "refusals.counted",
          target_kind: "token",
          target_id: id,
          because: "repeated",
          details: JSON.stringify({ count: 520, from, to: from }),
          address: "127.0.0.0/24",
        }),
      ]);
      // What goes well is told as ever, and the next minute begins anew.
      expect((await owner.get(path("nowhere"))).status).toBe(404);
      expect(await refused()).toBe(limits.refusalsPerMinute + 1);
    });

    test("one request for very many leaves no more entries than many requests for one", async () => {
      const from = await freshMinute();
      const names = Array.from({ length: 2_000 }, (_, index) => `none-${index}`);
      await coffer.call(coffer.token).post(`${stores}/default/values`, { names });
      expect((await failedSince(from)).length).toBe(limits.refusalsPerMinute);
      clock.pass(minuteMs);
      await coffer.node.writeRefusals();
      expect((await counted(from)).map(({ details }) => JSON.parse(details ?? "{}").count)).toEqual([
        2_000 - limits.refusalsPerMinute,
      ]);
    });

    test("an organization's own list shows its repeats, and nothing of strangers", async () => {
      const { items } = await coffer.node.operations.audit.list(coffer.owner, home, anything, {
        before: null,
        limit: 1_000,
      });
      const actions = new Set(items.map(({ action }) => action));
      expect(actions).toContain("refusals.counted");
      expect(actions).not.toContain("authentication.refused");
    });

    test("what was counted is written down when the server ends", async () => {
      const from = await freshMinute();
      for (let count = 0; count < 7; count += 1) await coffer.call(null).get("/v1/whoami");
      coffer = await coffer.restart();
      expect(await counted(from)).toEqual([
        expect.objectContaining({
          because: "missing",
          details: JSON.stringify({ count: 7, from, to: from }),
        }),
      ]);
    });
  });
}

function isCount({ action }: TrailEntry): boolean {
  return action === "authentication.refused" || action === "refusals.counted";
}

const anything = {
  action: null,
  caller: null,
  target: null,
  outcome: null,
  dialect: null,
  since: null,
  until: null,
};

test("a credential that has ended is counted as such", async () => {
  const clock = heldClock();
  const coffer = await startCoffer({ clock });
  try {
    clock.pass(limits.tokenLifeMs);
    expect((await coffer.call(coffer.token).get("/v1/whoami")).status).toBe(401);
    clock.pass(minuteMs);
    await coffer.node.writeRefusals();
    const [ended, ...others] = (await readTrail(coffer, null)).filter(isCount);
    expect(others).toEqual([]);
    expect(ended).toMatchObject({ because: "ended", details: expect.stringContaining('"count":1') });
  } finally {
    await coffer.stop();
  }
});

describe("a flood", () => {
  test("of 100,000 requests without a valid credential writes a few entries, none by request", async () => {
    const clock = heldClock();
    const coffer = await startCoffer({ clock });
    try {
      const { database } = coffer.node.context;
      const head = () => database.heads()[0]?.seq;
      const before = head();
      const total = 100_000;
      const id = coffer.node.context.ids.next();
      const unknown = mintToken("person", id).text;
      const heads = [
        "",
        "authorization: Bearer nonsense\r\n",
        `authorization: Bearer ${unknown}\r\n`,
        `authorization: Bearer ${mintToken("person", tokenIdOf(coffer.token)).text}\r\n`,
      ];
      const connections = 8;
      await Promise.all(
        Array.from({ length: connections }, () => pipelined(coffer.url, heads, total / connections)),
      );
      expect(head()).toBe(before);
      clock.pass(minuteMs);
      await coffer.node.writeRefusals();
      const entries = (await readTrail(coffer, null)).filter(isCount);
      expect(entries.map(({ because }) => because).sort()).toEqual([
        "malformed",
        "missing",
        "throttled",
        "unknown",
        "wrong",
      ]);
      const sum = entries.reduce((all, { details }) => all + JSON.parse(details ?? "{}").count, 0);
      expect(sum).toBe(total);
    } finally {
      await coffer.stop();
    }
  }, 120_000);
});

/** Sends requests without waiting for each answer, and resolves when all were answered. */
function pipelined(url: string, heads: readonly string[], total: number): Promise<void> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = createConnection(Number(port), hostname);
    let sent = 0;
    let answered = 0;
    let rest = "";
    const send = () => {
      const many = Math.min(250, total - sent);
      let text = "";
      for (let count = 0; count < many; count += 1) {
        text += `GET /v1/whoami HTTP/1.1\r\nhost: flood\r\n${heads[(sent + count) % heads.length]}\r\n`;
      }
      sent += many;
      socket.write(text);
    };
    socket.on("connect", send);
    socket.on("error", reject);
    socket.on("close", () => reject(new Error(`closed after ${answered} answers`)));
    socket.on("data", (chunk) => {
      const text = rest + chunk.toString("latin1");
      const parts = text.split(/HTTP\/1\.1 (?:401|429) /);
      answered += parts.length - 1;
      rest = (parts.at(-1) ?? "").slice(-16);
      if (answered === total) {
        socket.removeAllListeners("close");
        socket.destroy();
        resolve();
      } else if (answered === sent) send();
    });
  });
}
