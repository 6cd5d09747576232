// Counting what a test run said of itself. A report that is missing, empty or at odds with the exit
// code counts as a failure: silence must never look like success.
import { readFileSync } from "node:fs";

export interface Count {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** The part of vitest's JSON report that is counted. */
interface Report {
  readonly testResults: readonly {
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

/** Reads the report which vitest wrote; `ended` says whether vitest itself ended well. */
export function countOf(ended: boolean, reportFile: string): Count {
  let count: Count;
  try {
    count = countReport(JSON.parse(readFileSync(reportFile, "utf8")));
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  }
  // An error outside any test (an unhandled rejection) fails the run without failing a test.
  return !ended && count.failed === 0 ? { ...count, failed: 1 } : count;
}

export function countReport(report: Report): Count {
  return sum(
    report.testResults.map(({ status, assertionResults: tests }) => {
      const passed = tests.filter((test) => test.status === "passed").length;
      const failed = tests.filter((test) => test.status === "failed").length;
      // A file that could not be loaded, or whose hooks failed, has no failed test to show for it.
      const broken = status === "failed" && failed === 0 ? 1 : 0;
      return { passed, failed: failed + broken, skipped: tests.length - passed - failed };
    }),
  );
}

export function sum(counts: readonly Count[]): Count {
  const add = (of: (count: Count) => number) => counts.reduce((total, count) => total + of(count), 0);
  return { passed: add((it) => it.passed), failed: add((it) => it.failed), skipped: add((it) => it.skipped) };
}
