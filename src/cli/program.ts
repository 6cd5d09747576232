// The command line as a whole: which commands there are, and how their end becomes an exit code.
// Nothing below throws past this file, and nothing here knows what a command does.
import { Command, CommanderError } from "commander";
import { packageVersion } from "../server/package.ts";
import type { AddCommands } from "./commands/index.ts";
import { exitCodeHelp, exitCodes } from "./exit-codes.ts";
import { type Failure, failureOf, usage } from "./failure.ts";
import { helpCommand, topicHelp } from "./help-topics.ts";
import { printFailure } from "./output.ts";
import { type Shell, write } from "./shell.ts";
import { exitCodeOfSignal, Interrupted } from "./signals.ts";

/** Runs one command line to its end and answers the exit code. */
export async function runCoffer(argv: readonly string[], shell: Shell): Promise<number> {
  if (argv[0] === "--version" || argv[0] === "-V") {
    await write(shell.stdout, `${packageVersion()}\n`);
    return exitCodes.ok;
  }
  let exitCode: number = exitCodes.ok;
  const end = (code: number) => {
    exitCode = code;
  };
  const program = programOf(shell, end, await commandsFor(argv));
  try {
    await program.parseAsync(argv, { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof Interrupted) return exitCodeOfSignal("SIGINT");
    if (error instanceof CommanderError && error.exitCode === 0) return exitCodes.ok; // --help
    // A command that only groups others, given alone: its help was printed, nothing was done.
    if (error instanceof CommanderError && error.code === "commander.help") return exitCodes.usage;
    const misused = error instanceof CommanderError;
    const failure = misused ? misuse(error, program, argv) : failureOf(error);
    const json = misused ? asksForJson(argv) : commandOf(program, argv).opts().json === true;
    await printFailure(shell, failure, json);
    return failure.exitCode;
  }
}

/** A server stays: what talks to one, and is never run by it, would lie in its memory all the time. */
async function commandsFor([name]: readonly string[]): Promise<AddCommands> {
  if (name === "serve") return (await import("./commands/host.ts")).hostCommands;
  return (await import("./commands/index.ts")).allCommands;
}

export function programOf(shell: Shell, end: (exitCode: number) => void, add: AddCommands): Command {
  const program = new Command("coffer")
    .description("A self-hosted secrets server, and the command that talks to it.")
    .usage("<command> [options]")
    // Options belong to the command they follow: `run` must not look into the program's own.
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => shell.stdout.write(text),
      writeErr: (text) => shell.stderr.write(text),
      outputError: () => {}, // told by printFailure, in one form for all errors
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .addHelpText(
      "after",
      `
Start here:
  coffer serve                                             the server, with its own database
  coffer login --bootstrap coffer-data/bootstrap.json      in another terminal
  printf %s "s3cret" | coffer secret set DATABASE_PASSWORD
  coffer secret get DATABASE_PASSWORD
  coffer run -- printenv DATABASE_PASSWORD

Environment: COFFER_URL, COFFER_TOKEN, COFFER_CA, COFFER_ORG and COFFER_STORE win over the kept login.
Data goes to stdout, everything else to stderr. \`coffer --version\` prints the version.
${topicHelp}

${exitCodeHelp}`,
    );
  add(program, shell, end);
  helpCommand(program, shell);
  return program;
}

/** What commander found wrong, in the form of every other error. */
function misuse(error: CommanderError, program: Command, argv: readonly string[]): Failure {
  const [message = "", ...more] = error.message.replace(/^error: /, "").split("\n");
  const command = commandOf(program, argv);
  const name = pathOf(command);
  if (error.code === "commander.excessArguments" && name === "coffer secret set") {
    return usage("a value is not given as an argument", "pipe it in: printf %s ... | coffer secret set NAME");
  }
  if (error.code === "commander.excessArguments" && name === "coffer people accept") {
    return usage("a code is not given as an argument", "pipe it in: coffer people accept < FILE");
  }
  const suggestion = more.join(" ").trim();
  return usage(message, `${suggestion === "" ? "" : `${suggestion} `}See: ${name} --help`);
}

/** The deepest command that the arguments name. */
function commandOf(program: Command, argv: readonly string[]): Command {
  let command = program;
  for (const word of argv) {
    const next = command.commands.find((each) => each.name() === word);
    if (next === undefined) break;
    command = next;
  }
  return command;
}

function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}

/** For arguments that could not be parsed. What follows `--` is another program's. */
function asksForJson(argv: readonly string[]): boolean {
  const end = argv.indexOf("--");
  return (end < 0 ? argv : argv.slice(0, end)).includes("--json");
}
