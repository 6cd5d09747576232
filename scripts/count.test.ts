import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { countOf, countReport, sum } from "./count.ts";

const folder = mkdtempSync(join(tmpdir(), "coffer-count-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const statuses = (...names: string[]) => names.map((status) => ({ status }));
const good = { status: "passed", assertionResults: statuses("passed", "passed", "skipped") };

function reportOf(content: string): string {
  const file = join(folder, "report.json");
  writeFileSync(file, content);
  return file;
}

test("passed, failed and skipped tests are summed over all files", () => {
  const bad = { status: "failed", assertionResults: statuses("passed", "failed", "failed") };
  expect(countReport({ testResults: [good, bad] })).toEqual({ passed: 3, failed: 2, skipped: 1 });
});

test("a file that could not be loaded counts as a failure", () => {
  const broken = { status: "failed", assertionResults: [] };
  expect(countReport({ testResults: [good, broken] })).toEqual({ passed: 2, failed: 1, skipped: 1 });
});

test("a missing or unreadable report is a failure, whatever the exit code said", () => {
  expect(countOf(true, join(folder, "absent.json"))).toEqual({ passed: 0, failed: 1, skipped: 0 });
  expect(countOf(true, reportOf("{"))).toEqual({ passed: 0, failed: 1, skipped: 0 });
});

test("a run that ended badly is a failure although every test passed", () => {
  const file = reportOf(JSON.stringify({ testResults: [good] }));
  expect(countOf(true, file)).toEqual({ passed: 2, failed: 0, skipped: 1 });
  expect(countOf(false, file)).toEqual({ passed: 2, failed: 1, skipped: 1 });
});

test("nothing sums to nothing", () => {
  expect(sum([])).toEqual({ passed: 0, failed: 0, skipped: 0 });
});
