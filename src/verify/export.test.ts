import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Trail, threeStreams } from "../../test/support/audit-trail.ts";
import {
  AuditUnreadable,
  auditKey,
  exportAudit,
  exportSource,
  openSource,
  type Report,
  sqliteSource,
  type VerifyOptions,
  verify,
} from "./index.ts";

let folder: string;
let trail: Trail;
/** The export as it was written, a line each. */
let lines: string[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "coffer-export-"));
  trail = await threeStreams(join(folder, "coffer.db"));
  const source = sqliteSource(join(folder, "coffer.db"));
  lines = [];
  await exportAudit(source, (line) => {
    lines.push(line);
  });
  await source.close();
});

afterEach(() => {
  trail.db.close();
  rmSync(folder, { recursive: true });
});

async function check(text: string, options: VerifyOptions = {}): Promise<Report> {
  const path = join(folder, "audit.ndjson");
  writeFileSync(path, text);
  const source = exportSource(path);
  const report = await verify(source, options);
  await source.close();
  return report;
}

async function found(changed: readonly string[], options: VerifyOptions = {}): Promise<string[]> {
  const { findings } = await check(changed.join(""), options);
  return findings.map(({ kind, stream, seq }) => `${kind} ${stream ?? "-"} ${seq ?? "-"}`);
}

function indexOf(stream: string, seq: number): number {
  return lines.findIndex((line) => {
    const row = JSON.parse(line);
    return row.kind === "entry" && row.stream === stream && row.seq === seq;
  });
}

test("an export of an untouched trail is intact, and says what it cannot compare", async () => {
  expect(await check(lines.join(""))).toMatchObject({
    verdict: "intact",
    streams: 3,
    entries: 22,
    tablesCompared: false,
  });
  const options = { key: trail.signing.key.id, anchors: trail.anchors };
  expect(await check(lines.join(""), options)).toMatchObject({ verdict: "intact" });
});

test("it carries hashes and public halves, and nothing sealed", () => {
  const text = lines.join("");
  expect(text).toContain(trail.signing.spki.toString("base64"));
  for (const form of ["hex", "base64", "utf8"] as const) {
    expect(text).not.toContain(Buffer.from("second sealed").toString(form));
  }
});

test("it is read from standard input as well, and leaves nothing behind", async () => {
  const source = exportSource(Readable.from(lines));
  expect(await verify(source)).toMatchObject({ verdict: "intact", entries: 22 });
  expect(await auditKey(source)).toBe(trail.signing.key.id);
  await source.close();
});

test("a source is opened by what it is: folder, copied database or export", async () => {
  const path = join(folder, "audit.ndjson");
  writeFileSync(path, lines.join(""));
  for (const place of [{ data: folder }, { file: join(folder, "coffer.db") }, { file: path }]) {
    const source = await openSource(place);
    expect(await verify(source)).toMatchObject({ verdict: "intact", entries: 22 });
    await source.close();
  }
});

describe("in an export is named", () => {
  test("an edited entry, whichever member it was", async () => {
    const index = indexOf("one", 7);
    const row = JSON.parse(lines[index] ?? "");
    for (const member of Object.keys(row).filter((it) => !["kind", "stream", "seq"].includes(it))) {
      const changed = { ...row, [member]: row[member] === null ? "x" : null };
      expect(await found(lines.with(index, `${JSON.stringify(changed)}\n`))).toContain("edited one 7");
    }
  });

  test("an entry moved to another stream or sequence", async () => {
    const index = indexOf("one", 7);
    const row = JSON.parse(lines[index] ?? "");
    const elsewhere = lines.with(index, `${JSON.stringify({ ...row, stream: "three" })}\n`);
    expect(await found(elsewhere)).toContain("missing one 7");
    const later = lines.with(index, `${JSON.stringify({ ...row, seq: 700 })}\n`);
    expect(await found(later)).toContain("missing one 7");
  });

  test("a removed line", async () => {
    expect(await found(lines.toSpliced(indexOf("one", 7), 1))).toEqual(["missing one 7"]);
  });

  test("a line told twice", async () => {
    const index = indexOf("one", 7);
    expect(await found(lines.toSpliced(index, 0, lines[index] ?? ""))).toEqual(["added one 7"]);
  });

  test("lines in another order, and nothing else", async () => {
    const [five, nine] = [indexOf("one", 5), indexOf("one", 9)];
    const exchanged = lines.with(five, lines[nine] ?? "").with(nine, lines[five] ?? "");
    const kinds = new Set((await found(exchanged)).map((it) => it.split(" ")[0]));
    expect(kinds).toEqual(new Set(["reordered"]));
    const neighbours = lines.with(five, lines[five + 1] ?? "").with(five + 1, lines[five] ?? "");
    expect(await found(neighbours)).toEqual(["reordered one 5"]);
  });

  test("an entry edited among lines in another order", async () => {
    const five = indexOf("one", 5);
    const edited = (lines[five] ?? "").replace('"r-0"', '"r-9"');
    expect(edited).not.toBe(lines[five]);
    const neighbours = lines.with(five, lines[five + 1] ?? "").with(five + 1, edited);
    expect(await found(neighbours)).toEqual(["reordered one 5", "edited one 5"]);
  });

  /** Without the end of the newest stream, and its head too if that is asked for. */
  function cut({ head }: { head: boolean }): string[] {
    return lines.filter((line) => {
      const { kind, stream, seq } = JSON.parse(line);
      return stream !== "three" || !((kind === "entry" && seq > 5) || (kind === "head" && head));
    });
  }

  test("a tail cut off behind a head", async () => {
    expect(await found(cut({ head: false }))).toEqual(["tail-removed three 6"]);
  });

  test("a tail cut off with its head, behind an anchor", async () => {
    expect(await check(cut({ head: true }).join(""))).toMatchObject({ verdict: "unproven" });
    expect(await found(cut({ head: true }), { anchors: trail.anchors })).toEqual(["tail-removed three 6"]);
  });

  test("an end that a full disk cut off", async () => {
    expect(await found(lines.slice(0, -1))).toContain("tail-removed two 3");
  });

  test("a line that is none, and a member that no hash covers", async () => {
    expect(await found([...lines, "{"])).toEqual(["edited - -"]);
    expect(await found([...lines, '{"kind":"__proto__"}\n'])).toEqual(["edited - -"]);
    const index = indexOf("one", 7);
    const more = (lines[index] ?? "").replace("{", '{"approved_by":"owner",');
    expect(await found(lines.with(index, more))).toEqual(["edited - -"]);
  });
});

test("streams may stand in any order, and among each other", async () => {
  const head = lines.filter((line) => JSON.parse(line).kind !== "entry");
  const entries = lines.slice(head.length);
  const bySeq = entries.toSorted((a, b) => JSON.parse(a).seq - JSON.parse(b).seq);
  expect(await check([...head, ...bySeq].join(""))).toMatchObject({ verdict: "intact", entries: 22 });
});

test("what is no export is refused, not called broken", async () => {
  for (const text of ["", "hello\n", '{"kind":"entry"}\n', lines.slice(1).join("")]) {
    await expect(check(text)).rejects.toBeInstanceOf(AuditUnreadable);
  }
  await expect(verify(exportSource(join(folder, "none")))).rejects.toThrow(/none cannot be read/);
  await expect(openSource({ file: join(folder, "none") })).rejects.toThrow(/none does not exist/);
  await expect(openSource({ data: join(folder, "none") })).rejects.toThrow(/coffer.db does not exist/);
  const text = join(folder, "text.db");
  writeFileSync(text, "hello, this is no database at all".repeat(50));
  expect(() => sqliteSource(text)).toThrow(/is no Coffer database/);
  expect(readFileSync(text, "utf8")).toContain("hello");
});
