import type { Command } from "commander";
import { fields, table } from "../output.ts";
import { type ConnectionOptions, connectionOptions, openSession, optionsOf } from "../session.ts";
import type { Shell } from "../shell.ts";
import type { Store } from "../wire.ts";
import { storeBackendCommands } from "./backends.ts";

interface StoreOptions extends ConnectionOptions {
  readonly slug?: string;
  readonly force?: boolean;
  readonly backend?: string;
}

export function storeCommands(program: Command, shell: Shell): void {
  const store = program.command("store").description("stores: named places for secrets");

  connectionOptions(store.command("list"))
    .description("list the stores of the organization")
    .addHelpText("after", "\nExample:\n  coffer store list")
    .action(async (_, command: Command) => {
      const { client, output } = await openSession(shell, optionsOf<StoreOptions>(command));
      const items = await client.stores.list();
      await output.data(items, () =>
        table(
          ["SLUG", "NAME", "CREATED", "ID"],
          items.map((each) => [each.slug, each.name, each.createdAt, each.id]),
        ),
      );
      if (items.length === 0) await output.say("No store that this token may see.");
    });

  const create = store
    .command("create <name>")
    .description("create a store")
    .option("--slug <slug>", "its short name (default: made from the name)")
    .option("--backend <backend>", "where its values lie (default: as the server is configured)")
    .addHelpText("after", '\nExample:\n  coffer store create "Web, production" --slug web-prod')
    .action(async (name: string, _, command: Command) => {
      const options = optionsOf<StoreOptions>(command);
      const { client, output } = await openSession(shell, options);
      const made = await client.stores.create({
        name,
        ...(options.slug !== undefined && { slug: options.slug }),
        ...(options.backend !== undefined && { backend: options.backend }),
      });
      await output.data(made, () => describe(made));
    });
  connectionOptions(create);

  connectionOptions(store.command("show [store]"))
    .description("show one store (default: the one in use)")
    .addHelpText("after", "\nExample:\n  coffer store show web-prod")
    .action(async (slug: string | undefined, _, command: Command) => {
      const { client, output } = await openSession(shell, optionsOf<StoreOptions>(command));
      const found = await client.stores.get(slug ?? client.place.store);
      await output.data(found, () => describe(found));
    });

  connectionOptions(store.command("rename <store> <name>"))
    .description("give a store another name; its slug stays")
    .addHelpText("after", '\nExample:\n  coffer store rename web-prod "Web (live)"')
    .action(async (slug: string, name: string, _, command: Command) => {
      const { client, output } = await openSession(shell, optionsOf<StoreOptions>(command));
      const renamed = await client.stores.rename(slug, name);
      await output.data(renamed, () => describe(renamed));
    });

  storeBackendCommands(store, shell);

  const remove = store
    .command("rm <store>")
    .description("delete a store; refused while secrets live in it")
    .option("--force", "also delete the secrets that live in it")
    .addHelpText("after", "\nExamples:\n  coffer store rm old\n  coffer store rm old --force")
    .action(async (slug: string, _, command: Command) => {
      const options = optionsOf<StoreOptions>(command);
      const { client, output } = await openSession(shell, options);
      await client.stores.remove(slug, options.force ?? false);
      await output.say("Deleted.");
    });
  connectionOptions(remove);
}

function describe(store: Store): string {
  return fields([
    ["slug", store.slug],
    ["name", store.name],
    ["id", store.id],
    ["backend", store.backend ?? "embedded"],
    ["created", store.createdAt],
  ]);
}
