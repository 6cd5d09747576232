// Entries that share a row of the table are verified one by one, as if each had a row of its own.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Trail, threeStreams } from "../../test/support/audit-trail.ts";
import { type Report, sqliteSource, verify } from "./index.ts";

let folder: string;
let file: string;
let trail: Trail;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "coffer-verify-"));
  file = join(folder, "coffer.db");
  trail = await threeStreams(file);
  const four = await trail.open("four", ["three"]);
  const run = ["a", "b", "c", "d"].map((name) => ({
    target: { kind: "secret", id: `s-${name}`, name, storeId: null },
    requestId: name,
  }));
  await trail.appendRun(four, run);
  await trail.append(four);
  trail.sign(four);
});

afterEach(() => {
  trail.db.close();
  rmSync(folder, { recursive: true });
});

async function check(): Promise<Report> {
  const source = sqliteSource(file);
  try {
    return await verify(source, {});
  } finally {
    await source.close();
  }
}

async function found(): Promise<string[]> {
  return (await check()).findings.map(({ kind, stream, seq }) => `${kind} ${stream ?? "-"} ${seq ?? "-"}`);
}

const row = "stream = 'four' AND earlier IS NOT NULL";
const earlier = () =>
  String(trail.db.prepare(`SELECT earlier FROM audit_entries WHERE ${row}`).get()?.earlier);
const change = (changed: (list: string[][]) => unknown) =>
  trail.run(
    `UPDATE audit_entries SET earlier = $1 WHERE ${row}`,
    JSON.stringify(changed(JSON.parse(earlier()) as string[][])),
  );

test("are read one by one, and follow each other", async () => {
  expect(earlier()).toMatch(/^\[\["s-a","a",null,/);
  expect(await check()).toMatchObject({ verdict: "intact", findings: [], streams: 4 });
});

test("one of them that was edited is named", async () => {
  const [first] = trail.db.prepare(`SELECT seq FROM audit_entries WHERE ${row}`).all();
  const seq = Number(first?.seq) - 2;
  change((list) => list.map((own) => (own[0] === "s-b" ? ["s-x", ...own.slice(1)] : own)));
  expect(await found()).toEqual([`edited four ${seq}`]);
});

test("two that changed places, one left out, one too many, and another spelling are found", async () => {
  const whole = earlier();
  const changes: ((list: string[][]) => unknown)[] = [
    ([a, b, c]) => [b, a, c],
    (list) => list.slice(1),
    (list) => list.slice(0, 2),
    () => [],
    (list) => [...list, ...list.slice(0, 1)],
    (list) => [list[0], ...list],
    (list) => list.map((own) => [...own, "more"]),
    (list) => list.map((own) => own.slice(1)),
    (list) => ({ ...list }),
  ];
  for (const changed of changes) {
    trail.run(`UPDATE audit_entries SET earlier = $1 WHERE ${row}`, whole);
    change(changed);
    expect((await check()).verdict, changed.toString()).toBe("broken");
  }
  for (const text of [` ${whole}`, "", "[", "null", "7"]) {
    trail.run(`UPDATE audit_entries SET earlier = $1 WHERE ${row}`, text);
    expect((await check()).verdict, text).toBe("broken");
  }
  trail.run(`UPDATE audit_entries SET earlier = $1 WHERE ${row}`, whole);
  expect((await check()).verdict).toBe("intact");
});

test("what is said for all of them was said of each", async () => {
  trail.run(`UPDATE audit_entries SET caller_name = 'x' WHERE ${row}`);
  expect((await found()).length).toBeGreaterThan(0);
  trail.run(`UPDATE audit_entries SET caller_name = 'Owner', earlier = NULL WHERE ${row}`);
  expect((await found()).length).toBeGreaterThan(0);
});
