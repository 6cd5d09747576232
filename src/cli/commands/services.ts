import type { Command } from "commander";
import { usage } from "../failure.ts";
import { collect } from "../options.ts";
import { fields, table } from "../output.ts";
import { type ConnectionOptions, connectionOptions, openSession, optionsOf } from "../session.ts";
import type { Shell } from "../shell.ts";
import type { Service } from "../wire.ts";
import { serviceNamed } from "./named.ts";

interface ServiceOptions extends ConnectionOptions {
  readonly in?: readonly string[];
  readonly allStores?: boolean;
}

export function serviceCommands(program: Command, shell: Shell): void {
  const service = program
    .command("service")
    .description("services: what secrets name as their consumers, and who reads those that name it");
  const session = (command: Command) => openSession(shell, optionsOf<ServiceOptions>(command));

  connectionOptions(service.command("list"))
    .description("list the services of the organization")
    .addHelpText("after", "\nExample:\n  coffer service list")
    .action(async (_, command: Command) => {
      const { client, output } = await session(command);
      const items = await client.services.list();
      await output.data(items, () =>
        table(
          ["NAME", "STORES", "ID"],
          items.map((each) => [each.name, storesOf(each), each.id]),
        ),
      );
      if (items.length === 0) await output.say("No service that this token may see.");
    });

  const create = service
    .command("create <name>")
    .description("create a service; secrets list it by this name")
    .option("--in <store>", "a store that it is bound to, repeatable (default: all of them)", collect)
    .addHelpText("after", "\nExample:\n  coffer service create billing-worker --in web-prod")
    .action(async (name: string, _, command: Command) => {
      const { in: stores = null } = optionsOf<ServiceOptions>(command);
      const { client, output } = await session(command);
      const made = await client.services.create({ name, stores });
      await output.data(made, () => describe(made));
    });
  connectionOptions(create);

  connectionOptions(service.command("show <service>"))
    .description("show one service")
    .addHelpText("after", "\nExample:\n  coffer service show billing-worker")
    .action(async (named: string, _, command: Command) => {
      const { client, output } = await session(command);
      const found = await client.services.get(await serviceNamed(client, named));
      await output.data(found, () => describe(found));
    });

  connectionOptions(service.command("rename <service> <name>"))
    .description("give a service another name; it reads what names it by that from then on")
    .addHelpText("after", "\nExample:\n  coffer service rename billing-worker billing")
    .action(async (named: string, name: string, _, command: Command) => {
      const { client, output } = await session(command);
      const renamed = await client.services.update(await serviceNamed(client, named), { name });
      await output.data(renamed, () => describe(renamed));
    });

  const bind = service
    .command("bind <service>")
    .description("bind a service to other stores")
    .option("--in <store>", "a store, repeatable; these take the place of those before", collect)
    .option("--all-stores", "all of them, now and later")
    .addHelpText("after", "\nExample:\n  coffer service bind billing --in web-prod --in web-test")
    .action(async (named: string, _, command: Command) => {
      const { in: given = null, allStores = false } = optionsOf<ServiceOptions>(command);
      if ((given === null) !== allStores) throw usage("give stores (--in), or --all-stores");
      const { client, output } = await session(command);
      const bound = await client.services.update(await serviceNamed(client, named), { stores: given });
      await output.data(bound, () => describe(bound));
    });
  connectionOptions(bind);

  connectionOptions(service.command("rm <service>"))
    .description("delete a service with its tokens")
    .addHelpText("after", "\nExample:\n  coffer service rm billing")
    .action(async (named: string, _, command: Command) => {
      const { client, output } = await session(command);
      await client.services.remove(await serviceNamed(client, named));
      await output.say("Deleted.");
    });
}

function storesOf({ stores }: Service): string {
  return stores === null ? "all" : stores.join(", ");
}

function describe(service: Service): string {
  return fields([
    ["name", service.name],
    ["id", service.id],
    ["stores", storesOf(service)],
    ["created", `${service.createdAt} by ${service.createdBy?.name ?? "-"}`],
  ]);
}
