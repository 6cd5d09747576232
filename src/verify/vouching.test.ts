import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { newKey, secrets, type Trail, threeStreams } from "../../test/support/audit-trail.ts";
import { AuditStream } from "../storage/stream.ts";
import { exportAudit, exportSource, type Report, sqliteSource, type VerifyOptions, verify } from "./index.ts";

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

describe("a forged head is named:", () => {
  test("its signature is another's", async () => {
    trail.run(
      "UPDATE audit_heads SET signature = (SELECT signature FROM audit_heads WHERE stream = 'two') WHERE stream = 'one'",
    );
    const report = await check();
    expect(report.findings).toMatchObject([{ kind: "head-forged", stream: "one", seq: 12 }]);
    // The next stream named what it found of this one, and that naming is signed.
    expect(report).toMatchObject({ unproven: [], foundLater: [{ stream: "one", fromSeq: 1, toSeq: 12 }] });
  });

  test.each(["seq = seq - 1", "at = at + 1", "hash = (SELECT hash FROM audit_heads WHERE stream = 'two')"])(
    "with %s",
    async (change) => {
      trail.run(`UPDATE audit_heads SET ${change} WHERE stream = 'one'`);
      const report = await check();
      expect(report.findings.map(({ kind, stream }) => [kind, stream])).toEqual([["head-forged", "one"]]);
    },
  );

  test("it is no head at all", async () => {
    trail.run("UPDATE audit_heads SET hash = 'x' WHERE stream = 'one'");
    expect(await found()).toEqual(["head-forged one -"]);
    const source = sqliteSource(file);
    const lines: string[] = [];
    await exportAudit(source, (line) => {
      lines.push(line);
    });
    const { findings } = await verify(exportSource(Readable.from(lines)));
    expect(findings).toMatchObject([{ kind: "head-forged", stream: "one" }]);
    await source.close();
  });

  test("another installation's", async () => {
    trail.run("UPDATE installation SET id = 'another'");
    expect(new Set(await found())).toEqual(
      new Set(["head-forged one 12", "head-forged two 3", "head-forged three 7"]),
    );
  });

  test("everything signed again with another key, under a pinned one", async () => {
    const other = newKey();
    trail.run("DELETE FROM internal_keys");
    trail.putKey(other, 1);
    for (const stream of ["one", "two", "three"]) {
      const row = trail.db.prepare(
        "SELECT seq, hash FROM audit_entries WHERE stream = $1 ORDER BY seq DESC LIMIT 1",
      );
      const last = row.get({ 1: stream });
      trail.sign(streamAt(stream, Number(last?.seq), last?.hash), other);
    }
    // Who pins nothing believes the key that he finds, and is told so.
    expect(await check()).toMatchObject({ verdict: "intact", key: { pinned: false } });
    expect(await found({ key: trail.signing.key.id })).toEqual([
      "head-forged - -",
      "head-forged one 12",
      "head-forged three 7",
      "head-forged two 3",
    ]);
  });

  test("a stored key that is none", async () => {
    trail.run("UPDATE internal_keys SET public_key = 'AAAA'");
    expect(await found()).toContain("head-forged - -");
  });
});

describe("what is not vouched for is unproven, never intact:", () => {
  test("entries after the newest signed head", async () => {
    const four = await trail.open("four", ["three"]);
    await trail.append(four);
    trail.sign(four);
    await trail.append(four);
    await trail.append(four);
    expect(await check()).toMatchObject({
      verdict: "unproven",
      findings: [],
      unproven: [{ stream: "four", fromSeq: 4, toSeq: 5 }],
    });
  });

  test("with anchors, what lies after them, whatever the database says", async () => {
    const anchors = trail.anchors.filter(({ stream }) => stream !== "three");
    expect(await check({ anchors })).toMatchObject({
      verdict: "unproven",
      unproven: [{ stream: "three", fromSeq: 1, toSeq: 7 }],
    });
  });

  test("but what the next process found and signed of a killed one is intact, with a note", async () => {
    trail.run("DELETE FROM audit_heads WHERE stream = 'two'");
    expect(await check()).toMatchObject({
      verdict: "intact",
      unproven: [],
      foundLater: [{ stream: "two", fromSeq: 1, toSeq: 3 }],
    });
  });

  test("a naming proves only if it is proven itself", async () => {
    trail.run("DELETE FROM audit_heads WHERE stream IN ('two', 'three')");
    expect(await check()).toMatchObject({
      verdict: "unproven",
      unproven: [
        { stream: "three", fromSeq: 1, toSeq: 7 },
        { stream: "two", fromSeq: 1, toSeq: 3 },
      ],
    });
  });
});

describe("tables that differ from the trail are named by the secret's id:", () => {
  const changes: [string, string][] = [
    ["name", "UPDATE secrets SET name = 'X' WHERE id = 's-full'"],
    ["policy", "UPDATE secrets SET policy = NULL WHERE id = 's-full'"],
    ["consumers", `UPDATE secrets SET consumers = '["worker","gateway","me"]' WHERE id = 's-full'`],
    ["order of consumers", `UPDATE secrets SET consumers = '["gateway","worker"]' WHERE id = 's-full'`],
    ["consumers that are no JSON", "UPDATE secrets SET consumers = 'x' WHERE id = 's-full'"],
    ["ciphertext", "UPDATE secret_versions SET sealed = x'00' WHERE id = 's-full-v2'"],
    ["ciphertext gone", "DELETE FROM secret_versions WHERE id = 's-full-v2'"],
    ["an older version made current", "UPDATE secrets SET version_id = 's-full-v1' WHERE id = 's-full'"],
    ["version", "UPDATE secrets SET version = 1 WHERE id = 's-full'"],
    ["state", "UPDATE secrets SET state = 'trashed' WHERE id = 's-full'"],
    ["the row removed", "DELETE FROM secrets WHERE id = 's-full'"],
    ["the id exchanged", "UPDATE secrets SET id = 's-none' WHERE id = 's-full'"],
  ];
  test.each(changes)("%s", async (_, change) => {
    expect(trail.run(change)).toBe(1);
    const { verdict, findings } = await check();
    expect(verdict).toBe("broken");
    expect(findings.every(({ kind }) => kind === "digest")).toBe(true);
    expect(findings.map(({ message }) => message).join()).toContain("secret s-full");
  });

  test("a row that no entry tells of", async () => {
    trail.run(
      `INSERT INTO secrets SELECT 's-new', organization_id, store_id, 'NEW', 'new', state, revision, version,
       version_id, created_at, created_by, updated_at, updated_by, last_read_at, expires_at, deleted_at,
       deleted_by, purge_at, orphaned, consumers, labels, attributes, annotations, policy, description, search_text
       FROM secrets WHERE id = 's-empty'`,
    );
    const { findings } = await check();
    expect(findings.map(({ message }) => message)).toEqual([
      "secret s-new has a row and no audit entry: it was put there by hand",
    ]);
  });

  test("a purged secret that came back", async () => {
    const other = await trail.open("four", ["three"]);
    await trail.put(other, secrets.gone, Buffer.from("again"));
    trail.run("DELETE FROM audit_entries WHERE stream = 'four'");
    trail.run("DELETE FROM audit_streams WHERE id = 'four'");
    trail.run(
      "UPDATE audit_streams SET closed_at = NULL, last_seq = NULL, last_hash = NULL WHERE id = 'three'",
    );
    const { findings } = await check();
    expect(findings.map(({ message }) => message)).toEqual([
      "secret s-gone has a row although it was purged",
    ]);
  });
});

function streamAt(stream: string, seq: number, hash: unknown) {
  if (!(hash instanceof Uint8Array)) throw new Error("no such stream");
  return new AuditStream({ stream, seq, hash });
}
