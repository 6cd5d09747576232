// Backends of values: which one a store uses, moving values between them, and how they stand.
import type { Command } from "commander";
import type { Client } from "../client.ts";
import { type Output, table } from "../output.ts";
import { type ConnectionOptions, connectionOptions, openSession, optionsOf } from "../session.ts";
import type { Shell } from "../shell.ts";

interface MigrateOptions extends ConnectionOptions {
  readonly to: string;
}

export function storeBackendCommands(store: Command, shell: Shell): void {
  connectionOptions(store.command("backend <store> <backend>"))
    .description("keep new values of a store in another backend; those that are there stay where they are")
    .addHelpText("after", "\nExample:\n  coffer store backend web-prod aws-main")
    .action(async (slug: string, backend: string, _, command: Command) => {
      const { client, output } = await openSession(shell, optionsOf<ConnectionOptions>(command));
      const changed = await client.stores.keepIn(slug, backend);
      await output.data(changed, () => `${changed.slug} keeps new values in ${backend}\n`);
    });

  connectionOptions(store.command("migrate-backend <store>"))
    .requiredOption("--to <backend>", 'a backend of the server\'s configuration, or "embedded"')
    .description("move all values of a store, past ones too, into another backend")
    .addHelpText(
      "after",
      `
Reads and writes go on meanwhile, and new values go there from the first moment. If it is
interrupted, run it again: it finds what has not moved.

Example:
  coffer store migrate-backend web-prod --to bao`,
    )
    .action(async (slug: string, _, command: Command) => {
      const options = optionsOf<MigrateOptions>(command);
      const { client, output } = await openSession(shell, options);
      await migrate(client, output, slug, options.to);
    });
}

async function migrate(client: Client, output: Output, slug: string, backend: string): Promise<void> {
  let after: string | null = null;
  let failed = 0;
  let told = 0;
  for (;;) {
    const step: Awaited<ReturnType<Client["stores"]["migrate"]>> = await client.stores.migrate(slug, {
      backend,
      after,
    });
    failed += step.failed;
    after = step.next;
    const tenths = step.total === 0 ? 0 : Math.floor((10 * step.there) / step.total);
    if (tenths > told && after !== null) await output.say(`${step.there} of ${step.total} values moved`);
    told = tenths;
    if (after !== null) continue;
    if (failed > 0)
      await output.say(
        `${failed} values did not move: they do not open, do not fit there, or took too long.`,
      );
    const { there, total } = step;
    const left = { backend, there, total, failed };
    await output.data(left, () => `${there} of ${total} values of ${slug} lie in ${backend}\n`);
    return;
  }
}

export function backendCommands(program: Command, shell: Shell): void {
  const backend = program.command("backend").description("backends: where values lie beside the database");

  connectionOptions(backend.command("list"))
    .description("how each backend stands (for operators)")
    .addHelpText("after", "\nExample:\n  coffer backend list")
    .action(async (_, command: Command) => {
      const { client, output } = await openSession(shell, optionsOf<ConnectionOptions>(command));
      const { items } = await client.backends.list();
      await output.data(items, () =>
        table(
          ["NAME", "KIND", "PAYLOAD", "VALUES", "PENDING", "OWED", "SWEPT"],
          items.map((it) => [
            it.name,
            it.kind,
            it.payload,
            it.values,
            it.pending,
            it.owed,
            it.sweptAt ?? "-",
          ]),
        ),
      );
      if (items.length === 0) await output.say("All values lie in the database.");
      for (const { name, guarded } of items) {
        if (!guarded) continue;
        await output.say(
          `${name} has seen a newer database; nothing there is swept. See coffer backend resume.`,
        );
      }
    });

  connectionOptions(backend.command("resume <backend>"))
    .description("after a restore: this database is the one that counts (for operators)")
    .addHelpText(
      "after",
      `
A backend that has seen a newer database than this one is not swept: what was written since the
backup would be taken away as nobody's. Say this when the newer database is gone for good.

Example:
  coffer backend resume bao`,
    )
    .action(async (name: string, _, command: Command) => {
      const { client, output } = await openSession(shell, optionsOf<ConnectionOptions>(command));
      await client.backends.resume(name);
      await output.say("Resumed. The next sweep only reports.");
    });
}
