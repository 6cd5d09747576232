// Takes away one check of access after another and sees whether the matrix or the escalations notice.
// A check whose absence nobody notices is either not needed or not tested. It works on a copy of the
// tree; each round is a whole run of these tests, so it is no part of `npm test`.
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

const root = join(import.meta.dirname, "../../..");
const core = join(root, "src/core");
const roundMs = 180_000;

/** What stands for a check that was taken away, by its name: it lets everybody through. */
const decided = `((..._: unknown[]) => ({ allowed: true, because: "removed" }))`;
const stands: readonly (readonly [RegExp, string])[] = [
  [/^(admit|permitPerson)$/, "removed.$&"],
  [/^(permit|permitToken|permitOperator|authorize)$/, decided],
  [/^permit(Stores)$/, "((..._: unknown[]) => null)"],
  [/^permit(Within|All)$/, `((..._: unknown[]) => "removed")`],
  [/^narrowing$/, "((..._: unknown[]) => null)"],
  [/^demand\w+$/, "((..._: unknown[]) => undefined)"],
];
/** Rules of form, room and state; and functions that only gather checks which are taken away one by one. */
const others =
  /^(demand(Custody|Selectors|Precondition|Room|Wrapping|Unused|Narrowing)|permit(Minting|Rotation))$/;
const calls = /(?<![\w.])(admit|permit(?:[A-Z]\w*)?|demand[A-Z]\w*|authorize|narrowing)\(/g;

interface Check {
  readonly file: string;
  readonly line: number;
  readonly text: string;
  readonly mutated: string;
}

function checksOf(path: string): readonly Check[] {
  const source = readFileSync(path, "utf8");
  const found: Check[] = [];
  for (const match of source.matchAll(calls)) {
    const [, name = ""] = match;
    const stand = stands.find(([form]) => form.test(name));
    const before = source.slice(0, match.index);
    const line = before.slice(before.lastIndexOf("\n") + 1);
    if (stand === undefined || others.test(name) || /function \*?$|^\s*(\/\/|\*|\/\*)/.test(line)) continue;
    const after = source.slice(match.index + name.length);
    const imported = `import * as removed from "${relative(join(path, ".."), join(import.meta.dirname, "removed.ts"))}"; `;
    found.push({
      file: relative(root, path),
      line: before.split("\n").length,
      text: `${line}${source.slice(match.index).split("\n")[0]}`.trim(),
      mutated: `${name === "admit" || name === "permitPerson" ? imported : ""}${before}${name.replace(...stand)}${after}`,
    });
  }
  return found;
}

function allChecks(): readonly Check[] {
  const files = readdirSync(core, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))
    .toSorted();
  const found = files.flatMap((file) => checksOf(join(core, file)));
  // Admissions are all alike, so they come last.
  const admits = ({ text }: Check) => (/\badmit\(/.test(text) ? 1 : 0);
  return found.toSorted((a, b) => admits(a) - admits(b));
}

/** What the tests need, in a folder of its own, so that its caches and edits disturb nobody. */
function copyOfTree(): string {
  const copy = mkdtempSync(join(tmpdir(), "coffer-removals-"));
  for (const part of ["src", "test", "bin", "package.json", "tsconfig.json", "vitest.config.ts"]) {
    cpSync(join(root, part), join(copy, part), { recursive: true });
  }
  mkdirSync(join(copy, "node_modules"));
  for (const entry of readdirSync(join(root, "node_modules"))) {
    if (entry === ".vite") continue;
    symlinkSync(join(root, "node_modules", entry), join(copy, "node_modules", entry));
  }
  return copy;
}

/** Whether the tests pass there. The matrix first: it notices most. */
async function green(copy: string): Promise<boolean> {
  return (await passes(copy, "test/security/matrix")) && (await passes(copy, "test/security/escalation"));
}

function passes(copy: string, tests: string): Promise<boolean> {
  const vitest = join(copy, "node_modules/vitest/vitest.mjs");
  const args = [vitest, "run", tests, "--bail=1", "--maxWorkers=1", "--reporter=dot"];
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

if (asked.list === true) {
  for (const check of checks) console.log(place(check));
} else {
  const unnoticed = await removeEach();
  console.log(`${checks.length} checks, ${unnoticed.length} of them unnoticed when taken away`);
  for (const check of unnoticed) console.log(`  ${place(check)}`);
  process.exitCode = unnoticed.length > 0 ? 1 : 0;
}

async function removeEach(): Promise<readonly Check[]> {
  const unnoticed: Check[] = [];
  const queue = checks.entries();
  const work = async () => {
    const copy = copyOfTree();
    try {
      if (!(await green(copy))) throw new Error("the tests fail with all checks in place");
      for (const [index, check] of queue) {
        const path = join(copy, check.file);
        const whole = readFileSync(path, "utf8");
        writeFileSync(path, check.mutated);
        // What does not even load would be noticed for nothing.
        execFileSync(process.execPath, ["--check", path]);
        const passed = await green(copy);
        writeFileSync(path, whole);
        if (passed) unnoticed.push(check);
        console.log(
          `${index + 1}/${checks.length} ${passed ? "UNNOTICED" : "noticed"} ${check.file}:${check.line}`,
        );
      }
    } finally {
      if (existsSync(copy)) rmSync(copy, { recursive: true });
    }
  };
  const workers = Number(asked.workers ?? Math.max(1, Math.floor(availableParallelism() / 2)));
  await Promise.all(Array.from({ length: workers }, work));
  return unnoticed.toSorted((a, b) => a.file.localeCompare(b.file) || a.line - b.line);
}
