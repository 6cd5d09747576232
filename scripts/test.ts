// The whole proof in one command: types and lint, then every vitest project, then the crash test.
// It knows how to start each part and how to count it; what a part proves is the part's own.
// It keeps: a part that failed, or that vanished without a word, never ends in exit code 0.
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { requirements, whyMissing } from "../test/support/requirements.ts";
import { type Count, countOf, sum } from "./count.ts";
import { root, run, runQuietly } from "./parts.ts";

const crashTest = join(root, "test", "crash", "run.ts");
const demandsAll = process.env.COFFER_TEST_REQUIRE === "all";

const missing = requirements.flatMap((requirement) => {
  const reason = whyMissing(requirement.name);
  return reason === null ? [] : [{ ...requirement, reason }];
});
const refused = demandsAll ? missing.filter((requirement) => !requirement.optional) : [];

const [types, lint] = await Promise.all([
  runQuietly("types", "tsc", ["--noEmit", "--pretty", "false"]),
  runQuietly("lint", "biome", [
    "check",
    "--error-on-warnings",
    "--diagnostic-level=warn",
    "--colors=off",
    ".",
  ]),
]);
const tests = await runVitest();
const crash = existsSync(crashTest) ? await runCrash() : null;

const total = sum([
  types,
  lint,
  tests,
  ...(crash === null ? [] : [crash]),
  { passed: 0, failed: refused.length, skipped: 0 },
]);

console.log("");
if (missing.length > 0 || total.skipped > 0) {
  console.log("not run:");
  for (const { name, proves, reason, optional } of missing) {
    const verdict = demandsAll && !optional ? " (demanded by COFFER_TEST_REQUIRE=all)" : "";
    console.log(`  ${name}: ${proves}; ${reason}${verdict}`);
  }
  if (total.skipped > 0) console.log(`  ${total.skipped} tests left themselves out`);
  console.log("");
}
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed > 0 ? 1 : 0;

async function runVitest(): Promise<Count> {
  const folder = mkdtempSync(join(tmpdir(), "coffer-test-"));
  try {
    const report = join(folder, "report.json");
    const args = ["run", "--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
    return countOf(await run("tests", "vitest", args), report);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runCrash(): Promise<Count> {
  const ended = await run("crash", process.execPath, [crashTest, "--rounds", "25"]);
  return { passed: ended ? 1 : 0, failed: ended ? 0 : 1, skipped: 0 };
}
