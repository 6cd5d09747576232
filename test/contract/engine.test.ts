// What both engines promise to the core, in one text.
import { describe, expect, test } from "vitest";
import { chainFormat, chainHash, chainStart } from "../../src/core/audit/entry.ts";
import type { Database } from "../../src/core/ports.ts";
import * as bodies from "../support/engine-bodies.ts";
import { engines } from "../support/open-engine.ts";

const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => "done",
    (error) => error.code,
  );

/** Every stream without a gap, each entry chained to the one before, each head where the table ends. */
async function expectUnbroken(database: Database): Promise<readonly bodies.EntryRow[]> {
  const rows = await database.scan(bodies.entries, null);
  const last = new Map<string, bodies.EntryRow>();
  for (const row of rows) {
    const { hash, ...fields } = row;
    const before = last.get(row.stream);
    expect(row.seq).toBe((before?.seq ?? 0) + 1);
    const canonical = JSON.stringify([chainFormat, ...Object.values(fields)]);
    expect(Buffer.from(hash)).toEqual(Buffer.from(chainHash(before?.hash ?? chainStart, canonical)));
    last.set(row.stream, row);
  }
  for (const head of database.heads()) {
    const stored = last.get(head.stream);
    expect(stored?.seq).toBe(head.seq);
    expect(Buffer.from(stored?.hash ?? [])).toEqual(Buffer.from(head.hash));
  }
  return rows;
}

for (const engine of engines) {
  describe(`the engine on ${engine.name}`, () => {
    test("a mutation and its record are there for every reader once the promise resolves", async () => {
      const database = await (await engine.place()).open();
      expect(await database.execute(bodies.put, { id: "a", bytes: 3 })).toBe("a");
      const row = { id: "a", label: null, filler: new Uint8Array([7, 7, 7]), size: 3 };
      expect({ ...(await database.point(bodies.read, { id: "a" })) }).toEqual(row);
      expect(await database.scan(bodies.list, null)).toEqual(["a"]);
      const entries = await expectUnbroken(database);
      expect(entries.filter((one) => one.target_id === "a")).toHaveLength(1);
    });

    test("a refusal undoes its own writes and leaves its record, and the others of the group stand", async () => {
      const database = await (await engine.place()).open();
      const outcomes = await Promise.all([
        codeOf(database.execute(bodies.put, { id: "a" })),
        codeOf(database.execute(bodies.refuse, { id: "b" })),
        codeOf(database.execute(bodies.put, { id: "c" })),
        codeOf(database.share(bodies.refuseFirst, { id: "d" })),
        codeOf(database.share(bodies.record, { id: "e" })),
      ]);
      expect(outcomes).toEqual(["done", "quota.exceeded", "done", "quota.exceeded", "done"]);
      expect(await database.point(bodies.list, null)).toEqual(["a", "c", "e"]);
      const entries = await expectUnbroken(database);
      const refused = entries.filter((one) => one.outcome === "refused").map((one) => one.target_id);
      expect(refused.sort()).toEqual(["b", "d"]);
    });

    test("a refusal tells its details and nothing of its cause", async () => {
      const database = await (await engine.place()).open();
      const error = await database.execute(bodies.refuse, { id: "a" }).catch((it) => it);
      expect(error).toMatchObject({ name: "CofferError", code: "quota.exceeded", details: { limit: 0 } });
    });

    test("a mistake in one body hurts no other and keeps its words to itself", async () => {
      const database = await (await engine.place()).open();
      const [, error] = await Promise.all([
        database.execute(bodies.put, { id: "a" }),
        database.execute(bodies.stumble, { id: "b" }).catch((it) => it),
        database.execute(bodies.put, { id: "c" }),
      ]);
      expect(error.code).toBe("internal");
      expect(error.message).not.toContain("inner words");
      expect(await database.point(bodies.list, null)).toEqual(["a", "c"]);
      await expectUnbroken(database);
    });

    test("a refusal that cannot be recorded is a mistake, not a silent refusal", async () => {
      const database = await (await engine.place()).open();
      expect(await codeOf(database.execute(bodies.unrecorded, { id: "a" }))).toBe("internal");
      await database.execute(bodies.put, { id: "b" });
      await expectUnbroken(database);
    });

    test("the unique index decides, and names itself", async () => {
      const database = await (await engine.place()).open();
      const error = (work: Promise<unknown>) =>
        work.then(
          () => null,
          (it) => it.details,
        );
      await database.execute(bodies.claim, { id: "a", label: "x" });
      expect(await error(database.execute(bodies.claim, { id: "b", label: "x" }))).toEqual({
        rule: "notes_label",
      });
      expect(await error(database.execute(bodies.claim, { id: "a" }))).toEqual({ rule: "notes_pkey" });
      expect(await database.point(bodies.list, null)).toEqual(["a"]);
    });

    test("of many who want the same at once, one gets it", async () => {
      const database = await (await engine.place()).open();
      const wants = Array.from({ length: 20 }, (_, id) =>
        database.execute(bodies.claim, { id: `${id}`, label: "x" }),
      );
      const outcomes = await Promise.all(wants.map(codeOf));
      expect(outcomes.filter((one) => one === "done")).toHaveLength(1);
      expect(outcomes.filter((one) => one === "secret.name_taken")).toHaveLength(19);
    });

    test("text that an engine would not keep exactly is refused", async () => {
      const database = await (await engine.place()).open();
      expect(await codeOf(database.execute(bodies.illFormed, { id: "a" }))).toBe("internal");
      expect(await codeOf(database.execute(bodies.put, { id: "a\0" }))).toBe("internal");
      expect(await database.point(bodies.list, null)).toEqual([]);
    });

    test("records in one queue are shared, in order, with no number given twice", async () => {
      const database = await (await engine.place()).open();
      const notes = Array.from({ length: 200 }, (_, index) => String(index).padStart(3, "0"));
      await database.share(bodies.record, { id: "" });
      const before = await database.execute(bodies.groups, null);
      await Promise.all(notes.map((id) => database.share(bodies.record, { id })));
      expect(await database.point(bodies.list, null)).toEqual(["", ...notes]);
      await expectUnbroken(database);
      // 200 records and the question itself; what comes while a commit runs goes into the next.
      expect((await database.execute(bodies.groups, null)) - before).toBeLessThan(8);
    });

    test("a body without savepoint that refuses after it wrote leaves nothing of itself", async () => {
      const database = await (await engine.place()).open();
      // Asked for in one turn, so that on SQLite they are one group for certain.
      const outcomes = await Promise.all([
        codeOf(database.execute(bodies.record, { id: "a" })),
        codeOf(database.execute(bodies.refuseLast, { id: "b" })),
        codeOf(database.execute(bodies.record, { id: "d" })),
      ]);
      // Only PostgreSQL can give each a transaction of its own; SQLite answers that none was done.
      const others = engine.name === "SQLite" ? "storage.unavailable" : "done";
      expect([outcomes[0], outcomes[2]]).toEqual([others, others]);
      expect(outcomes[1]).not.toBe("done");
      expect(await database.point(bodies.list, null)).toEqual(others === "done" ? ["a", "d"] : []);
      await database.execute(bodies.put, { id: "c" });
      await expectUnbroken(database);
    });

    test("a body that swallows the engine's error cannot make it a success", async () => {
      const database = await (await engine.place()).open();
      await database.execute(bodies.put, { id: "a", label: "x" });
      const outcome = await codeOf(database.execute(bodies.swallow, { id: "a" }));
      const listed = await database.point(bodies.list, null);
      // SQLite undoes the refused statement alone; PostgreSQL ends the transaction and says so.
      expect(engine.name === "SQLite" ? "done" : "internal").toBe(outcome);
      expect(listed).toEqual(outcome === "done" ? ["a", "a-after"] : ["a"]);
      await expectUnbroken(database);
    });

    test("listeners hear of revisions that moved, and only of those committed", async () => {
      const database = await (await engine.place()).open();
      const heard: string[] = [];
      database.onRevision((id) => heard.push(id));
      for (const id of ["one", "two"]) await database.execute(bodies.found, { id, at: 1 });
      await database.execute(bodies.advance, { id: "one", revisions: 1, refuse: false });
      expect(heard).toEqual(["one"]);
      await codeOf(database.execute(bodies.advance, { id: "two", revisions: 1, refuse: true }));
      await database.execute(bodies.advance, { id: "two", revisions: 0, refuse: false });
      expect(heard).toEqual(["one"]);
    });

    test("a reading body sees one snapshot while others write", async () => {
      const database = await (await engine.place()).open();
      const writes = Array.from({ length: 60 }, (_, index) =>
        database.execute(bodies.put, { id: `${index}` }),
      );
      for (let round = 0; round < 40; round += 1) {
        const reads = [database.point(bodies.twice, null), database.scan(bodies.twice, null)];
        for (const [first, second] of await Promise.all(reads)) expect(first).toBe(second);
      }
      await Promise.all(writes);
    });

    test("what was written is seen by the next read", async () => {
      const database = await (await engine.place()).open();
      for (let round = 0; round < 30; round += 1) {
        const id = `r${round}`;
        // Reads in flight must not lend their older snapshot to those that come after the commit.
        const noise = Array.from({ length: 5 }, () => database.point(bodies.twice, null));
        await database.execute(bodies.put, { id });
        expect(await database.point(bodies.read, { id })).not.toBeNull();
        await Promise.all(noise);
      }
    });

    test("a mistake in a reading body is answered as one, and the next body reads on", async () => {
      const database = await (await engine.place()).open();
      expect(await codeOf(database.point(bodies.misread, null))).toBe("internal");
      expect(await codeOf(database.scan(bodies.misread, null))).toBe("internal");
      expect(await database.point(bodies.list, null)).toEqual([]);
    });

    test("a commit that failed is unknown, nothing is assumed of it, and work goes on", async () => {
      const database = await (await engine.place()).open();
      await database.execute(bodies.put, { id: "a" });
      expect(await codeOf(database.execute(bodies.lose, { id: "b" }))).toBe("storage.unavailable");
      expect(await codeOf(database.execute(bodies.confirmless, { id: "c" }))).toBe("storage.outcome_unknown");
      await database.execute(bodies.put, { id: "d" });
      expect(await database.point(bodies.list, null)).toEqual(["a", "c", "d"]);
      await expectUnbroken(database);
    });

    test("a scan that takes too long is given up, and the next one is served", async () => {
      const database = await (await engine.place()).open({ limits: { scanSecondsMax: 0.8 } });
      const since = performance.now();
      expect(await codeOf(database.scan(bodies.long, null))).toBe("storage.unavailable");
      expect(performance.now() - since).toBeLessThan(2_500);
      expect(await database.scan(bodies.list, null)).toEqual([]);
    });

    test("more scans than the queue holds are refused at once", async () => {
      const database = await (await engine.place()).open({ limits: { scanQueueMax: 2 } });
      const outcomes = await Promise.all(
        Array.from({ length: 12 }, () => codeOf(database.scan(bodies.list, null))),
      );
      expect(outcomes).toContain("server.busy");
      expect(outcomes).toContain("done");
    });

    test("more writes than the queue holds are refused at once", async () => {
      const database = await (await engine.place()).open({ limits: { writerQueueMax: 3 } });
      const notes = Array.from({ length: 6 }, (_, id) =>
        codeOf(database.execute(bodies.put, { id: `${id}` })),
      );
      const outcomes = await Promise.all(notes);
      expect(outcomes.filter((one) => one === "server.busy")).toHaveLength(3);
      expect(outcomes.filter((one) => one === "done")).toHaveLength(3);
    });

    test("a closed database ends its streams, keeps their heads readable and refuses work", async () => {
      const place = await engine.place();
      const database = await place.open();
      await Promise.all([
        database.execute(bodies.put, { id: "a" }),
        database.share(bodies.record, { id: "b" }),
      ]);
      const open = database.heads();
      await database.close();
      const closed = database.heads();
      expect(closed.map((head) => head.stream).sort()).toEqual(open.map((head) => head.stream).sort());
      expect(await codeOf(database.execute(bodies.put, { id: "c" }))).toBe("storage.unavailable");

      const next = await place.open();
      await next.execute(bodies.put, { id: "d" });
      const entries = await expectUnbroken(next);
      for (const head of closed) {
        const mine = entries.filter((one) => one.stream === head.stream);
        const last = mine.at(-1);
        expect(last).toMatchObject({ action: "audit.close", seq: head.seq });
        expect(Buffer.from(last?.hash ?? [])).toEqual(Buffer.from(head.hash));
        expect(JSON.parse(last?.details ?? "")).toEqual({ stream: head.stream, graceful: true });
      }
      const opening = entries.find(
        (one) => one.action === "audit.open" && next.heads()[0]?.stream === one.stream,
      );
      const named = JSON.parse(opening?.details ?? "").others.map((it: { stream: string }) => it.stream);
      expect(named.sort()).toEqual(closed.map((head) => head.stream).sort());
    });
  });
}
