// The audit trail: `list` asks the server; `verify`, `export` and `key` read the database or an
// export themselves, so that what they say does not depend on the server being honest.
import type { Command } from "commander";
import { moment, oneOf, wholeNumber } from "../options.ts";
import { table } from "../output.ts";
import { type ConnectionOptions, connectionOptions, openSession, optionsOf } from "../session.ts";
import type { Shell } from "../shell.ts";
import { offlineAuditCommands } from "./audit-offline.ts";

interface ListOptions extends ConnectionOptions {
  readonly limit: number;
}

const filters = ["action", "caller", "target", "outcome", "dialect", "since", "until"] as const;

export function auditCommands(program: Command, shell: Shell, end: (exitCode: number) => void): void {
  const audit = program.command("audit").description("the audit trail: who did what, and proof of it");
  const list = audit
    .command("list")
    .description("list entries, newest first")
    .option("--action <action>", "such as secret.reveal")
    .option("--caller <id>", "of this principal")
    .option("--target <id>", "about this secret, store or organization")
    .option("--outcome <outcome>", "allowed, refused or failed", oneOf("allowed", "refused", "failed"))
    .option("--dialect <dialect>", "through this API, such as native")
    .option("--since <moment>", "from then on: 2027-01-31 or 2027-01-31T12:00:00Z", moment)
    .option("--until <moment>", "before then", moment)
    .option("--limit <n>", "at most so many", wholeNumber(1, 1_000_000), 100)
    .addHelpText(
      "after",
      `
Examples:
  coffer audit list
  coffer audit list --action secret.reveal --since 2027-01-31
  coffer audit list --outcome refused --json`,
    )
    .action(async (_, command: Command) => {
      const options = optionsOf<ListOptions & Partial<Record<(typeof filters)[number], string>>>(command);
      const { client, output } = await openSession(shell, options);
      const filter = Object.fromEntries(filters.map((name) => [name, options[name]]));
      const items = await client.audit.list(filter, options.limit);
      await output.data(items, () =>
        table(
          ["TIME", "CALLER", "ACTION", "TARGET", "OUTCOME", "DIALECT", "ENTRY"],
          items.map((each) => [
            each.at,
            each.caller.name,
            each.action,
            each.target?.name ?? each.target?.id,
            each.outcome,
            each.dialect,
            `${each.stream}/${each.seq}`,
          ]),
        ),
      );
      if (items.length === 0) await output.say("No entries.");
    });
  connectionOptions(list);
  offlineAuditCommands(audit, shell, end);
}
