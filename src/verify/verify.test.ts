import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { rehash, type Trail, threeStreams } from "../../test/support/audit-trail.ts";
import { auditKey, type Report, sqliteSource, type VerifyOptions, verify } from "./index.ts";

let folder: string;
let file: string;
let trail: Trail;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "coffer-verify-"));
  file = join(folder, "coffer.db");
  trail = await threeStreams(file);
});

afterEach(() => {
  trail.db.close();
  rmSync(folder, { recursive: true });
});

async function check(options: VerifyOptions = {}): Promise<Report> {
  const source = sqliteSource(file);
  try {
    return await verify(source, options);
  } finally {
    await source.close();
  }
}

async function found(options: VerifyOptions = {}): Promise<string[]> {
  const report = await check(options);
  expect(report.verdict).toBe(report.findings.length > 0 ? "broken" : report.verdict);
  return report.findings.map(({ kind, stream, seq }) => `${kind} ${stream ?? "-"} ${seq ?? "-"}`);
}

const at = (stream: string, seq: number) => `stream = '${stream}' AND seq = ${seq}`;

test("an untouched trail is intact, from its own heads and behind its anchors", async () => {
  const expected = { verdict: "intact", findings: [], unproven: [], streams: 3, entries: 22, omitted: 0 };
  expect(await check()).toMatchObject({ ...expected, key: { pinned: false }, tablesCompared: true });
  const key = trail.signing.key.id;
  expect(await check({ key, anchors: trail.anchors })).toMatchObject({
    ...expected,
    key: { fingerprint: key, pinned: true },
  });
});

test("the fingerprint to pin is that of the newest signing key", async () => {
  const source = sqliteSource(file);
  expect(await auditKey(source)).toBe(trail.signing.key.id);
  await source.close();
});

test("a trail is read while another connection is writing to it", async () => {
  trail.db.exec("BEGIN IMMEDIATE");
  trail.run("DELETE FROM audit_entries");
  expect(await check()).toMatchObject({ verdict: "intact", entries: 22 });
  trail.db.exec("ROLLBACK");
});

describe("an edited entry is named:", () => {
  const edits: [string, string | number | null][] = [
    ["at", 1],
    ["organization_id", "elsewhere"],
    ["organization_id", null],
    ["caller_kind", "system"],
    ["caller_id", "p-2"],
    ["caller_name", "Nobody"],
    ["token_id", "t-2"],
    ["token_id", null],
    ["dialect", "scale"],
    ["action", "secret.read"],
    ["target_kind", "store"],
    ["target_id", "s-other"],
    ["target_name", "PASSWORD"],
    ["target_store_id", null],
    ["outcome", "refused"],
    ["because", "admin"],
    ["details", '{"version":2}'],
    ["details", '{ "version":1}'],
    ["details", null],
    ["address", "10.0.0.1"],
    ["request_id", ""],
  ];
  test.each(edits)("%s = %s", async (column, value) => {
    trail.run(`UPDATE audit_entries SET ${column} = $1 WHERE ${at("one", 7)}`, value);
    expect(await found()).toEqual(["edited one 7"]);
  });

  test("its hash alone", async () => {
    trail.run(`UPDATE audit_entries SET hash = $1 WHERE ${at("one", 7)}`, Buffer.alloc(32, 7));
    expect(await found()).toEqual(["edited one 7"]);
  });

  test("its hash, with something that is no hash", async () => {
    trail.loosen();
    trail.run(`UPDATE audit_entries SET hash = $1 WHERE ${at("one", 7)}`, "none");
    expect(await found()).toEqual(["edited one 7"]);
  });

  test.each(["'seven'", "7.5", "-7", "NULL"])("its sequence, with %s", async (seq) => {
    trail.loosen();
    trail.run(`UPDATE audit_entries SET seq = ${seq} WHERE ${at("one", 7)}`);
    expect(new Set(await found())).toEqual(new Set(["edited one -", "missing one 7"]));
  });

  test("a number beyond what a program can hold", async () => {
    trail.run(`UPDATE audit_entries SET at = $1 WHERE ${at("one", 7)}`, 2n ** 60n);
    expect(await found()).toEqual(["edited one 7"]);
  });

  test("bytes where text was", async () => {
    trail.loosen();
    trail.run(`UPDATE audit_entries SET because = $1 WHERE ${at("one", 7)}`, Buffer.from("owner"));
    expect(await found()).toEqual(["edited one 7"]);
  });

  test("an infinity where nothing was, which JSON would write as nothing", async () => {
    trail.loosen();
    trail.run(`UPDATE audit_entries SET because = 9e999 WHERE ${at("two", 2)}`);
    expect(await found()).toEqual(["edited two 2"]);
  });

  test("two of them, far apart", async () => {
    trail.run("UPDATE audit_entries SET because = 'x' WHERE stream = 'one' AND seq IN (3, 8)");
    expect(await found()).toEqual(["edited one 3", "edited one 8"]);
  });

  test("the first and the last of a stream", async () => {
    trail.run("UPDATE audit_entries SET because = 'x' WHERE stream = 'three' AND seq IN (1, 7)");
    expect(await found()).toEqual(["edited three 1", "edited three 7"]);
  });

  test("with everything after it chained again", async () => {
    trail.run(`UPDATE audit_entries SET because = 'x' WHERE ${at("two", 2)}`);
    rehash(trail, "two");
    const { findings } = await check();
    expect(findings.map(({ kind, seq, message }) => [kind, seq, message])).toEqual([
      ["edited", 3, "the chain up to entry 3 was rewritten: the signed head of entry 3 names another hash"],
      [
        "edited",
        3,
        "the chain up to entry 3 was rewritten: the opening at entry 1 of three names another hash",
      ],
      [
        "edited",
        3,
        "the chain up to entry 3 was rewritten: the closing at entry 2 of three names another hash",
      ],
      ["edited", 3, "the listed last hash is not that of entry 3"],
    ]);
  });
});

describe("a removed entry is named:", () => {
  test("the first", async () => {
    trail.run(`DELETE FROM audit_entries WHERE ${at("one", 1)}`);
    expect(await found()).toEqual(["missing one 1"]);
  });

  test("one in the middle", async () => {
    trail.run(`DELETE FROM audit_entries WHERE ${at("one", 6)}`);
    expect(await found()).toEqual(["missing one 6"]);
  });

  test("several, as a range", async () => {
    trail.run("DELETE FROM audit_entries WHERE stream = 'one' AND seq BETWEEN 5 AND 8");
    const { findings } = await check();
    expect(findings).toEqual([
      { kind: "missing", stream: "one", seq: 5, message: "entries 5 to 8 are missing" },
    ]);
  });

  test("with those after it renumbered", async () => {
    trail.run(`DELETE FROM audit_entries WHERE ${at("one", 6)}`);
    for (let seq = 7; seq <= 12; seq += 1) {
      trail.run("UPDATE audit_entries SET seq = seq - 1 WHERE stream = 'one' AND seq = $1", seq);
    }
    const { findings } = await check();
    expect(findings[0]).toEqual({
      kind: "missing",
      stream: "one",
      seq: 6,
      message: "an entry was removed before entry 6, and entries 6 to 11 renumbered",
    });
  });

  test("a whole stream, of which only later streams know", async () => {
    trail.run("DELETE FROM audit_entries WHERE stream = 'one'");
    trail.run("DELETE FROM audit_streams WHERE id = 'one'");
    trail.run("DELETE FROM audit_heads WHERE stream = 'one'");
    trail.run("DELETE FROM secrets");
    const { findings } = await check();
    expect(findings[0]).toMatchObject({ kind: "missing", stream: "one", seq: null });
    expect(findings[0]?.message).toContain("the opening at entry 1 of two names its entry 12");
  });

  test("the newest stream, behind an anchor", async () => {
    trail.run("DELETE FROM audit_entries WHERE stream = 'three'");
    trail.run("DELETE FROM audit_streams WHERE id = 'three'");
    trail.run("DELETE FROM audit_heads WHERE stream = 'three'");
    trail.run(
      "UPDATE audit_streams SET closed_at = NULL, last_seq = NULL, last_hash = NULL WHERE id = 'two'",
    );
    expect(await found()).toEqual([]);
    expect(await found({ anchors: trail.anchors })).toEqual(["missing three -"]);
  });

  test("all streams", async () => {
    for (const table of ["audit_entries", "audit_streams", "audit_heads", "secrets"]) {
      trail.run(`DELETE FROM ${table}`);
    }
    expect(await found()).toEqual(["missing - -"]);
  });

  test("a stream's place in the list", async () => {
    trail.run("DELETE FROM audit_streams WHERE id = 'one'");
    expect(await found()).toEqual(["missing one -"]);
  });
});

describe("a removed tail is named:", () => {
  const cut = (stream: string, after: number) =>
    trail.run("DELETE FROM audit_entries WHERE stream = $1 AND seq > $2", stream, after);

  test("behind a signed head", async () => {
    cut("three", 5);
    expect(await found()).toEqual(["tail-removed three 6"]);
  });

  test("behind an anchor, when the signed head is gone too", async () => {
    cut("three", 5);
    trail.run("DELETE FROM audit_heads WHERE stream = 'three'");
    expect(await found()).toEqual([]);
    expect(await found({ anchors: trail.anchors })).toEqual(["tail-removed three 6"]);
  });

  test("of a stream that was closed in order", async () => {
    cut("one", 11);
    trail.run("DELETE FROM audit_heads WHERE stream = 'one'");
    trail.run(
      "UPDATE audit_streams SET closed_at = NULL, last_seq = NULL, last_hash = NULL WHERE id = 'one'",
    );
    const { findings } = await check();
    expect(findings).toMatchObject([{ kind: "tail-removed", stream: "one", seq: 12 }]);
    expect(findings[0]?.message).toBe(
      "the stream ends at entry 11; the opening at entry 1 of two names entry 12",
    );
  });

  test("of a stream that a killed process left", async () => {
    cut("two", 2);
    trail.run("DELETE FROM audit_heads WHERE stream = 'two'");
    expect(await found()).toContain("tail-removed two 3");
  });

  test("of the last stream, by the table that lists it as closed", async () => {
    trail.run(
      "UPDATE audit_streams SET closed_at = 1, last_seq = 7, last_hash = $1 WHERE id = 'three'",
      null,
    );
    expect(await found()).toContain("tail-removed three 8");
  });
});

describe("entries at another place are named:", () => {
  function exchange(stream: string, one: number, other: number): void {
    const move = (from: number, to: number) =>
      trail.run("UPDATE audit_entries SET seq = $1 WHERE stream = $2 AND seq = $3", to, stream, from);
    move(one, 1_000);
    move(other, one);
    move(1_000, other);
  }

  test.each([
    [5, 6],
    [4, 9],
    [2, 11],
  ])("entries %i and %i exchanged", async (one, other) => {
    exchange("one", one, other);
    const { findings } = await check();
    expect(findings[0]).toEqual({
      kind: "reordered",
      stream: "one",
      seq: one,
      message: `entries ${one} and ${other} were exchanged`,
    });
    expect(findings).toHaveLength(1);
  });

  test("three of them in a circle", async () => {
    exchange("one", 4, 6);
    exchange("one", 6, 9);
    const { findings } = await check();
    expect(findings.map(({ kind, seq }) => [kind, seq])).toEqual([
      ["reordered", 4],
      ["reordered", 6],
      ["reordered", 9],
    ]);
    expect(findings[0]?.message).toBe("what stands as entry 4 was written as entry 6");
  });
});

describe("an entry or stream that nobody wrote is named:", () => {
  test("after a stream was closed", async () => {
    trail.run(
      `INSERT INTO audit_entries SELECT stream, 13, at, organization_id, caller_kind, caller_id, caller_name,
       token_id, dialect, action, target_kind, target_id, target_name, target_store_id, outcome, because,
       details, address, request_id, earlier, hash FROM audit_entries WHERE ${at("one", 5)}`,
    );
    rehash(trail, "one");
    expect(await found()).toEqual(expect.arrayContaining(["added one 13"]));
  });

  test("after a killed process's stream was closed", async () => {
    trail.run(
      `INSERT INTO audit_entries SELECT 'two', 4, at, organization_id, caller_kind, caller_id, caller_name,
       token_id, dialect, action, target_kind, target_id, target_name, target_store_id, outcome, because,
       details, address, request_id, earlier, hash FROM audit_entries WHERE ${at("one", 5)}`,
    );
    rehash(trail, "two");
    expect(await found()).toEqual(["added two 4", "added two 4"]);
  });

  test("a stream that does not begin with an opening", async () => {
    trail.run("INSERT INTO audit_streams (id, node, opened_at) VALUES ('x', 'x', 1)");
    trail.run(
      `INSERT INTO audit_entries SELECT 'x', 1, at, organization_id, caller_kind, caller_id, caller_name,
       token_id, dialect, action, target_kind, target_id, target_name, target_store_id, outcome, because,
       details, address, request_id, earlier, hash FROM audit_entries WHERE ${at("one", 5)}`,
    );
    rehash(trail, "x");
    expect(await found()).toEqual(["missing x 1"]);
  });
});

test("a ruined trail is one bounded report", async () => {
  const stream = await trail.open("four", ["three"]);
  for (let count = 0; count < 3_000; count += 1) await trail.append(stream);
  trail.run("DELETE FROM audit_entries WHERE stream = 'four' AND seq % 2 = 0");
  const { findings, omitted } = await check();
  expect(findings).toHaveLength(1_000);
  expect(omitted).toBeGreaterThan(400);
});
