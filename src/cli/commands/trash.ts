import type { Command } from "commander";
import { table } from "../output.ts";
import { describeSecret } from "../present.ts";
import { type ConnectionOptions, connectionOptions, openSession, optionsOf } from "../session.ts";
import type { Shell } from "../shell.ts";

interface RestoreOptions extends ConnectionOptions {
  readonly name?: string;
}

export function trashCommands(program: Command, shell: Shell): void {
  const trash = program.command("trash").description("deleted secrets that can still come back");

  connectionOptions(trash.command("list"))
    .description("list the deleted secrets of the organization")
    .addHelpText("after", "\nExample:\n  coffer trash list")
    .action(async (_, command: Command) => {
      const { client, output } = await openSession(shell, optionsOf<ConnectionOptions>(command));
      const items = await client.trash.list();
      await output.data(items, () =>
        table(
          ["ID", "NAME", "DELETED", "BY", "GONE AFTER"],
          items.map((each) => [each.id, each.name, each.deletedAt, each.deletedBy?.name, each.purgeAt]),
        ),
      );
      if (items.length === 0) await output.say("The trash is empty.");
    });

  const restore = trash
    .command("restore <id>")
    .description("bring a deleted secret back, by the id that `trash list` shows")
    .option("--name <name>", "another name, where the old one is taken by now")
    .addHelpText(
      "after",
      "\nExample:\n  coffer trash restore 0190a5d2-7c3e-7abc-8def-0123456789ab --name API_KEY_OLD",
    )
    .action(async (id: string, _, command: Command) => {
      const options = optionsOf<RestoreOptions>(command);
      const { client, output } = await openSession(shell, options);
      const after = await client.trash.restore(id, options.name === undefined ? {} : { name: options.name });
      await output.data(after, () => describeSecret(after));
    });
  connectionOptions(restore);

  connectionOptions(trash.command("purge <id>"))
    .description("delete a trashed secret for good")
    .addHelpText("after", "\nExample:\n  coffer trash purge 0190a5d2-7c3e-7abc-8def-0123456789ab")
    .action(async (id: string, _, command: Command) => {
      const { client, output } = await openSession(shell, optionsOf<ConnectionOptions>(command));
      await client.trash.purge(id);
      await output.say("Deleted for good.");
    });
}
