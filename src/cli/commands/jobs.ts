import type { Command } from "commander";
import { readJson } from "../json-input.ts";
import { wholeNumber } from "../options.ts";
import { type ConnectionOptions, connectionOptions, openSession, optionsOf } from "../session.ts";
import type { Shell } from "../shell.ts";

interface JobOptions extends ConnectionOptions {
  readonly claims: string;
  readonly ttl?: number;
}

const daySeconds = 24 * 60 * 60;

export function jobCommands(program: Command, shell: Shell): void {
  const job = program.command("job").description("jobs: let into a store for as long as they run");

  const create = job
    .command("create <job>")
    .description("open a session of a job in the store; its token is printed this once")
    .requiredOption("--claims <file>", "what you assert of the job: a JSON file, - for standard input")
    .option("--ttl <seconds>", "how long it lasts (default: an hour)", wholeNumber(1, daySeconds))
    .addHelpText(
      "after",
      `
Who opens a session must be able to reveal all of the store. The same job may have several.

Example:
  printf %s '{"pipeline_slug":"web","build_branch":"main"}' | coffer job create "$JOB_ID" --claims -`,
    )
    .action(async (jobId: string, _, command: Command) => {
      const options = optionsOf<JobOptions>(command);
      const claims = await readJson(options.claims, shell, "the claims");
      const { client, output } = await openSession(shell, options);
      const ttl = options.ttl === undefined ? {} : { ttlSeconds: options.ttl };
      const started = await client.jobs.create({ jobId, claims, ...ttl });
      await output.data(started, () => `${started.token}\n`);
      await output.say(`The token is shown this once. It ends at ${started.expiresAt}.`);
    });
  connectionOptions(create);

  connectionOptions(job.command("end <job>"))
    .description("end all sessions of a job in the store; it may have none")
    .addHelpText("after", '\nExample:\n  coffer job end "$JOB_ID"')
    .action(async (jobId: string, _, command: Command) => {
      const { client, output } = await openSession(shell, optionsOf<JobOptions>(command));
      await client.jobs.end(jobId);
      await output.say("Ended.");
    });
}
