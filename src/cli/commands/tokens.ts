import type { Command } from "commander";
import type { Client } from "../client.ts";
import { usage } from "../failure.ts";
import { collect, moment } from "../options.ts";
import { table } from "../output.ts";
import { type ConnectionOptions, connectionOptions, openSession, optionsOf } from "../session.ts";
import type { Shell } from "../shell.ts";
import { machineNamed, serviceNamed } from "./named.ts";

interface TokenOptions extends ConnectionOptions {
  readonly everywhere?: boolean;
  readonly machine?: string;
  readonly service?: string;
  readonly scope?: readonly string[];
  readonly onlyStore?: readonly string[];
  readonly expires?: string;
  readonly address?: readonly string[];
}

const everywhere = ["--everywhere", "your own tokens over all your organizations, not those of one"] as const;

export function tokenCommands(program: Command, shell: Shell): void {
  const token = program
    .command("token")
    .description("tokens: how people, machines and services show who they are");

  const list = token
    .command("list")
    .description("list the tokens of the organization that you may see, newest first")
    .option(...everywhere)
    .addHelpText("after", "\nExamples:\n  coffer token list\n  coffer token list --everywhere")
    .action(async (_, command: Command) => {
      const options = optionsOf<TokenOptions>(command);
      const { client, output } = await openSession(shell, options);
      const items = await (options.everywhere ? client.ownTokens : client.tokens).list();
      await output.data(items, () =>
        table(
          ["NAME", "OF", "SCOPES", "EXPIRES", "LAST USED", "ID"],
          items.map(({ name, principal, scopes, expiresAt, lastUsedAt, id }) => [
            name,
            `${principal.kind} ${principal.name ?? principal.id}`,
            scopes?.join(" ") ?? "all",
            expiresAt ?? "never",
            lastUsedAt,
            id,
          ]),
        ),
      );
      if (items.length === 0) await output.say("No token that you may see.");
    });
  connectionOptions(list);

  const create = token
    .command("create <name>")
    .description("make a token for yourself, a machine or a service; it is printed this once")
    .option("--machine <machine>", "for a machine, by name or id")
    .option("--service <service>", "for a service, by name or id")
    .option(...everywhere)
    .option(
      "--scope <scope>",
      "what it may do: ACTION, ACTION@STORE or ACTION@STORE/NAME; repeatable (default: all)",
      collect,
    )
    .option("--only-store <store>", "in which store; repeatable (default: in all)", collect)
    .option("--expires <when>", "a date or a moment with its zone (default: never)", moment)
    .option("--address <network>", "from where, as 192.0.2.0/24; repeatable (default: anywhere)", collect)
    .addHelpText(
      "after",
      `
Examples:
  coffer token create laptop --everywhere --expires 2027-01-31
  coffer token create deploy --machine ci --scope secret.reveal@web-prod > token.txt`,
    )
    .action(async (name: string, _, command: Command) => {
      const options = optionsOf<TokenOptions>(command);
      refuseMixed(options);
      const { client, output } = await openSession(shell, options);
      const made = await mint(client, name, options);
      await output.data(made, () => `${made.token}\n`);
      await output.say(`The token is shown this once. Its id, to revoke it by, is ${made.id}.`);
    });
  connectionOptions(create);

  const revoke = token
    .command("revoke <id>")
    .description("revoke a token, at once and for good")
    .option(...everywhere)
    .addHelpText("after", "\nExample:\n  coffer token revoke 0190a5d2-7c3e-7abc-8def-0123456789ab")
    .action(async (id: string, _, command: Command) => {
      const options = optionsOf<TokenOptions>(command);
      const { client, output } = await openSession(shell, options);
      await (options.everywhere ? client.ownTokens : client.tokens).revoke(id);
      await output.say("Revoked.");
    });
  connectionOptions(revoke);
}

function refuseMixed({ machine, service, everywhere = false, onlyStore }: TokenOptions): void {
  if ([machine !== undefined, service !== undefined, everywhere].filter(Boolean).length > 1) {
    throw usage("only one of --machine, --service and --everywhere can be given");
  }
  if (everywhere && onlyStore !== undefined) throw usage("--only-store names a store of one organization");
}

async function mint(client: Client, name: string, options: TokenOptions) {
  const { machine, service, scope, onlyStore, expires, address } = options;
  const body = {
    name,
    ...(scope && { scopes: scope }),
    ...(expires !== undefined && { expiresAt: expires }),
    ...(address && { addresses: address }),
  };
  if (options.everywhere === true) return client.ownTokens.create(body);
  const principal =
    machine !== undefined
      ? { kind: "machine", id: await machineNamed(client, machine) }
      : service !== undefined
        ? { kind: "service", id: await serviceNamed(client, service) }
        : (await client.whoami()).principal;
  const { kind, id } = principal;
  return client.tokens.create({ ...body, principal: { kind, id }, ...(onlyStore && { stores: onlyStore }) });
}
