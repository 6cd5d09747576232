import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { installationId, newKey, type Trail, threeStreams } from "../../test/support/audit-trail.ts";
import { canonicalSegment, segmentHash } from "../core/audit/segment.ts";
import { signSegment } from "../crypto/signing.ts";
import type { AuditStream } from "../storage/stream.ts";
import { canonicalSegment as canonicalHere } from "./format.ts";
import {
  exportAudit,
  formatReport,
  openSource,
  type Report,
  sqliteSource,
  type VerifyOptions,
  verify,
} from "./index.ts";

let folder: string;
let archive: string;
let trail: Trail;
let writer: AuditStream;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "coffer-removals-"));
  archive = join(folder, "archive");
  mkdirSync(archive);
  trail = await threeStreams(join(folder, "coffer.db"));
  writer = await trail.open("four", ["three"]);
});

afterEach(() => {
  trail.db.close();
  rmSync(folder, { recursive: true });
});

async function check(options: VerifyOptions = {}): Promise<Report> {
  const source = sqliteSource(join(folder, "coffer.db"));
  try {
    return await verify(source, options);
  } finally {
    await source.close();
  }
}

async function found(options: VerifyOptions = {}): Promise<string[]> {
  const { findings } = await check(options);
  return findings.map(({ kind, stream, message }) => `${kind} ${stream ?? "-"}: ${message}`);
}

/** The secrets' digests stand again in the trail, as the server restates them before it removes. */
async function restate(): Promise<void> {
  for (const row of trail.db
    .prepare(
      `SELECT target_id, details FROM audit_entries WHERE details LIKE '%"digest":"%' AND stream = 'one'
       AND target_id IN (SELECT id FROM secrets) ORDER BY seq`,
    )
    .all()) {
    await trail.append(writer, {
      action: "audit.restate",
      target: { kind: "secret", id: String(row.target_id), name: null, storeId: null },
      details: JSON.parse(String(row.details)),
    });
  }
}

/** Stream one in two parts, and the beginning of two. */
async function removeThree(options: { folder?: string } = {}): Promise<void> {
  await restate();
  await trail.remove(writer, "one", 5, options);
  await trail.remove(writer, "one", 12, options);
  await trail.remove(writer, "two", 2, options);
  trail.sign(writer);
}

test("both write the same canonical text of a record", async () => {
  const record = await trail.remove(writer, "one", 5);
  expect(canonicalHere("i", record)).toBe(canonicalSegment("i", record));
});

describe("what records cover is intact", () => {
  test("and is named, with anchors and heads that point into it", async () => {
    await removeThree();
    const options = { key: trail.signing.key.id, anchors: trail.anchors };
    const report = await check(options);
    expect(report).toMatchObject({ verdict: "intact", findings: [], streams: 4 });
    expect(report.removed.map(({ stream, fromSeq, toSeq, file }) => [stream, fromSeq, toSeq, file])).toEqual([
      ["one", 1, 5, "audit-one-1-5.jsonl"],
      ["one", 6, 12, "audit-one-6-12.jsonl"],
      ["two", 1, 2, "audit-two-1-2.jsonl"],
    ]);
    expect(formatReport(report)).toContain(
      "removed: stream one: entries 1 to 5, on 2026-09-21 after export to audit-one-1-5.jsonl",
    );
    expect(await check()).toMatchObject({ verdict: "intact", foundLater: [], unproven: [] });
  });

  test("while the removal is still under way", async () => {
    await restate();
    await trail.remove(writer, "one", 5);
    await trail.remove(writer, "one", 12, { left: 4 });
    trail.sign(writer);
    expect(await check()).toMatchObject({ verdict: "intact", entries: 21 });
  });

  test("in an export too", async () => {
    await removeThree();
    const lines: string[] = [];
    const source = sqliteSource(join(folder, "coffer.db"));
    await exportAudit(source, (line) => void lines.push(line));
    await source.close();
    const file = join(folder, "export.jsonl");
    const verdict = async (text: readonly string[]) => {
      writeFileSync(file, text.join(""));
      return (await verify(await openSource({ file }))).verdict;
    };
    expect(await verdict(lines)).toBe("intact");
    const record = lines.findIndex((line) => line.includes('"kind":"segment"'));
    expect(await verdict(lines.toSpliced(record, 1))).toBe("broken");
    expect(await verdict(lines.toSpliced(record, 0, lines[record] ?? ""))).toBe("broken");
    const moved = [...lines.toSpliced(record, 1), lines[record] ?? ""];
    expect(await verdict(moved)).toBe("intact"); // its number says where it belongs
  });

  test("with the archive the chain goes through it, and tables are compared with all of it", async () => {
    await removeThree({ folder: archive });
    expect(await check({ archive })).toMatchObject({ verdict: "intact", findings: [] });
    const { entries } = await check();
    expect((await check({ archive })).entries).toBe(entries + 14);
  });

  test("with the archive, while the removal is still under way", async () => {
    await restate();
    await trail.remove(writer, "one", 12, { folder: archive, left: 4 });
    trail.sign(writer);
    const whole = await check({ archive });
    expect(whole).toMatchObject({ verdict: "intact", findings: [] });
    expect(whole.entries).toBe((await check()).entries + 8);
  });
});

test("what was removed is unproven as long as nobody signed for the entry that tells of it", async () => {
  await restate();
  trail.sign(writer);
  await trail.remove(writer, "one", 5);
  expect(await check()).toMatchObject({ verdict: "unproven", unproven: [{ stream: "four" }] });
});

describe("broken is", () => {
  const update = (set: string, number: number) =>
    trail.run(`UPDATE audit_segments SET ${set} WHERE number = $1`, number);

  test("a row that no record covers", async () => {
    await removeThree();
    trail.run("DELETE FROM audit_entries WHERE stream = 'two' AND seq = 3");
    expect(await found()).toContainEqual(expect.stringMatching(/^tail-removed two/));
    trail.run("DELETE FROM audit_entries WHERE stream = 'three' AND seq <= 2");
    expect(await found()).toContain("missing three: entries 1 to 2 are missing");
  });

  test("a row after a record, edited", async () => {
    await removeThree();
    trail.run("UPDATE audit_entries SET because = 'x' WHERE stream = 'two' AND seq = 3");
    expect((await check()).findings).toMatchObject([{ kind: "edited", stream: "two", seq: 3 }]);
  });

  test("a row before a removal that is under way, edited", async () => {
    await restate();
    await trail.remove(writer, "one", 12, { left: 4 });
    trail.run("UPDATE audit_entries SET caller_name = 'x' WHERE stream = 'one' AND seq = 3");
    expect((await check()).findings).toMatchObject([{ kind: "edited", stream: "one", seq: 3 }]);
  });

  test.each([
    ["stream = 'three'"],
    ["last_seq = 4"],
    ["count = 4"],
    ["at = 1"],
    ["file = 'other.jsonl'"],
    [`hash = '${"0".repeat(64)}'`],
    [`before = '${"1".repeat(64)}'`],
    [`signature = '${"A".repeat(86)}'`],
    ["key = 'ak_other'"],
    [`previous = '${"1".repeat(64)}'`],
  ])("a record with %s", async (set) => {
    await removeThree();
    update(set, 1);
    expect(await found()).toContainEqual(expect.stringMatching(/^removal .*record 1 of removed entries/));
    expect((await check()).verdict).toBe("broken");
  });

  test.each([1, 2, 3])("record %i, removed", async (number) => {
    await removeThree();
    trail.run("DELETE FROM audit_segments WHERE number = $1", number);
    expect(await found()).toContainEqual(
      expect.stringContaining(`record ${number} of removed entries is missing`),
    );
  });

  test("every record removed, together with the streams that they covered whole", async () => {
    await removeThree();
    trail.run("DELETE FROM audit_segments");
    trail.run("DELETE FROM audit_streams WHERE id = 'one'");
    trail.run("DELETE FROM audit_heads WHERE stream = 'one'");
    expect(await found()).toContainEqual(expect.stringContaining("record 3 of removed entries is missing"));
  });

  test("records exchanged", async () => {
    await removeThree();
    update("number = 9", 1);
    update("number = 1", 2);
    update("number = 2", 9);
    expect((await check()).verdict).toBe("broken");
  });

  test("a stream that records cover whole, gone from the list", async () => {
    await removeThree();
    trail.run("DELETE FROM audit_streams WHERE id = 'one'");
    expect(await found()).toEqual([expect.stringContaining("is not listed")]);
  });

  /** A record that whoever can write the database, or holds the key, might add. */
  async function putRecord(firstSeq: number, lastSeq: number, signing = trail.signing): Promise<void> {
    const last = await trail.remove(writer, "one", 5);
    trail.sign(writer);
    const { key: _key, signature: _signature, ...said } = last;
    const forged = signSegment(signing.key, installationId, {
      ...said,
      number: 2,
      previous: segmentHash(canonicalSegment(installationId, last)),
      firstSeq,
      lastSeq,
      count: lastSeq - firstSeq + 1,
      before: last.hash,
    });
    trail.run(
      `INSERT INTO audit_segments VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
      ...[forged.number, forged.previous, forged.stream, forged.firstSeq, forged.lastSeq, forged.count],
      ...[forged.before, forged.hash, forged.at, forged.file, forged.key, forged.signature],
    );
  }

  test("one that overlaps, or leaves a gap", async () => {
    await restate();
    await putRecord(4, 8);
    expect(await found()).toContainEqual(
      expect.stringContaining("begins at entry 4, which does not follow from entry 5"),
    );
  });

  test("one that the trail does not tell of, though its signature is right", async () => {
    await restate();
    await putRecord(6, 8);
    expect(await found()).toContainEqual(expect.stringContaining("no entry tells of record 2"));
  });

  test("one under a key that was put there, which nobody pinned", async () => {
    await restate();
    const own = newKey();
    trail.putKey(own, 2);
    await putRecord(6, 8, own);
    expect(await found()).toContainEqual(expect.stringContaining("no entry tells of record 2"));
  });
});

describe("with the archive is named", () => {
  beforeEach(() => removeThree({ folder: archive }));

  test("a file that is gone", async () => {
    rmSync(join(archive, "audit-one-6-12.jsonl"));
    expect(await found({ archive })).toEqual([
      "removal one: audit-one-6-12.jsonl, with entries 6 to 12, is missing from the archive",
    ]);
    expect(await check()).toMatchObject({ verdict: "intact" });
  });

  test("a file that was edited, cut, or exchanged for another", async () => {
    const path = join(archive, "audit-one-6-12.jsonl");
    const text = readFileSync(path, "utf8");
    writeFileSync(path, text.replace('"owner"', '"admin"'));
    expect(await found({ archive })).toContainEqual(
      expect.stringContaining("audit-one-6-12.jsonl, with entries 6 to 12, is damaged"),
    );
    writeFileSync(path, text.split("\n").toSpliced(-2, 1).join("\n"));
    expect(await found({ archive })).toContainEqual(
      expect.stringContaining("does not say which entries it holds"),
    );
    writeFileSync(path, "");
    expect(await found({ archive })).toContainEqual(expect.stringContaining("cannot be read as an export"));
    cpSync(join(archive, "audit-one-1-5.jsonl"), path);
    expect(await found({ archive })).toContainEqual(
      expect.stringContaining("is not the file that was recorded"),
    );
  });

  test("the row of a secret that was removed by hand, of which only the archive still tells", async () => {
    trail.run("DELETE FROM secrets WHERE id = 's-full'");
    trail.run("DELETE FROM audit_entries WHERE action = 'audit.restate'");
    expect(await found({ archive })).toContain("digest -: the row of secret s-full was removed");
  });

  test("a name that leads out of the folder", async () => {
    trail.run("UPDATE audit_segments SET file = '../coffer.db' WHERE number = 3");
    expect((await check({ archive })).verdict).toBe("broken");
  });
});

describe("a file of the archive by itself", () => {
  const file = () => join(archive, "audit-one-6-12.jsonl");
  const alone = async (options: VerifyOptions = {}) => {
    const source = await openSource({ file: file() });
    return verify(source, options);
  };
  beforeEach(() => removeThree({ folder: archive }));

  test("is intact under its signature, and says what it is", async () => {
    const report = await alone({ key: trail.signing.key.id });
    expect(report).toMatchObject({ verdict: "intact", entries: 7, archive: { fromSeq: 6, toSeq: 12 } });
    expect(formatReport(report)).toContain("A file of the archive, with entries 6 to 12 of stream one.");
  });

  test("is broken when it was edited, or signed by another", async () => {
    const text = readFileSync(file(), "utf8");
    writeFileSync(file(), text.replace('"owner"', '"admin"'));
    expect((await alone()).verdict).toBe("broken");
    writeFileSync(file(), text);
    expect((await alone({ key: newKey().key.id })).verdict).toBe("broken");
    writeFileSync(
      file(),
      text
        .split("\n")
        .filter((line) => !line.includes('"kind":"head"'))
        .join("\n"),
    );
    expect((await alone()).verdict).toBe("unproven");
  });
});
