// The primary is lost and a standby takes its place: what was confirmed is there, what was not is not called
// done, and work goes on without anybody's help.
import { afterEach, describe, expect, test } from "vitest";
import type { Database } from "../../src/core/ports.ts";
import { openPostgres, type PostgresOptions } from "../../src/storage/postgres/open.ts";
import * as bodies from "../support/engine-bodies.ts";
import { type Replicated, startReplicated } from "../support/replicated.ts";
import { have } from "../support/requirements.ts";

/** Documented for the time from which the other takes writes. */
const backMsMax = 5_000;

const ended: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ended.splice(0).reverse()) await end();
});

async function replicated(options?: { synchronous: boolean }): Promise<Replicated> {
  const servers = await startReplicated(options);
  ended.push(() => servers.stop());
  return servers;
}

async function open(url: string, more: Partial<PostgresOptions> = {}): Promise<Database> {
  const database = await openPostgres({ url, bodies, ...more });
  ended.push(() => database.close().catch(() => undefined));
  return database;
}

type Outcome = "done" | "storage.unavailable" | "storage.outcome_unknown";

/** Writes one note after another until it is stopped, and remembers what it was told of each. */
function writing(database: Database, name: string) {
  const told = new Map<string, Outcome>();
  const doneAtMs: number[] = [];
  let stopped = false;
  const working = (async () => {
    for (let number = 0; !stopped; number += 1) {
      const id = `${name}-${number}`;
      const way =
        number % 3 === 0 ? database.share(bodies.record, { id }) : database.execute(bodies.put, { id });
      const outcome: Outcome = await way.then(
        () => "done" as const,
        (error) => error.code,
      );
      told.set(id, outcome);
      if (outcome === "done") doneAtMs.push(performance.now());
      else await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  return {
    told,
    doneAtMs,
    async done(count: number) {
      const before = doneAtMs.length;
      while (doneAtMs.length < before + count) await new Promise((resolve) => setTimeout(resolve, 5));
    },
    async stop() {
      stopped = true;
      await working;
    },
  };
}

function expectKept(writers: readonly ReturnType<typeof writing>[], there: readonly string[]): void {
  const held = new Set(there);
  expect(held.size).toBe(there.length);
  for (const { told } of writers) {
    for (const [id, outcome] of told) {
      if (outcome === "done") expect(held, `${id} was confirmed`).toContain(id);
      // A record that is not confirmed may stand: nobody was answered, and nothing is asked of it.
      if (outcome === "storage.unavailable" && Number(id.split("-")[1]) % 3 !== 0) {
        expect(held, `${id} was said not to be done`).not.toContain(id);
      }
      expect(["done", "storage.unavailable", "storage.outcome_unknown"]).toContain(outcome);
    }
  }
}

async function expectUnbroken(database: Database): Promise<void> {
  const last = new Map<string, number>();
  for (const { stream, seq } of await database.scan(bodies.entries, null)) {
    expect(seq).toBe((last.get(stream) ?? 0) + 1);
    last.set(stream, seq);
  }
}

describe.runIf(have("postgresql"))("a primary and its standby", () => {
  test("the primary is killed under load: nothing confirmed is lost, and work goes on at the other", async () => {
    const servers = await replicated();
    const url = await servers.database();
    const [one, two] = [await open(url, { node: "one" }), await open(url, { node: "two" })];
    const writers = [1, 2, 3, 4].map((number) => writing(number % 2 === 0 ? one : two, `w${number}`));
    await Promise.all(writers.map((writer) => writer.done(10)));
    servers.killPrimary();
    const { doneMs } = await servers.promote();
    await Promise.all(writers.map((writer) => writer.done(10)));
    for (const { doneAtMs } of writers) {
      const [first = Number.POSITIVE_INFINITY] = doneAtMs.filter((ms) => ms > doneMs);
      expect(first - doneMs).toBeLessThan(backMsMax);
    }
    // What one does, the other hears of again.
    await one.execute(bodies.found, { id: "org", at: 1 });
    const heard = new Promise<void>((resolve) =>
      two.onRevision((id) => {
        if (id === "org") resolve();
      }),
    );
    const moving = setInterval(() => {
      void one.execute(bodies.advance, { id: "org", revisions: 1, refuse: false }).catch(() => undefined);
    }, 50);
    await heard.finally(() => clearInterval(moving));
    await Promise.all(writers.map((writer) => writer.stop()));
    expectKept(writers, await one.scan(bodies.list, null));
    await expectUnbroken(two);
  });

  test("a former primary that comes back without knowing of the other is not used, even if it is alone", async () => {
    const servers = await replicated();
    const url = await servers.database();
    const told: string[] = [];
    const listen = (fields: object) => void told.push(JSON.stringify(fields));
    const log = { info: () => {}, warn: () => {}, error: listen };
    let behind = false;
    const onBehind = () => {
      behind = true;
    };
    const database = await open(url, { log, onBehind });
    const writer = writing(database, "w");
    await writer.done(5);
    servers.killPrimary();
    await servers.promote();
    await writer.done(5);
    await servers.rebuild("former primary");
    servers.killPrimary();
    while (!told.some((line) => line.includes("a former primary"))) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await writer.stop();
    expect(await database.execute(bodies.put, { id: "z" }).catch((error) => error.code)).toBe(
      "storage.unavailable",
    );
    expect(behind).toBe(false);
  });

  test("a server that hangs is left for the one that was promoted", async () => {
    const servers = await replicated();
    const database = await open(await servers.database(), { limits: { commitWaitMs: 1_000 } });
    const writer = writing(database, "w");
    await writer.done(5);
    servers.freezePrimary();
    const { doneMs } = await servers.promote();
    await writer.done(5);
    const [first = Number.POSITIVE_INFINITY] = writer.doneAtMs.filter((ms) => ms > doneMs);
    expect(first - doneMs).toBeLessThan(backMsMax);
    await writer.stop();
    expectKept([writer], await database.scan(bodies.list, null));
  });

  test("a commit that was made to stop waiting for the standby is not called done", async () => {
    const servers = await replicated();
    const url = await servers.database();
    const warnings: (string | null)[] = [];
    const onWarning = (warning: string | null) => void warnings.push(warning);
    const database = await open(url, { onWarning });
    await database.execute(bodies.put, { id: "before" });
    expect(warnings).toEqual([]);
    servers.stopStandby();
    await open(url, { onWarning });
    const told = new Set(warnings);
    expect([...told]).toEqual([expect.stringMatching(/no synchronous standby is connected: writes wait/)]);
    const outcome = database.execute(bodies.put, { id: "a" }).then(
      () => "done",
      (error) => error.code,
    );
    const waiting = `SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND query = 'COMMIT'`;
    for (let cancelled = 0; cancelled === 0; ) cancelled = (await servers.admin(waiting)).length;
    expect(await outcome).toBe("storage.outcome_unknown");
    await servers.startStandby();
  });

  test("without a synchronous standby nobody can tell what was lost, so nothing is remembered", async () => {
    const servers = await replicated({ synchronous: false });
    const behind = Promise.withResolvers<void>();
    const url = await servers.database();
    const database = await open(url, { onBehind: behind.resolve });
    await database.execute(bodies.put, { id: "a" });
    await servers.caughtUp();
    servers.killPrimary();
    await servers.promote();
    const asking = setInterval(() => void database.point(bodies.list, null).catch(() => undefined), 50);
    await behind.promise.finally(() => clearInterval(asking));
    expect(await database.point(bodies.list, null).catch((error) => error.code)).toBe("storage.unavailable");
    // As far as this node knows nothing was: the installation goes on as it is.
    const again = await open(url);
    expect(await again.point(bodies.restorePending, null)).toBeNull();
    expect(await again.point(bodies.list, null)).toEqual(["a"]);
  });

  test("a standby that lacks what was confirmed is found out, and not used as if nothing had happened", async () => {
    const servers = await replicated({ synchronous: false });
    const behind = Promise.withResolvers<void>();
    const url = await servers.database();
    const database = await open(url, { onBehind: behind.resolve });
    await database.execute(bodies.put, { id: "early" });
    await servers.admin("SELECT pg_switch_wal()");
    servers.stopStandby();
    await database.execute(bodies.put, { id: "late" });
    servers.killPrimary();
    await servers.startStandby();
    await servers.promote();
    const asking = setInterval(() => void database.point(bodies.list, null).catch(() => undefined), 50);
    await behind.promise.finally(() => clearInterval(asking));
    expect(await database.point(bodies.list, null).catch((error) => error.code)).toBe("storage.unavailable");
    // The mark is there for whoever opens it next.
    const again = await open(url);
    for (;;) {
      if ((await again.point(bodies.restorePending, null)) !== null) break;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(await again.point(bodies.list, null)).not.toContain("late");
  });
});
