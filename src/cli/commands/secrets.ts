// The commands around a secret's life. Values come in through `secret-values.ts`, metadata through
// `secret-edit.ts`; here nothing ever holds a value.
import type { Command } from "commander";
import type { Client, SecretName } from "../client.ts";
import { collect, wholeNumber } from "../options.ts";
import { table } from "../output.ts";
import { describeSecret } from "../present.ts";
import { type ConnectionOptions, connectionOptions, openSession, optionsOf } from "../session.ts";
import type { Shell } from "../shell.ts";
import type { Secret } from "../wire.ts";
import { type SecretOptions, secretName, secretOptions } from "./secret-argument.ts";
import { editCommand } from "./secret-edit.ts";
import { valueCommands } from "./secret-values.ts";

interface ListOptions extends ConnectionOptions {
  readonly search?: string;
  readonly label?: readonly string[];
  readonly allStores?: boolean;
  readonly limit?: number;
}

interface LifeOptions extends SecretOptions {
  readonly purge?: boolean;
  readonly version?: number;
  readonly to?: string;
  readonly name?: string;
}

export function secretCommands(program: Command, shell: Shell): void {
  const secret = program.command("secret").description("secrets: set, get, list and the rest of their life");
  valueCommands(secret, shell);
  listCommand(secret, shell);
  editCommand(secret, shell);
  lifeCommands(secret, shell);
}

function listCommand(secret: Command, shell: Shell): void {
  const list = secret
    .command("list")
    .description("list secrets, never their values")
    .option("--search <text>", "only names and descriptions that contain this")
    .option("--label <key=value>", "only with this label (repeatable)", collect)
    .option("--all-stores", "in every store of the organization")
    .option("--limit <n>", "at most so many", wholeNumber(1, 1_000_000))
    .addHelpText(
      "after",
      "\nExamples:\n  coffer secret list\n  coffer secret list --search database --label env=prod --json",
    )
    .action(async (_, command: Command) => {
      const { search, label, allStores, limit, ...options } = optionsOf<ListOptions>(command);
      const { client, output } = await openSession(shell, options);
      const filter = {
        ...(search !== undefined && { search }),
        ...(label !== undefined && { label }),
        everywhere: allStores ?? false,
      };
      const items = await client.secrets.list(filter, limit);
      await output.data(items, () =>
        table(
          ["NAME", "VERSION", "UPDATED", "EXPIRES", "ID"],
          items.map((each) => [
            each.name,
            each.version,
            each.updatedAt ?? each.createdAt,
            each.expiresAt,
            each.id,
          ]),
        ),
      );
      if (items.length === 0) await output.say("No secrets.");
    });
  connectionOptions(list);

  secretOptions(secret.command("show <name>"))
    .description("show a secret's metadata, not its value")
    .addHelpText("after", "\nExample:\n  coffer secret show DATABASE_URL")
    .action(async (name: string, _, command: Command) => {
      const options = optionsOf<SecretOptions>(command);
      const { client, output } = await openSession(shell, options);
      const found = await client.secrets.get(secretName(name, options));
      await output.data(found, () => describeSecret(found));
    });
}

function lifeCommands(secret: Command, shell: Shell): void {
  /** A command on one secret which answers with the secret as it is then. */
  const life = (
    command: Command,
    act: (client: Client, secret: SecretName, options: LifeOptions, argument: string) => Promise<Secret>,
  ) =>
    secretOptions(command).action(async (name: string, ...rest: unknown[]) => {
      const [argument] = rest;
      const options = optionsOf<LifeOptions>(command);
      const { client, output } = await openSession(shell, options);
      const after = await act(
        client,
        secretName(name, options),
        options,
        typeof argument === "string" ? argument : "",
      );
      await output.data(after, () => describeSecret(after));
    });

  const remove = secret
    .command("rm <name>")
    .description("delete a secret: into the trash, from where it can be restored")
    .option("--purge", "delete for good, with all versions: nothing brings it back")
    .addHelpText("after", "\nExample:\n  coffer secret rm OLD_KEY\n  coffer trash list")
    .action(async (name: string, _, command: Command) => {
      const options = optionsOf<LifeOptions>(command);
      const { client, output } = await openSession(shell, options);
      await client.secrets.remove(secretName(name, options), options.purge ?? false);
      await output.say(
        options.purge ? "Deleted for good." : "Deleted. `coffer trash list` shows what can come back.",
      );
    });
  secretOptions(remove);

  secretOptions(secret.command("versions <name>"))
    .description("list the versions of a secret's value, newest first")
    .addHelpText("after", "\nExample:\n  coffer secret versions DATABASE_URL")
    .action(async (name: string, _, command: Command) => {
      const options = optionsOf<SecretOptions>(command);
      const { client, output } = await openSession(shell, options);
      const items = await client.secrets.versions(secretName(name, options));
      await output.data(items, () =>
        table(
          ["VERSION", "CREATED", "BY", "CURRENT"],
          items.map((each) => [
            each.version,
            each.createdAt,
            each.createdBy?.name,
            each.current ? "current" : "",
          ]),
        ),
      );
      if (items.length === 0) await output.say("It has no value yet.");
    });

  life(
    secret
      .command("restore <name>")
      .description("make an earlier value the current one, as a new version")
      .requiredOption("--version <n>", "the version to bring back", wholeNumber(1, Number.MAX_SAFE_INTEGER))
      .addHelpText("after", "\nExample:\n  coffer secret restore DATABASE_URL --version 3"),
    (client, name, options) => client.secrets.restore(name, options.version ?? 0),
  );

  life(
    secret
      .command("duplicate <name> <copy>")
      .description("copy a secret with its value, policy, consumers and expiry")
      .option("--to <store>", "into another store")
      .addHelpText("after", "\nExample:\n  coffer secret duplicate API_KEY API_KEY_OLD"),
    (client, name, { to }, copy) =>
      client.secrets.duplicate(name, { name: copy, ...(to !== undefined && { store: to }) }),
  );

  life(
    secret
      .command("move <name>")
      .description("move a secret with its history into another store")
      .requiredOption("--to <store>", "the store it goes to")
      .option("--name <name>", "the name it has there")
      .addHelpText("after", "\nExample:\n  coffer secret move API_KEY --to web-prod"),
    (client, secretToMove, { to, name }) =>
      client.secrets.move(secretToMove, { store: to ?? "", ...(name !== undefined && { name }) }),
  );
}
