// What only the shared engine promises: several processes at once, lost connections, conflicts.
import { describe, expect, test } from "vitest";
import type { Database } from "../../src/core/ports.ts";
import { openPostgres } from "../../src/storage/postgres/open.ts";
import * as bodies from "../support/engine-bodies.ts";
import { postgresPlace } from "../support/open-engine.ts";
import { sharedPostgres, startPostgres } from "../support/postgres.ts";
import { have } from "../support/requirements.ts";
import { silentWay } from "../support/silent-way.ts";

const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => "done",
    (error) => error.code,
  );

async function expectUnbroken(database: Database): Promise<void> {
  const last = new Map<string, number>();
  for (const { stream, seq } of await database.scan(bodies.entries, null)) {
    expect(seq).toBe((last.get(stream) ?? 0) + 1);
    last.set(stream, seq);
  }
}

/** Cuts every connection to a database, as a restart of the server would. */
async function cutAll(url: string, where = "true"): Promise<void> {
  const name = new URL(url).pathname.slice(1);
  const text = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}' AND ${where}`;
  await (await sharedPostgres()).admin(text);
}

describe.runIf(have("postgresql"))("PostgreSQL", () => {
  test("two nodes that find an empty database at the same time both come up", async () => {
    const place = await postgresPlace();
    const [one, two] = await Promise.all([place.open({ node: "one" }), place.open({ node: "two" })]);
    await Promise.all([one.execute(bodies.put, { id: "a" }), two.execute(bodies.put, { id: "b" })]);
    expect(await one.point(bodies.list, null)).toEqual(["a", "b"]);
    await expectUnbroken(two);
  });

  test("a node hears of another's revisions", async () => {
    const place = await postgresPlace();
    const [one, two] = [await place.open({ node: "one" }), await place.open({ node: "two" })];
    await one.execute(bodies.found, { id: "org", at: 1 });
    const heard = new Promise((resolve) => two.onRevision(resolve));
    await one.execute(bodies.advance, { id: "org", revisions: 1, refuse: false });
    expect(await heard).toBe("org");
  });

  test("after all connections were cut, work goes on with new streams, and the old ones are closed", async () => {
    const place = await postgresPlace();
    const database = await place.open();
    await Promise.all([
      database.execute(bodies.put, { id: "a" }),
      database.share(bodies.record, { id: "b" }),
    ]);
    const before = database.heads().map((head) => head.stream);
    await cutAll(place.where);
    for (const write of [
      (id: string) => database.execute(bodies.put, { id }),
      (id: string) => database.share(bodies.record, { id }),
    ]) {
      let outcome: unknown = null;
      for (let tries = 0; outcome !== "done" && tries < 50; tries += 1) {
        outcome = await codeOf(write(`again${Math.random()}`));
        expect(["done", "storage.unavailable", "storage.outcome_unknown"]).toContain(outcome);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      expect(outcome).toBe("done");
    }
    await expectUnbroken(database);
    const rows = await database.scan(bodies.streams, null);
    for (const id of before) expect(rows.find((row) => row.id === id)?.closed_at).not.toBeNull();
    for (const head of database.heads()) {
      expect(rows.find((row) => row.id === head.stream)?.closed_at).toBeNull();
    }
  });

  test("a stream of a living node is never closed by another", async () => {
    const place = await postgresPlace();
    const one = await place.open({ node: "same" });
    await one.execute(bodies.put, { id: "a" });
    const two = await place.open({ node: "same" });
    await two.execute(bodies.put, { id: "b" });
    await one.execute(bodies.put, { id: "c" });
    const rows = await one.scan(bodies.streams, null);
    expect(rows.map((row) => row.closed_at)).toEqual([null, null]);
    await expectUnbroken(one);
  });

  test("a body that ran into another's way runs again, and its caller does not notice", async () => {
    const place = await postgresPlace();
    const database = await place.open({ connections: 4 });
    for (const id of ["x", "y"]) await database.execute(bodies.found, { id, at: 1 });
    await Promise.all([
      database.execute(bodies.advanceBoth, { first: "x", second: "y" }),
      database.execute(bodies.advanceBoth, { first: "y", second: "x" }),
    ]);
    expect(await database.execute(bodies.advance, { id: "x", revisions: 0, refuse: false })).toBe(2);
    await expectUnbroken(database);
  });

  test("a mutation that outlives its wait is unknown, and its connection is not used again", async () => {
    const place = await postgresPlace();
    const database = await place.open({ connections: 1, limits: { commitWaitMs: 300 } });
    const since = performance.now();
    expect(await codeOf(database.execute(bodies.sleepOnServer, { seconds: 5 }))).toMatch(/^storage\./);
    expect(await codeOf(database.share(bodies.sleepOnServer, { seconds: 5 }))).toBe("storage.unavailable");
    expect(performance.now() - since).toBeLessThan(2_500);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await codeOf(database.execute(bodies.put, { id: "a" }))).toBe("done");
    expect(await codeOf(database.share(bodies.record, { id: "b" }))).toBe("done");
    expect(await database.point(bodies.list, null)).toEqual(["a", "b"]);
  });

  test("every session that writes waits for the disk, whatever the server's default is", async () => {
    const place = await postgresPlace();
    const name = new URL(place.where).pathname.slice(1);
    await (await sharedPostgres()).admin(`ALTER DATABASE ${name} SET synchronous_commit = off`);
    const database = await place.open();
    expect(await database.execute(bodies.setting, { name: "synchronous_commit" })).toBe("on");
    expect(await database.share(bodies.setting, { name: "synchronous_commit" })).toBe("on");
  });

  test("a connection that falls silent in its first words is given up, and the next one serves", async () => {
    const place = await postgresPlace();
    const way = await silentWay(place.where);
    const database = await openPostgres({ url: way.url, bodies });
    try {
      await database.share(bodies.record, { id: "a" });
      way.silentAfter("SET synchronous_commit");
      await cutAll(place.where);
      const hung = [
        codeOf(database.share(bodies.record, { id: "b" })),
        codeOf(database.execute(bodies.put, { id: "c" })),
      ];
      await new Promise((resolve) => setTimeout(resolve, 500));
      way.silentAfter(null);
      const since = performance.now();
      await Promise.all(hung);
      for (const again of [
        () => database.share(bodies.record, { id: "d" }),
        () => database.execute(bodies.put, { id: "e" }),
      ])
        await expect.poll(() => codeOf(again()), { timeout: 5_000 }).toBe("done");
      expect(performance.now() - since).toBeLessThan(6_000);
    } finally {
      await database.close();
      way.close();
    }
  });

  test("what a refused body saw of access is forgotten with it: its epoch may come again and mean something else", async () => {
    const database = await (await postgresPlace()).open({ connections: 2 });
    expect(await database.execute(bodies.remember, { id: "a" })).toBe("");
    expect(await database.execute(bodies.remember, { id: "b" })).toBe("a");
    const refused = await codeOf(database.execute(bodies.remember, { id: "c", label: "refused" }));
    expect(refused).toBe("quota.exceeded");
    expect(await database.execute(bodies.remember, { id: "d" })).toBe("ab");
  });

  test("what was decided about somebody whose access moved is decided again, however long it takes to write", async () => {
    const database = await (await postgresPlace()).open();
    await database.execute(bodies.startEpoch, { id: "installation" });
    await database.execute(bodies.startEpoch, { id: "acme" });
    const deciding = (by: string) => database.execute(bodies.decideSlowly, { id: "acme", by, seconds: 1 });
    const both = Promise.all([deciding("lowered"), deciding("kept")]);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await database.execute(bodies.raiseEpoch, { id: "acme" });
    // Who is still who he was goes on: others come and go all the time.
    expect(await both).toEqual([2, 1]);
    expect(await database.point(bodies.list, null)).toEqual(["by-1", "by-2"]);
  });

  test("a statement of a session takes one core, so that a search leaves the others to who reads", async () => {
    const place = await postgresPlace();
    const database = await place.open();
    const name = "max_parallel_workers_per_gather";
    expect(await database.execute(bodies.setting, { name })).toBe("0");
    expect(await database.share(bodies.setting, { name })).toBe("0");
  });

  test("a server that would lose what it confirms is refused", async () => {
    const careless = await startPostgres({ fsync: "off" });
    try {
      const opening = openPostgres({ url: await careless.database(), bodies });
      await expect(opening).rejects.toThrow(/fsync=off/);
    } finally {
      await careless.stop();
    }
  });

  test("a server that is not there is refused without quoting its address", async () => {
    const opening = openPostgres({ url: "postgresql://u:hunter2@127.0.0.1:1/none", bodies });
    const error = await opening.catch((it) => it);
    expect(error).toMatchObject({ code: "storage.unavailable" });
    expect(error.message).not.toContain("hunter2");
  });
});
