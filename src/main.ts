// Where the program begins: hands the process's own arguments, environment and streams to the CLI.
import { runCoffer } from "./cli/program.ts";

// A reader that went away (`coffer secret list | head`) is no error of ours.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
}

// Node would open its debugger to every user of this machine, and with it all keys.
process.on("SIGUSR1", () => undefined);

const { env, stdin, stdout, stderr } = process;
// Not process.exit: what was written to a pipe must reach it first.
process.exitCode = await runCoffer(process.argv.slice(2), { env, stdin, stdout, stderr });
