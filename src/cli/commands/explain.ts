import type { Command } from "commander";
import { usage } from "../failure.ts";
import { readJson } from "../json-input.ts";
import { type ConnectionOptions, connectionOptions, openSession, optionsOf } from "../session.ts";
import type { Shell } from "../shell.ts";

interface ExplainOptions extends ConnectionOptions {
  readonly person?: string;
  readonly machine?: string;
  readonly service?: string;
  readonly claims?: string;
}

export function explainCommand(program: Command, shell: Shell): void {
  const explain = program
    .command("explain <action> [secret]")
    .description("say why somebody may or may not do something; you yourself unless another is named")
    .option("--person <id>", "about a person")
    .option("--machine <id>", "about a machine")
    .option("--service <id>", "about a service")
    .option("--claims <file>", "about a job with the claims in this JSON file, - for standard input")
    .addHelpText(
      "after",
      "\nExamples:\n  coffer explain secret.reveal DATABASE_PASSWORD\n" +
        "  coffer explain secret.reveal DATABASE_PASSWORD --claims job.json --store web-prod",
    )
    .action(async (action: string, secret: string | undefined, _, command: Command) => {
      const options = optionsOf<ExplainOptions>(command);
      const who = await whoOf(shell, options);
      const { client, output } = await openSession(shell, options);
      const { store } = client.place;
      const answer = await client.access.explain({
        ...who,
        action,
        store,
        ...(secret === undefined ? {} : { secret }),
      });
      await output.data(answer, () =>
        [answer.allowed ? "allowed" : "not allowed", ...answer.because.map((line) => `  ${line}`), ""].join(
          "\n",
        ),
      );
    });
  connectionOptions(explain);
}

async function whoOf(shell: Shell, { person, machine, service, claims }: ExplainOptions) {
  const named = Object.entries({ person, machine, service }).filter(([, id]) => id !== undefined);
  if (named.length + (claims === undefined ? 0 : 1) > 1) {
    throw usage("only one of --person, --machine, --service and --claims can be given");
  }
  if (claims !== undefined) return { claims: await readJson(claims, shell, "the claims") };
  const [first] = named;
  return first === undefined ? {} : { principal: { kind: first[0], id: first[1] } };
}
