// What only the embedded engine promises: groups, the writer's thread, the folder, a full disk.
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import type { Database } from "../../src/core/ports.ts";
import { openSqlite } from "../../src/storage/sqlite/open.ts";
import * as bodies from "../support/engine-bodies.ts";
import { bodiesUrl, sqlitePlace } from "../support/open-engine.ts";
import { have } from "../support/requirements.ts";

const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => "done",
    (error) => error.code,
  );

const many = (count: number, prefix = "n") =>
  Array.from({ length: count }, (_, index) => `${prefix}${index}`);

const mounted: string[] = [];
afterEach(() => {
  for (const folder of mounted.splice(0)) {
    execFileSync("umount", ["-l", folder]);
    rmSync(folder, { recursive: true, force: true });
  }
});

async function expectUnbroken(database: Database): Promise<void> {
  const last = new Map<string, number>();
  for (const { stream, seq } of await database.scan(bodies.entries, null)) {
    expect(seq).toBe((last.get(stream) ?? 0) + 1);
    last.set(stream, seq);
  }
}

describe("groups", () => {
  test("what is asked in one turn of the event loop shares a commit, up to the bound", async () => {
    const database = await sqlitePlace().open({ limits: { writerGroupMax: 50 } });
    const before = await database.execute(bodies.groups, null);
    await Promise.all(many(100).map((id) => database.execute(bodies.put, { id })));
    expect((await database.execute(bodies.groups, null)) - before).toBe(3);
  });

  test("operations are done in the order in which they were asked for", async () => {
    const database = await sqlitePlace().open();
    const done: string[] = [];
    const asked = many(40);
    await Promise.all(
      asked.map(async (id, index) => {
        const work =
          index % 3 === 0 ? database.share(bodies.record, { id }) : database.execute(bodies.put, { id });
        done.push(await work);
      }),
    );
    expect(done).toEqual(asked);
    const entries = await database.scan(bodies.entries, null);
    expect(entries.map((one) => one.target_id).slice(1)).toEqual(asked);
  });

  test("a failed commit is unknown to every mutation of its group, and a failure to every record", async () => {
    const database = await sqlitePlace().open();
    const outcomes = await Promise.all([
      codeOf(database.execute(bodies.put, { id: "a" })),
      codeOf(database.execute(bodies.confirmless, { id: "b" })),
      codeOf(database.execute(bodies.refuse, { id: "d" })),
      // The last: what is shared leaves at once, and takes along what waits.
      codeOf(database.share(bodies.record, { id: "c" })),
    ]);
    const unknown = "storage.outcome_unknown";
    expect(outcomes).toEqual([unknown, unknown, unknown, "storage.unavailable"]);
    await database.execute(bodies.put, { id: "e" });
    expect(await database.point(bodies.list, null)).toEqual(["a", "b", "c", "e"]);
    await expectUnbroken(database);
  });

  test("an engine that fails before the commit takes the whole group with it, and nothing more", async () => {
    const database = await sqlitePlace().open();
    const outcomes = await Promise.all([
      codeOf(database.execute(bodies.put, { id: "a" })),
      codeOf(database.execute(bodies.lose, { id: "b" })),
      codeOf(database.share(bodies.record, { id: "c" })),
    ]);
    expect(outcomes).toEqual(Array(3).fill("storage.unavailable"));
    expect(await codeOf(database.execute(bodies.put, { id: "d" }))).toBe("done");
    expect(await database.point(bodies.list, null)).toEqual(["d"]);
    await expectUnbroken(database);
  });

  test("what was decided under the epochs of an undone group or body is forgotten with them", async () => {
    const database = await sqlitePlace().open();
    expect(await database.execute(bodies.remember, { id: "a" })).toBe("");
    expect(await database.execute(bodies.remember, { id: "b" })).toBe("a");
    await Promise.all([
      codeOf(database.execute(bodies.remember, { id: "c" })),
      codeOf(database.execute(bodies.refuseLast, { id: "d" })),
    ]);
    expect(await database.execute(bodies.remember, { id: "e" })).toBe("");
    expect(await codeOf(database.execute(bodies.remember, { id: "f", label: "refused" }))).toBe(
      "quota.exceeded",
    );
    expect(await database.execute(bodies.remember, { id: "g" })).toBe("");
    expect(await codeOf(database.execute(bodies.refuseFirst, { id: "h" }))).toBe("quota.exceeded");
    expect(await database.execute(bodies.remember, { id: "i" })).toBe("g");
  });

  test("a body that awaits something else is given up, and cannot write afterwards", async () => {
    const database = await sqlitePlace().open();
    expect(await codeOf(database.execute(bodies.stray, { id: "a" }))).toBe("storage.unavailable");
    await database.execute(bodies.put, { id: "b" });
    await new Promise((resolve) => setTimeout(resolve, 60));
    await database.execute(bodies.put, { id: "c" });
    expect(await database.point(bodies.list, null)).toEqual(["b", "c"]);
    await expectUnbroken(database);
  });

  test("when the writer's thread dies, all who wait are told, and another goes on with the same stream", async () => {
    const database = await sqlitePlace().open();
    await database.execute(bodies.put, { id: "a" });
    const outcomes = await Promise.all([
      codeOf(database.execute(bodies.put, { id: "b" })),
      codeOf(database.execute(bodies.die, { id: "c" })),
      codeOf(database.share(bodies.record, { id: "d" })),
    ]);
    expect(outcomes).toEqual(["storage.outcome_unknown", "storage.outcome_unknown", "storage.unavailable"]);
    expect(await codeOf(database.execute(bodies.put, { id: "e" }))).toBe("storage.unavailable");
    await expect
      .poll(() => codeOf(database.execute(bodies.put, { id: "f" })), { timeout: 10_000 })
      .toBe("done");
    expect(await database.point(bodies.list, null)).toEqual(["a", "f"]);
    expect(await database.scan(bodies.streams, null)).toHaveLength(1);
    await expectUnbroken(database);
  });

  test("an input or a result that no message can carry harms only its own operation", async () => {
    const database = await sqlitePlace().open();
    const note = { id: "a", label: "x", toString: () => "" };
    const outcomes = await Promise.all([
      codeOf(database.execute(bodies.put, note)),
      codeOf(database.execute(bodies.put, { id: "b" })),
    ]);
    expect(outcomes).toEqual(["internal", "done"]);
    expect(await codeOf(database.execute(bodies.unsendable, { id: "c" }))).toBe("internal");
    expect(await codeOf(database.execute(bodies.put, { id: "d" }))).toBe("done");
  });
});

describe("time", () => {
  test("who waits too long for a commit is told so, and the late answer goes to nobody else", async () => {
    const database = await sqlitePlace().open({ limits: { commitWaitMs: 200 } });
    const since = performance.now();
    const slow = codeOf(database.execute(bodies.block, { id: "a", ms: 500 }));
    await new Promise((resolve) => setTimeout(resolve, 20));
    const behind = [
      codeOf(database.execute(bodies.put, { id: "b" })),
      codeOf(database.share(bodies.record, { id: "c" })),
    ];
    expect(await slow).toBe("storage.outcome_unknown");
    expect(await Promise.all(behind)).toEqual(["storage.outcome_unknown", "storage.unavailable"]);
    expect(performance.now() - since).toBeLessThan(450);
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(await database.execute(bodies.put, { id: "d" })).toBe("d");
    // The slow one was committed after all; who was answered before his turn came was left out.
    expect(await database.point(bodies.list, null)).toEqual(["a", "d"]);
  });

  test("a scan does not hold up the next reveal, and two readers do not hold up each other", async () => {
    const database = await sqlitePlace().open({ readers: 2, limits: { scanSecondsMax: 30 } });
    await database.execute(bodies.put, { id: "a" });
    let counted = false;
    const long = database.scan(bodies.long, null).then(() => {
      counted = true;
    });
    await database.execute(bodies.put, { id: "b" });
    expect(await database.point(bodies.list, null)).toEqual(["a", "b"]);
    expect(await database.scan(bodies.list, null)).toEqual(["a", "b"]);
    expect(counted).toBe(false);
    await long;
  });

  test("the log stays bounded however much is written", async () => {
    const place = sqlitePlace();
    const database = await place.open();
    for (let round = 0; round < 120; round += 1) {
      const notes = many(8, `r${round}-`);
      await Promise.all(notes.map((id) => database.execute(bodies.put, { id, bytes: 60_000 })));
      await database.point(bodies.list, null);
    }
    expect(statSync(join(place.where, "coffer.db")).size).toBeGreaterThan(40_000_000);
    expect(statSync(join(place.where, "coffer.db-wal")).size).toBeLessThan(12_000_000);
    await database.close();
    expect(readdirSync(place.where).sort()).toEqual(["coffer.db", "coffer.lock"]);
  });
});

/** Writes until the disk is full, then shows that all recovers when there is space again. */
async function expectRecovery(database: Database, free: () => Promise<unknown>): Promise<void> {
  await database.execute(bodies.put, { id: "kept" });
  let outcome: unknown = "done";
  let acknowledged = 0;
  for (let round = 0; outcome === "done" && round < 500; round += 1) {
    outcome = await codeOf(database.execute(bodies.put, { id: `big${round}`, bytes: 60_000 }));
    if (outcome === "done") acknowledged += 1;
  }
  expect(["storage.unavailable", "storage.outcome_unknown"]).toContain(outcome);
  // A group with one that needs space: all of it is answered, nothing hangs, nothing is half there.
  const group = await Promise.all([
    codeOf(database.execute(bodies.swallow, { id: "swallowed", bytes: 600_000 })),
    codeOf(database.execute(bodies.put, { id: "beside" })),
  ]);
  for (const one of group) expect(one).toMatch(/^storage\./);
  const during = await database.point(bodies.list, null);
  expect(during).not.toContain("swallowed");
  expect(during).not.toContain("swallowed-after");
  expect(during.filter((id) => id.startsWith("big")).length).toBeGreaterThanOrEqual(acknowledged);

  await free();
  for (let tries = 0; tries < 100; tries += 1) {
    if ((await codeOf(database.execute(bodies.put, { id: `again${tries}` }))) === "done") break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await database.execute(bodies.put, { id: "after", bytes: 60_000 });
  expect(await database.point(bodies.list, null)).toEqual(expect.arrayContaining(["kept", "after"]));
  await expectUnbroken(database);
}

describe("a full disk", () => {
  test("as the engine itself reports it", async () => {
    const database = await sqlitePlace().open({ pagesMax: 400 });
    await expectRecovery(database, () => database.execute(bodies.sweep, { prefix: "big" }));
  });

  test.runIf(have("mount"))("on a file system without space", async () => {
    const folder = mkdtempSync(join(tmpdir(), "coffer-small-"));
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=6m", "tmpfs", folder]);
    mounted.push(folder);
    const ballast = join(folder, "ballast");
    execFileSync("dd", ["if=/dev/zero", `of=${ballast}`, "bs=1M", "count=2"], { stdio: "ignore" });
    const database = await openSqlite({ file: join(folder, "coffer.db"), bodies: bodiesUrl });
    await expectRecovery(database, async () => rmSync(ballast));
    await database.close();
  });
});

describe("the folder", () => {
  test("a second server is refused, and told which folder", async () => {
    const place = sqlitePlace();
    const first = await place.open();
    await expect(place.open()).rejects.toThrow(place.where);
    await first.execute(bodies.put, { id: "a" });
    await first.close();
    const second = await place.open();
    expect(await second.point(bodies.list, null)).toEqual(["a"]);
  });

  test("nobody else may read what lies in it", async () => {
    const place = sqlitePlace();
    const database = await place.open();
    await database.execute(bodies.put, { id: "a" });
    for (const file of readdirSync(place.where)) {
      expect([file, statSync(join(place.where, file)).mode & 0o077]).toEqual([file, 0]);
    }
  });

  test("a file that is no database is refused with the engine's reason, and left alone", async () => {
    const place = sqlitePlace();
    const file = join(place.where, "coffer.db");
    execFileSync("dd", ["if=/dev/urandom", `of=${file}`, "bs=4096", "count=2"], { stdio: "ignore" });
    await expect(place.open()).rejects.toThrow(/coffer\.db.*not a database/);
    expect(statSync(file).size).toBe(8192);
  });

  test("what a killed process acknowledged is there, and its stream is closed by the next", async () => {
    const place = sqlitePlace();
    const child = spawn(
      process.execPath,
      [join(import.meta.dirname, "../support/engine-child.ts"), place.where],
      {
        stdio: ["ignore", "pipe", "inherit"],
      },
    );
    let said = "";
    await new Promise<void>((resolve) =>
      child.stdout.on("data", (bytes) => {
        said += bytes;
        if (said.length > 2_000) resolve();
      }),
    );
    await expect(place.open()).rejects.toThrow(/Another server/);
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await ended;
    const acknowledged = said.split("\n").slice(0, -1);

    const database = await place.open();
    const listed = new Set(await database.point(bodies.list, null));
    expect(acknowledged.filter((id) => !listed.has(id))).toEqual([]);
    await expectUnbroken(database);
    const [dead, own] = await database.scan(bodies.streams, null);
    const entries = await database.scan(bodies.entries, null);
    const last = entries.filter((one) => one.stream === dead?.id).at(-1);
    const hash = Buffer.from(last?.hash ?? []).toString("hex");
    expect(dead).toMatchObject({ last_seq: last?.seq, named_closed: 1 });
    expect(own).toMatchObject({ closed_at: null, named_closed: 0 });
    const mine = entries.filter((one) => one.stream === own?.id);
    expect(mine.map((one) => one.action)).toEqual(["audit.open", "audit.close"]);
    const named = { stream: dead?.id, seq: last?.seq, hash };
    expect(mine.map((one) => JSON.parse(one.details ?? ""))).toEqual([{ others: [named] }, named]);
  });
});
