// The command line as a whole: which commands there are, and how their end becomes an exit code.
// Nothing below throws past this file, and nothing here knows what a command does.
import { Command, CommanderError } from "commander";
import { packageVersion } from "../server/package.ts";
import { accountCommands } from "./commands/accounts.ts";
import { auditCommands } from "./commands/audit.ts";
import { backendCommands } from "./commands/backends.ts";
import { backupCommands } from "./commands/backup.ts";
import { bitwardenCommands } from "./commands/bitwarden.ts";
import { completionCommand } from "./commands/completion.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { explainCommand } from "./commands/explain.ts";
import { exportCommand } from "./commands/export.ts";
import { grantCommands } from "./commands/grants.ts";
import { groupCommands } from "./commands/groups.ts";
import { hostCommands } from "./commands/host.ts";
import { importCommand } from "./commands/import.ts";
import { jobCommands } from "./commands/jobs.ts";
import { kubeconfigCommand } from "./commands/kubeconfig.ts";
import { loginCommands } from "./commands/login.ts";
import { machineCommands } from "./commands/machines.ts";
import { organizationCommands } from "./commands/organizations.ts";
import { peopleCommands } from "./commands/people.ts";
import { policyCommands } from "./commands/policies.ts";
import { runCommand } from "./commands/run.ts";
import { secretCommands } from "./commands/secrets.ts";
import { serviceCommands } from "./commands/services.ts";
import { storeCommands } from "./commands/stores.ts";
import { tokenCommands } from "./commands/tokens.ts";
import { trashCommands } from "./commands/trash.ts";
import { trustCommands } from "./commands/trusts.ts";
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
  const program = programOf(shell, (code) => {
    exitCode = code;
  });
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

export function programOf(shell: Shell, end: (exitCode: number) => void): Command {
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
  hostCommands(program, shell, end);
  backupCommands(program, shell, end);
  doctorCommand(program, shell, end);
  accountCommands(program, shell);
  loginCommands(program, shell);
  secretCommands(program, shell);
  runCommand(program, shell, end);
  exportCommand(program, shell);
  importCommand(program, shell);
  policyCommands(program, shell, end);
  explainCommand(program, shell);
  storeCommands(program, shell);
  backendCommands(program, shell);
  tokenCommands(program, shell);
  jobCommands(program, shell);
  trashCommands(program, shell);
  trustCommands(program, shell);
  organizationCommands(program, shell);
  peopleCommands(program, shell);
  groupCommands(program, shell);
  machineCommands(program, shell);
  serviceCommands(program, shell);
  grantCommands(program, shell);
  auditCommands(program, shell, end);
  kubeconfigCommand(program, shell);
  bitwardenCommands(program, shell);
  completionCommand(program, shell);
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
