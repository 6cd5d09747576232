// Every `coffer ...` line in any document, in README and in --help, held against the command line
// itself: commands, options and numbers of arguments. Nothing is run.
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Writable } from "node:stream";
import type { Command } from "commander";
import { describe, expect, test } from "vitest";
import { allCommands } from "../../src/cli/commands/index.ts";
import { exitCodeOfStatus, exitCodes } from "../../src/cli/exit-codes.ts";
import { programOf } from "../../src/cli/program.ts";
import { errors } from "../../src/dialects/native/errors.ts";
import { parseScript } from "../cli/script.ts";
import { helpOf, leavesOf, nameOf } from "../support/command-tree.ts";
import { parsePage } from "./page.ts";
import { pagePaths, repository } from "./pages.ts";
import { cofferIn } from "./shell-words.ts";

const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });

function program(): Command {
  const shell = { env: {}, stdin: process.stdin, stdout: nowhere, stderr: nowhere };
  const made = programOf(shell, () => {}, allCommands);
  for (const leaf of leavesOf(made)) leaf.action(() => {});
  return made;
}

/** What the command line has against these arguments; null: nothing. */
async function objection(args: readonly string[]): Promise<string | null> {
  if (args[0] === "--version" || args.includes("--help")) return null;
  try {
    await program().parseAsync([...args], { from: "user" });
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function objections(lines: readonly (readonly string[])[]): Promise<string[]> {
  const all = await Promise.all(
    lines.map(async (args) => {
      const wrong = await objection(args);
      return wrong === null ? [] : [`coffer ${args.join(" ")}: ${wrong}`];
    }),
  );
  return all.flat();
}

describe("the commands in a document are commands", () => {
  test.each(pagePaths())("%s", async (path) => {
    const { fences, steps, unrun } = parsePage(readFileSync(join(repository, path), "utf8"));
    const told = fences.filter(({ language }) => language !== "sh" && language !== "console");
    // A page may show what a mistake looks like.
    const right = steps.filter(({ shown }) => !/^ {2}.*See: coffer/m.test(shown ?? ""));
    const lines = [...told, ...right, ...unrun].flatMap(({ text }) => cofferIn(text));
    expect(await objections(lines)).toEqual([]);
  });
});

describe("every command's --help has an example that is one", () => {
  test.each(leavesOf(program()).map((leaf) => [nameOf(leaf), leaf] as const))("%s", async (name, leaf) => {
    const help = helpOf(leaf);
    const [, examples = ""] = /\nExamples?:\n((?: {2}.*\n|\n)*)/.exec(help) ?? [];
    const lines = cofferIn(examples);
    expect(
      lines.map((args) => `coffer ${args.join(" ")}`).filter((it) => `${it} `.startsWith(`${name} `)),
    ).not.toEqual([]);
    expect(await objections(lines)).toEqual([]);
  });
});

// The shell empties the file before Coffer runs: what fails, or reads that very file, leaves no root key.
test("no document and no --help sends a root key through the shell into a file", () => {
  const pages = pagePaths().map((path) => [path, readFileSync(join(repository, path), "utf8")] as const);
  const helps = leavesOf(program()).map((leaf) => [nameOf(leaf), helpOf(leaf)] as const);
  const through = [...pages, ...helps].flatMap(([where, text]) =>
    Array.from(
      text.matchAll(/coffer key (?:new|drop|refresh)\b[^`\n&|]* >.*/g),
      ([line]) => `${where}: ${line}`,
    ),
  );
  expect(through).toEqual([]);
});

test("every command is run against the real thing by a script of test/cli or by a page", () => {
  const scripts = globSync("test/cli/**/*.txt", { cwd: repository }).flatMap((path) =>
    parseScript(readFileSync(join(repository, path), "utf8")).map(({ command }) => command),
  );
  const pages = pagePaths().flatMap((path) =>
    parsePage(readFileSync(join(repository, path), "utf8")).steps.map(({ text }) => text),
  );
  const lines = [...scripts, ...pages].flatMap(cofferIn).map((args) => `coffer ${args.join(" ")} `);
  const unseen = leavesOf(program())
    .map(nameOf)
    .filter((name) => !lines.some((line) => line.startsWith(`${name} `)));
  expect(unseen).toEqual([]);
});

test("every command has --json, but those that print a file for a program, or run until they are ended", () => {
  const without = leavesOf(program()).filter(({ options }) => !options.some(({ long }) => long === "--json"));
  expect(without.map(nameOf).sort()).toEqual([
    "coffer completion",
    "coffer help",
    "coffer key drop",
    "coffer key new",
    "coffer key refresh",
    "coffer serve",
  ]);
});

describe("the reference names what there is", () => {
  const parts = readFileSync(join(repository, "docs/reference/cli.md"), "utf8").split(/^(?=###? )/m);
  const sections = parts.filter((it) => it.startsWith("### "));
  const sectionOf = (name: string) =>
    sections.find((it) => commandsOfHeading(it.split("\n", 1)[0] ?? "").includes(name)) ?? "";
  /** What is said once for many: connections, names of secrets; and the options of the host, at `serve`. */
  const common = parts.filter((it) => !it.startsWith("### ")).join("") + sectionOf("coffer serve");
  const leaves = leavesOf(program());

  test("every command, and no other", () => {
    const named = sections.flatMap((it) => commandsOfHeading(it.split("\n", 1)[0] ?? ""));
    expect(named.sort()).toEqual(leaves.map(nameOf).sort());
  });

  test("every exit code, and what the server answers to come to it", () => {
    const rows = Array.from(
      parts.join("").matchAll(/^\| ([\d, n+]+) \| (.*) \|$/gm),
      ([, code = "", when = ""]) => ({ code, when }),
    );
    const own = Object.values(exitCodes).map(String);
    expect(rows.map(({ code }) => code)).toEqual([...own, "126, 127", "128 + n"]);
    const told = rows.flatMap(({ code, when }) =>
      Array.from(when.matchAll(/\b[45]\d\d\b/g), ([status]) => [Number(status), Number(code)]),
    );
    for (const [status, code] of told)
      expect([status, exitCodeOfStatus(status ?? 0)]).toEqual([status, code]);
    const sent = Object.values(errors).map(({ status }) => status);
    const untold = new Set(sent.filter((status) => !told.some(([it]) => it === status)));
    // A mistake in what was handed in, and what is not there, have many statuses; the rest is a failure.
    expect([...untold].map((status) => [status, exitCodeOfStatus(status)]).sort()).toEqual([
      [400, exitCodes.usage],
      [404, exitCodes.notFound],
      [405, exitCodes.failure],
      [410, exitCodes.notFound],
      [413, exitCodes.usage],
      [415, exitCodes.usage],
      [500, exitCodes.failure],
    ]);
  });

  test.each(leaves.map((leaf) => [nameOf(leaf), leaf] as const))("the options of %s", (name, leaf) => {
    const told = common + sectionOf(name);
    const options = leaf.options.map(({ long }) => long ?? "");
    expect(options.filter((option) => !new RegExp(`${option}\\b(?!-)`).test(told))).toEqual([]);
  });
});

/** `coffer a b X`, then `c Y` for another of the same group. */
function commandsOfHeading(heading: string): string[] {
  let group: string[] = [];
  return Array.from(heading.matchAll(/`([^`]+)`/g), ([, quoted = ""]) => {
    const words = quoted.split(" ");
    const own = words.slice(
      0,
      words.findIndex((word, index) => !/^[a-z][a-z-]*$/.test(word) && index > 0) >>> 0,
    );
    if (own[0] === "coffer") {
      group = own.slice(0, -1);
      return own.join(" ");
    }
    return [...group, own[0]].join(" ");
  });
}
