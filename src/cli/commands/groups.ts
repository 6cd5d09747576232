import type { Command } from "commander";
import { fields, table } from "../output.ts";
import { type ConnectionOptions, connectionOptions, openSession, optionsOf } from "../session.ts";
import type { Shell } from "../shell.ts";
import type { Group } from "../wire.ts";
import { groupNamed, personNamed } from "./named.ts";

export function groupCommands(program: Command, shell: Shell): void {
  const group = program.command("group").description("groups: people who hold something together");
  const session = (command: Command) => openSession(shell, optionsOf<ConnectionOptions>(command));

  connectionOptions(group.command("list"))
    .description("list the groups of the organization")
    .addHelpText("after", "\nExample:\n  coffer group list")
    .action(async (_, command: Command) => {
      const { client, output } = await session(command);
      const items = await client.groups.list();
      await output.data(items, () =>
        table(
          ["NAME", "CREATED", "ID"],
          items.map((each) => [each.name, each.createdAt, each.id]),
        ),
      );
      if (items.length === 0) await output.say("No group that this token may see.");
    });

  connectionOptions(group.command("create <name>"))
    .description("create a group; nobody is in it, and it holds nothing yet")
    .addHelpText("after", "\nExample:\n  coffer group create developers")
    .action(async (name: string, _, command: Command) => {
      const { client, output } = await session(command);
      const made = await client.groups.create(name);
      await output.data(made, () => describe(made));
    });

  connectionOptions(group.command("show <group>"))
    .description("show one group")
    .addHelpText("after", "\nExample:\n  coffer group show developers")
    .action(async (named: string, _, command: Command) => {
      const { client, output } = await session(command);
      const found = await client.groups.get(await groupNamed(client, named));
      await output.data(found, () => describe(found));
    });

  connectionOptions(group.command("rename <group> <name>"))
    .description("give a group another name")
    .addHelpText("after", "\nExample:\n  coffer group rename developers engineers")
    .action(async (named: string, name: string, _, command: Command) => {
      const { client, output } = await session(command);
      const renamed = await client.groups.rename(await groupNamed(client, named), name);
      await output.data(renamed, () => describe(renamed));
    });

  connectionOptions(group.command("rm <group>"))
    .description("delete a group, and with it what its members held by it")
    .addHelpText("after", "\nExample:\n  coffer group rm developers")
    .action(async (named: string, _, command: Command) => {
      const { client, output } = await session(command);
      await client.groups.remove(await groupNamed(client, named));
      await output.say("Deleted.");
    });

  connectionOptions(group.command("members <group>"))
    .description("list who is in a group")
    .addHelpText("after", "\nExample:\n  coffer group members developers")
    .action(async (named: string, _, command: Command) => {
      const { client, output } = await session(command);
      const items = await client.groups.members(await groupNamed(client, named));
      await output.data(items, () =>
        table(
          ["EMAIL", "NAME", "ID"],
          items.map((each) => [each.email, each.name, each.id]),
        ),
      );
      if (items.length === 0) await output.say("Nobody.");
    });

  connectionOptions(group.command("add <group> <person>"))
    .description("let somebody into a group (by e-mail address or id)")
    .addHelpText("after", "\nExample:\n  coffer group add developers ada@example.org")
    .action(async (named: string, person: string, _, command: Command) => {
      const { client, output } = await session(command);
      await client.groups.add(await groupNamed(client, named), await personNamed(client, person));
      await output.say("Added.");
    });

  connectionOptions(group.command("remove <group> <person>"))
    .description("take somebody out of a group (by e-mail address or id)")
    .addHelpText("after", "\nExample:\n  coffer group remove developers ada@example.org")
    .action(async (named: string, person: string, _, command: Command) => {
      const { client, output } = await session(command);
      await client.groups.expel(await groupNamed(client, named), await personNamed(client, person));
      await output.say("Removed.");
    });
}

function describe(group: Group): string {
  return fields([
    ["name", group.name],
    ["id", group.id],
    ["created", group.createdAt],
  ]);
}
