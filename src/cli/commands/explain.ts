import type { Command } from "commander";
import type { Client } from "../client.ts";
import { usage } from "../failure.ts";
import { readJson } from "../json-input.ts";
import { type ConnectionOptions, connectionOptions, openSession, optionsOf } from "../session.ts";
import type { Shell } from "../shell.ts";
import { machineNamed, personNamed, serviceNamed } from "./named.ts";

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
    .option("--person <person>", "about a person, by e-mail address or id")
    .option("--machine <machine>", "about a machine, by name or id")
    .option("--service <service>", "about a service, by name or id")
    .option("--claims <file>", "about a job with the claims in this JSON file, - for standard input")
    .addHelpText(
      "after",
      "\nExamples:\n  coffer explain secret.reveal DATABASE_PASSWORD\n" +
        "  coffer explain secret.reveal DATABASE_PASSWORD --machine ci\n" +
        "  coffer explain secret.reveal DATABASE_PASSWORD --claims job.json --store web-prod",
    )
    .action(async (action: string, secret: string | undefined, _, command: Command) => {
      const options = optionsOf<ExplainOptions>(command);
      refuseMixed(options);
      const { client, output } = await openSession(shell, options);
      const who = await whoOf(shell, client, options);
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

async function whoOf(shell: Shell, client: Client, options: ExplainOptions) {
  const { person, machine, service, claims } = options;
  if (claims !== undefined) return { claims: await readJson(claims, shell, "the claims") };
  if (person !== undefined) return { principal: { kind: "person", id: await personNamed(client, person) } };
  if (machine !== undefined)
    return { principal: { kind: "machine", id: await machineNamed(client, machine) } };
  if (service !== undefined)
    return { principal: { kind: "service", id: await serviceNamed(client, service) } };
  return {};
}

function refuseMixed({ person, machine, service, claims }: ExplainOptions): void {
  if ([person, machine, service, claims].filter((it) => it !== undefined).length > 1) {
    throw usage("only one of --person, --machine, --service and --claims can be given");
  }
}
