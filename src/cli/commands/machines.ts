import type { Command } from "commander";
import { fields, table } from "../output.ts";
import { type ConnectionOptions, connectionOptions, openSession, optionsOf } from "../session.ts";
import type { Shell } from "../shell.ts";
import type { Machine } from "../wire.ts";
import { machineNamed } from "./named.ts";

export function machineCommands(program: Command, shell: Shell): void {
  const machine = program.command("machine").description("machines: principals without a person");
  const session = (command: Command) => openSession(shell, optionsOf<ConnectionOptions>(command));

  connectionOptions(machine.command("list"))
    .description("list the machines that this token may see")
    .addHelpText("after", "\nExample:\n  coffer machine list")
    .action(async (_, command: Command) => {
      const { client, output } = await session(command);
      const items = await client.machines.list();
      await output.data(items, () =>
        table(
          ["NAME", "CHANGED", "ID"],
          items.map((each) => [each.name, each.changedAt, each.id]),
        ),
      );
      if (items.length === 0) await output.say("No machine that this token may see.");
    });

  connectionOptions(machine.command("create <name>"))
    .description("create a machine, which you manage; it holds nothing yet")
    .addHelpText(
      "after",
      "\nExample:\n  coffer machine create ci\n  coffer grant set machine:ci store:web-prod read",
    )
    .action(async (name: string, _, command: Command) => {
      const { client, output } = await session(command);
      const made = await client.machines.create(name);
      await output.data(made, () => describe(made));
    });

  connectionOptions(machine.command("show <machine>"))
    .description("show one machine")
    .addHelpText("after", "\nExample:\n  coffer machine show ci")
    .action(async (named: string, _, command: Command) => {
      const { client, output } = await session(command);
      const found = await client.machines.get(await machineNamed(client, named));
      await output.data(found, () => describe(found));
    });

  connectionOptions(machine.command("rename <machine> <name>"))
    .description("give a machine another name")
    .addHelpText("after", "\nExample:\n  coffer machine rename ci ci-old")
    .action(async (named: string, name: string, _, command: Command) => {
      const { client, output } = await session(command);
      const renamed = await client.machines.rename(await machineNamed(client, named), name);
      await output.data(renamed, () => describe(renamed));
    });

  connectionOptions(machine.command("rm <machine>"))
    .description("delete a machine with its tokens and grants")
    .addHelpText("after", "\nExample:\n  coffer machine rm ci-old")
    .action(async (named: string, _, command: Command) => {
      const { client, output } = await session(command);
      await client.machines.remove(await machineNamed(client, named));
      await output.say("Deleted.");
    });
}

function describe(machine: Machine): string {
  return fields([
    ["name", machine.name],
    ["id", machine.id],
    ["created", `${machine.createdAt} by ${machine.createdBy?.name ?? "-"}`],
    ["changed", machine.changedAt],
  ]);
}
