import type { Command } from "commander";
import { readJson } from "../json-input.ts";
import { fields, table } from "../output.ts";
import { type ConnectionOptions, connectionOptions, openSession, optionsOf } from "../session.ts";
import type { Shell } from "../shell.ts";
import type { Trust } from "../wire.ts";

export function trustCommands(program: Command, shell: Shell): void {
  const trust = program
    .command("trust")
    .description("trusts: workloads that come with tokens of their own platform (OIDC)");

  connectionOptions(trust.command("list"))
    .description("list the trusts of the organization")
    .addHelpText("after", "\nExample:\n  coffer trust list")
    .action(async (_, command: Command) => {
      const { client, output } = await openSession(shell, optionsOf<ConnectionOptions>(command));
      const items = await client.trusts.list();
      await output.data(items, () =>
        table(
          ["NAME", "ISSUER", "AUDIENCE", "ID"],
          items.map((each) => [each.name, each.issuer, each.audience, each.id]),
        ),
      );
      if (items.length === 0) await output.say("No trust that this token may see.");
    });

  connectionOptions(trust.command("create <file>"))
    .description("make a trust from a JSON file, - for standard input")
    .addHelpText(
      "after",
      `
Example:
  coffer trust create - <<'END'
  {"name": "pipelines", "issuer": "https://agent.buildkite.com",
   "claims": {"organization_slug": "acme"}, "store": "web-prod", "as": "job"}
  END`,
    )
    .action(async (file: string, _, command: Command) => {
      const { client, output } = await openSession(shell, optionsOf<ConnectionOptions>(command));
      const made = await client.trusts.create(await readJson(file, shell, "the terms of the trust"));
      await output.data(made, () => describe(made));
    });

  connectionOptions(trust.command("show <id>"))
    .description("show one trust")
    .addHelpText("after", "\nExample:\n  coffer trust show 01a1fe5a-678e-7636-bc02-c098d95c4484")
    .action(async (id: string, _, command: Command) => {
      const { client, output } = await openSession(shell, optionsOf<ConnectionOptions>(command));
      const found = await client.trusts.get(id);
      await output.data(found, () => describe(found));
    });

  connectionOptions(trust.command("rename <id> <name>"))
    .description("give a trust another name; what it trusts cannot be changed")
    .addHelpText("after", "\nExample:\n  coffer trust rename 01a1fe5a-678e-7636-bc02-c098d95c4484 releases")
    .action(async (id: string, name: string, _, command: Command) => {
      const { client, output } = await openSession(shell, optionsOf<ConnectionOptions>(command));
      const renamed = await client.trusts.rename(id, name);
      await output.data(renamed, () => describe(renamed));
    });

  connectionOptions(trust.command("rm <id>"))
    .description("end a trust, and every session it let in")
    .addHelpText("after", "\nExample:\n  coffer trust rm 01a1fe5a-678e-7636-bc02-c098d95c4484")
    .action(async (id: string, _, command: Command) => {
      const { client, output } = await openSession(shell, optionsOf<ConnectionOptions>(command));
      await client.trusts.remove(id);
      await output.say("Ended.");
    });
}

function describe(trust: Trust): string {
  return fields([
    ["name", trust.name],
    ["issuer", trust.issuer],
    ["audience", trust.audience],
    ["claims", JSON.stringify(trust.claims)],
    ["as", typeof trust.as === "string" ? trust.as : `machine ${trust.as.machine}`],
    ["store", trust.store ?? (trust.storeClaim === null ? "all" : `by the claim ${trust.storeClaim}`)],
    ["id", trust.id],
  ]);
}
