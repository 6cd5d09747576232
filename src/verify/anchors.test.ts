import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readAnchors, type SignedHead } from "./index.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "coffer-anchors-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

const head = (stream: string, seq: number, change: Partial<SignedHead> = {}): SignedHead => ({
  stream,
  seq,
  hash: "ab".repeat(32),
  at: 1,
  key: "ak_0",
  signature: "s",
  ...change,
});

function read(...lines: (string | object)[]): Promise<readonly SignedHead[]> {
  const path = join(folder, "server.log");
  writeFileSync(
    path,
    lines.map((line) => `${typeof line === "string" ? line : JSON.stringify(line)}\n`).join(""),
  );
  return readAnchors(path);
}

test("heads are found in log lines, inside wrappers, and bare, among lines about other things", async () => {
  const heads = await read(
    { level: 30, time: 1, msg: "audit head", auditHead: head("a", 4) },
    "plain text",
    { level: 30, msg: "listening" },
    { stream: "stdout", log: { entries: [{ auditHead: head("b", 2) }] } },
    head("c", 9),
    '{"level":30,"auditHead":{"stream":"a","se',
  );
  expect(heads).toEqual([head("a", 4), head("b", 2), head("c", 9)]);
});

test("of each stream the newest counts, wherever it stands", async () => {
  expect(await read(head("a", 4), head("a", 9), head("a", 7), head("b", 1))).toEqual([
    head("a", 9),
    head("b", 1),
  ]);
});

test("two different heads of one entry are both kept, the same one once", async () => {
  const other = head("a", 4, { hash: "cd".repeat(32) });
  expect(await read(head("a", 4), other, head("a", 4))).toEqual([head("a", 4), other]);
});

test("a file without heads, or with one that cannot be read, is refused", async () => {
  await expect(read("nothing", {})).rejects.toThrow(/holds no signed heads/);
  await expect(read(head("a", 1), { auditHead: { stream: "a" } })).rejects.toThrow(/line 2 holds a head/);
  await expect(readAnchors(join(folder, "none"))).rejects.toThrow(/cannot be read/);
});
