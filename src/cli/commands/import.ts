// `coffer import`: secrets of a file into a store, with the caller's rights, one after another. All of it is
// read and planned before anything is written; what was done is told as it is done, so that an import that
// broke off can be run again.
import type { Command } from "commander";
import { type CarriedSecret, parseJsonDocument, parseYamlDocument } from "../carried/document.ts";
import { parseDotenv } from "../carried/dotenv.ts";
import { type CarriedFormat, carriedFormats, formatOf } from "../carried/format.ts";
import {
  type ConflictRule,
  conflicting,
  conflictRules,
  type NamedSecret,
  planned,
  type Step,
} from "../carried/plan.ts";
import type { Client } from "../client.ts";
import { exitCodes } from "../exit-codes.ts";
import { Failure, failureOf } from "../failure.ts";
import { readInput } from "../files.ts";
import { oneOf } from "../options.ts";
import { type Output, printable } from "../output.ts";
import { progressOf } from "../progress.ts";
import { type ConnectionOptions, connectionOptions, openSession, optionsOf } from "../session.ts";
import { type Shell, utf8, write } from "../shell.ts";
import { namedSecrets, valuesOf } from "../values.ts";

interface ImportOptions extends ConnectionOptions {
  readonly format?: CarriedFormat;
  readonly dryRun?: boolean;
  readonly onConflict?: ConflictRule;
}

/** It is held in memory as a whole, several times over while it is parsed. */
const importBytesMax = 64 * 1024 * 1024;
const namesToldMax = 20;

export function importCommand(program: Command, shell: Shell): void {
  const command = program
    .command("import <file>")
    .description("put the secrets of a file into a store")
    .option(
      "--format <format>",
      `${carriedFormats.join(", ")} (else by the file's name)`,
      oneOf(...carriedFormats),
    )
    .option("--dry-run", "say what would be done, by name, and do nothing")
    .option(
      "--on-conflict <rule>",
      "for names that are there: fail, skip or overwrite",
      oneOf(...conflictRules),
      "fail",
    )
    .addHelpText(
      "after",
      `
- reads stdin. By default nothing is written if any name is there already. With "overwrite" a value
or metadata that differ are changed, which makes a new version of a value; what the file does not
say, and what is equal, stays as it is. For that the present values are read, and recorded as read.

An import that breaks off has said what it did: run it again with --on-conflict overwrite.

Examples:
  coffer import .env --dry-run
  coffer import secrets.yaml --store web-prod --on-conflict skip
  age -d -i key.txt secrets.json.age | coffer import - --format json`,
    )
    .action(async (file: string, _, self: Command) => {
      const options = optionsOf<ImportOptions>(self);
      const format = formatOf(options.format, file === "-" ? undefined : file);
      const secrets = parsed(format, utf8(await readInput(file, shell, importBytesMax), "the file"));
      const { client, output } = await openSession(shell, options);
      const rule = options.onConflict ?? "fail";
      const there = new Map((await namedSecrets(client)).map((secret) => [secret.name, secret]));
      const taken = conflicting(secrets, there);
      if (rule === "fail" && taken.length > 0) throw conflict(taken);
      const values = rule === "overwrite" ? await presentValues(client, taken, there) : new Map();
      const steps = planned(secrets, there, rule, (name) => values.get(name));
      const progress = progressOf(shell, "secrets");
      if (options.dryRun) await told(shell, output, steps, true);
      else await carriedOut(client, shell, output, steps, progress.at).finally(progress.end);
    });
  connectionOptions(command);
}

function parsed(format: CarriedFormat, text: string): readonly CarriedSecret[] {
  if (format === "dotenv") return parseDotenv(text).map(({ name, value }) => ({ name, value }));
  return format === "json" ? parseJsonDocument(text) : parseYamlDocument(text);
}

/** Those that this caller may read; null where there is none. */
async function presentValues(
  client: Client,
  names: readonly string[],
  there: ReadonlyMap<string, NamedSecret>,
): Promise<ReadonlyMap<string, string | null>> {
  const values = new Map<string, string | null>();
  const asked = names.filter((name) => (there.get(name)?.version ?? 0) > 0);
  try {
    for await (const { name, value } of valuesOf(client, asked)) values.set(name, value);
  } catch (error) {
    // Who may write and not read overwrites without looking.
    if (failureOf(error).exitCode !== exitCodes.refused) throw error;
  }
  return values;
}

function conflict(names: readonly string[]): Failure {
  const more = names.length > namesToldMax ? ` and ${names.length - namesToldMax} more` : "";
  const told = names.slice(0, namesToldMax).map(printable).join(", ");
  return new Failure(exitCodes.conflict, `these are there already: ${told}${more}; nothing was changed`, {
    code: "cli.conflict",
    hint: "--on-conflict skip keeps them, --on-conflict overwrite changes them",
    details: { names },
  });
}

const past = { add: "added", change: "changed", keep: "kept" } as const;

const nameOf = (step: Step): string => (step.kind === "add" ? step.secret.name : step.name);

async function carriedOut(
  client: Client,
  shell: Shell,
  output: Output,
  steps: readonly Step[],
  onCount: (count: number) => void,
): Promise<void> {
  const done: Step[] = [];
  try {
    for (const step of steps) {
      if (step.kind === "add") await client.secrets.create(step.secret);
      if (step.kind === "change") {
        await client.secrets.update({ text: step.name, byName: true }, step.fields, step.revision);
      }
      done.push(step);
      onCount(done.length);
    }
  } catch (error) {
    await told(shell, output, done, false);
    const failure = failureOf(error);
    const next = steps[done.length];
    const at = next === undefined ? "" : `${printable(nameOf(next))}: `;
    throw new Failure(
      failure.exitCode,
      `${at}${failure.message}; ${done.length} of ${steps.length} were done`,
      {
        ...failure,
        hint: "run it again with --on-conflict overwrite: what is equal is left as it is",
      },
    );
  }
  await told(shell, output, steps, false);
}

async function told(shell: Shell, output: Output, steps: readonly Step[], dryRun: boolean): Promise<void> {
  const named = (kind: Step["kind"]) => steps.filter((step) => step.kind === kind).map(nameOf);
  const report = { dryRun, added: named("add"), changed: named("change"), kept: named("keep") };
  if (output.json) return write(shell.stdout, `${JSON.stringify(report, null, 2)}\n`);
  for (const step of steps) await write(shell.stdout, `${past[step.kind]} ${printable(nameOf(step))}\n`);
  const { added, changed, kept } = report;
  const counts = `${added.length} added, ${changed.length} changed, ${kept.length} kept`;
  await output.say(dryRun ? `A dry run: nothing was changed. It would be ${counts}.` : `${counts}.`);
}
