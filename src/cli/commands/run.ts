// `coffer run`: a store's secrets as environment of one program, and of nothing else. They never
// stand in arguments, in files, or in this program's own environment.
import type { ChildProcess } from "node:child_process";
import type { Command } from "commander";
import { childEnvironment, isVariableName, type Offer, type Skipped } from "../child-environment.ts";
import type { Client } from "../client.ts";
import { exitCodes } from "../exit-codes.ts";
import { Failure } from "../failure.ts";
import { printable } from "../output.ts";
import { type ConnectionOptions, connectionOptions, openSession, optionsOf } from "../session.ts";
import type { Shell } from "../shell.ts";
import { exitCodeOfSignal } from "../signals.ts";
import { namedSecrets, valuesOf } from "../values.ts";

export function runCommand(program: Command, shell: Shell, end: (exitCode: number) => void): void {
  const run = program
    .command("run <command> [args...]")
    .usage("[options] -- <command> [args...]")
    .description("run a program with a store's secrets in its environment")
    .passThroughOptions()
    .addHelpText(
      "after",
      `
Every secret whose name can be a variable's ([A-Za-z_][A-Za-z0-9_]*) is handed over; the others
are named on stderr. Secrets win over variables of the same name; COFFER_* variables are not
handed on. Signals go to the program; coffer ends with the program's exit code, or with 128 and
the number of the signal that ended it.

Examples:
  coffer run -- printenv DATABASE_URL
  coffer run --store web-prod -- node server.js
  coffer run -- sh -c 'psql "$DATABASE_URL"'`,
    )
    .action(async (command: string, args: readonly string[], _, self: Command) => {
      const { client, output } = await openSession(shell, optionsOf<ConnectionOptions>(self));
      const { offers, skipped } = await secretsOf(client);
      const { env, skipped: unfit } = childEnvironment(
        shell.env,
        offers,
        skipped.map(({ name }) => name),
      );
      for (const { name, why } of [...skipped, ...unfit]) {
        await output.say(`coffer: skipped ${printable(name)}: ${why}`);
      }
      end(await spawnAndWait(command, args, env, shell.stdin.isTTY ?? false));
    });
  connectionOptions(run);
}

/** All that can be handed over. A value that may not be read is a failure: half is no environment. */
async function secretsOf(client: Client): Promise<{ offers: Offer[]; skipped: Skipped[] }> {
  const names: string[] = [];
  const skipped: Skipped[] = [];
  for (const { name, version } of await namedSecrets(client)) {
    if (!isVariableName(name)) skipped.push({ name, why: "its name cannot be a variable's" });
    else if (version === 0) skipped.push({ name, why: "it has no value" });
    else names.push(name);
  }
  const offers: Offer[] = [];
  for await (const { name, value, why } of valuesOf(client, names)) {
    if (value === null) skipped.push({ name, why });
    else offers.push({ name, value });
  }
  return { offers, skipped };
}

async function spawnAndWait(
  command: string,
  args: readonly string[],
  env: Record<string, string>,
  onTerminal: boolean,
): Promise<number> {
  const { spawn } = await import("node:child_process");
  let child: ChildProcess | null = null;
  const pass = (signal: NodeJS.Signals) => child?.kill(signal);
  // A terminal sends Ctrl-C to the whole group: passing it on would make it two.
  const passInterrupt = (signal: NodeJS.Signals) => {
    if (!onTerminal) pass(signal);
  };
  const listeners = [
    ["SIGTERM", pass],
    ["SIGHUP", pass],
    ["SIGUSR1", pass],
    ["SIGUSR2", pass],
    ["SIGINT", passInterrupt],
    ["SIGQUIT", passInterrupt],
  ] as const;
  // Before there is a program: a signal that came just after its start would end us, and leave it running.
  for (const [signal, listener] of listeners) process.on(signal, listener);
  try {
    const started = spawn(command, args, { env, stdio: "inherit" });
    child = started;
    return await new Promise<number>((resolve, reject) => {
      started.on("error", (error) => reject(notStarted(command, error)));
      started.on("exit", (code, signal) =>
        resolve(signal === null ? (code ?? exitCodes.failure) : exitCodeOfSignal(signal)),
      );
    });
  } finally {
    for (const [signal, listener] of listeners) process.off(signal, listener);
  }
}

/** 127 and 126 are what a shell answers; `command` is named, its arguments are nobody's business. */
function notStarted(command: string, error: Error): Failure {
  const code = "code" in error ? String(error.code) : "unknown";
  if (code === "ENOENT")
    return new Failure(127, `there is no program "${command}"`, { code: "cli.no_program" });
  const why = code === "E2BIG" ? "the secrets are too large for an environment" : code;
  return new Failure(126, `cannot start "${command}": ${why}`, { code: "cli.not_started" }, { cause: error });
}
