// Takes away one check of access after another and sees whether the matrix or the escalations notice.
// A check whose absence nobody notices is either not needed or not tested. It works on a copy of the
// tree; each round runs these tests until one fails, so it is no part of `npm test`.
//
//   npm run removals -- [--only TEXT]... [--workers N] [--list]
import { execFileSync, spawn } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { kept } from "./removed.ts";

const root = join(import.meta.dirname, "../../..");
const searched = ["src/core", "src/auth", "src/server", "src/dialects"];
const roundMs = 180_000;

/** What stands for a check that was taken away, by its name: it lets everybody through. */
const decided = `((..._: unknown[]) => ({ allowed: true, because: "removed" }))`;
const stands: readonly (readonly [RegExp, string])[] = [
  [/^(admit|permitPerson|liveCredential)$/, "removed.$&"],
  [/^(permit|permitToken|permitOperator|authorize)$/, decided],
  [/^permit(Stores)$/, "((..._: unknown[]) => null)"],
  [/^permit(Within|All)$/, `((..._: unknown[]) => "removed")`],
  [/^narrowing$/, "((..._: unknown[]) => null)"],
  [/^(demand\w+|refuseExpired)$/, "((..._: unknown[]) => undefined)"],
  [/^(accepts|form\.same)$/, "((..._: unknown[]) => true)"],
  [/^(untimely|unmetClaim)$/, "((..._: unknown[]) => null)"],
  [/^knows$/, "((..._: unknown[]) => async () => undefined)"],
];
/** Rules of form, room and state; and functions that only gather checks which are taken away one by one. */
const others =
  /^(demand(Custody|Selectors|Precondition|Quota|Readable|Room|Wrapping|Unused|Narrowing|Future)|permit(Minting|Rotation))$/;
/** What else a dialect demands is the form of a request. */
const ofDialects = /^(demand(Scope|Known|Admin)|knows)$/;
const calls =
  /(?<![\w.])(admit|permit(?:[A-Z]\w*)?|demand[A-Z]\w*|authorize|narrowing|refuseExpired|accepts|form\.same|untimely|unmetClaim|knows|liveCredential)\(/g;

interface Check {
  readonly name: string;
  readonly file: string;
  readonly line: number;
  readonly text: string;
  readonly mutated: string;
}

function checksOf(path: string): readonly Check[] {
  const source = readFileSync(path, "utf8");
  const file = relative(root, path);
  const found: Check[] = [];
  for (const match of source.matchAll(calls)) {
    const [, name = ""] = match;
    const stand = stands.find(([form]) => form.test(name));
    const before = source.slice(0, match.index);
    const line = before.slice(before.lastIndexOf("\n") + 1);
    const other = file.startsWith("src/dialects/") ? !ofDialects.test(name) : others.test(name);
    // Outside the core that is a name for letting a request go on.
    const goesOn = name === "admit" && !file.startsWith("src/core/");
    if (stand === undefined || other || goesOn || /(function \*?|^ +async )$|^\s*(\/\/|\*|\/\*)/.test(line))
      continue;
    const after = source.slice(match.index + name.length);
    const standing = name.replace(...stand);
    const imported = `import * as removed from "${relative(join(path, ".."), join(import.meta.dirname, "removed.ts"))}"; `;
    found.push({
      name,
      file,
      line: before.split("\n").length,
      text: `${line}${source.slice(match.index).split("\n")[0]}`.trim(),
      mutated: `${standing.startsWith("removed.") ? imported : ""}${before}${standing}${after}`,
    });
  }
  return found;
}

function allChecks(): readonly Check[] {
  const files = searched.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))
      .toSorted()
      .map((file) => join(root, folder, file)),
  );
  const found = files.flatMap(checksOf);
  // Admissions are all alike, so they come last.
  const admits = ({ text }: Check) => (/\badmit\(/.test(text) ? 1 : 0);
  return found.toSorted((a, b) => admits(a) - admits(b));
}

/** What the tests need, in a folder of its own, so that its caches and edits disturb nobody. */
function copyOfTree(): string {
  const copy = mkdtempSync(join(tmpdir(), "coffer-removals-"));
  const parts = ["src", "test", "bin", "conformance", "package.json", "tsconfig.json", "vitest.config.ts"];
  for (const part of parts) {
    cpSync(join(root, part), join(copy, part), { recursive: true });
  }
  mkdirSync(join(copy, "node_modules"));
  for (const entry of readdirSync(join(root, "node_modules"))) {
    if (entry === ".vite") continue;
    symlinkSync(join(root, "node_modules", entry), join(copy, "node_modules", entry));
  }
  return copy;
}

const matrix = "test/security/matrix/matrix.test.ts";
const attempts = "test/security/escalation";
const workloads = ["src/auth", "test/security/workload/tokens.test.ts"];
const dialects = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith(".test.ts") && !matrix.endsWith(`/${file}`))
  .map((file) => `test/security/matrix/${file}`);
const everything = [matrix, attempts, ...dialects];

/** The tests that a check must not get past, those first that probably notice. */
function testsFor({ file, text }: Check): readonly string[] {
  const [, dialect] = /^src\/dialects\/(\w+)\//.exec(file) ?? [];
  const likely = dialects.filter((tests) => dialect !== undefined && tests.includes(`/${dialect}`));
  if (/^src\/(auth|core\/trusts)\//.test(file)) likely.push(...workloads);
  if (/\bdemand|liveCred|refuseExpired/.test(text) || file.endsWith("/confer.ts")) likely.push(attempts);
  const beside = file.replace(/ts$/, "test.ts");
  return [...new Set([...likely, ...everything, ...(existsSync(join(root, beside)) ? [beside] : [])])];
}

/** The tests of these that fail there; null: none. */
async function noticing(copy: string, tests: readonly string[]): Promise<string | null> {
  for (const each of tests) if (!(await passes(copy, each))) return each;
  return null;
}

/** In one process: starting one for each file takes as long as the tests. */
function passes(copy: string, tests: string): Promise<boolean> {
  const vitest = join(copy, "node_modules/vitest/vitest.mjs");
  const args = [vitest, "run", tests, "--bail=1", "--maxWorkers=1", "--no-isolate", "--reporter=dot"];
  const env = { ...process.env, COFFER_MATRIX: "hasty" };
  const child = spawn(process.execPath, args, { cwd: copy, env, stdio: "ignore" });
  // A server that waits for ever is noticed too.
  const alarm = setTimeout(() => child.kill("SIGKILL"), roundMs);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code) => {
      clearTimeout(alarm);
      resolve(code === 0);
    });
  });
}

const { values: asked } = parseArgs({
  options: {
    only: { type: "string", multiple: true },
    workers: { type: "string" },
    list: { type: "boolean" },
  },
});
const checks = allChecks().filter(
  ({ file, line }) => asked.only?.some((text) => `${file}:${line}`.includes(text)) ?? true,
);
const place = ({ file, line, text }: Check) => `${file}:${line}: ${text}`;
const keyOf = ({ name, file, text }: Check) => `${name} in ${file}: ${text}`;

if (asked.list === true) {
  for (const check of checks) console.log(place(check));
} else {
  const unnoticed = await removeEach();
  const reasons = new Map(kept);
  const explained: string[] = [];
  const open = unnoticed.filter((check) => {
    const reason = reasons.get(keyOf(check));
    if (reason !== undefined) explained.push(`${place(check)}\n    ${reason}`);
    // A reason stands for one check, not for all of the same words.
    return !reasons.delete(keyOf(check));
  });
  const count = `${open.length} of them unnoticed when taken away`;
  console.log(`${checks.length} checks, ${count}, ${explained.length} kept for a reason of their own`);
  for (const check of open) console.log(`  ${place(check)}`);
  for (const check of explained) console.log(`  ${check}`);
  process.exitCode = open.length > 0 ? 1 : 0;
}

async function removeEach(): Promise<readonly Check[]> {
  const unnoticed: Check[] = [];
  const queue = checks.entries();
  const work = async () => {
    const copy = copyOfTree();
    try {
      const failing = await noticing(copy, everything);
      if (failing !== null) throw new Error(`${failing} fails with all checks in place`);
      for (const [index, check] of queue) {
        const path = join(copy, check.file);
        const whole = readFileSync(path, "utf8");
        writeFileSync(path, check.mutated);
        // What does not even load would be noticed for nothing.
        execFileSync(process.execPath, ["--check", path]);
        const noticed = await noticing(copy, testsFor(check));
        writeFileSync(path, whole);
        if (noticed === null) unnoticed.push(check);
        const judged = noticed === null ? "UNNOTICED" : `noticed by ${noticed}:`;
        console.log(`${index + 1}/${checks.length} ${judged} ${check.file}:${check.line}`);
      }
    } finally {
      if (existsSync(copy)) rmSync(copy, { recursive: true });
    }
  };
  const workers = Number(asked.workers ?? Math.max(1, Math.floor(availableParallelism() / 2)));
  await Promise.all(Array.from({ length: workers }, work));
  return unnoticed.toSorted((a, b) => a.file.localeCompare(b.file) || a.line - b.line);
}
