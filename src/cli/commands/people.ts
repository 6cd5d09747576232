// People of an organization, and one's own account. An invitation's code and the token it gives are
// data on stdout and come in by stdin or a hidden prompt: neither ever stands in an argument.
import type { Command } from "commander";
import { type Client, clientOf } from "../client.ts";
import { credentialFiles, readCredentials } from "../credentials.ts";
import { exitCodes } from "../exit-codes.ts";
import { Failure, usage } from "../failure.ts";
import { httpOf } from "../http.ts";
import { oneOf } from "../options.ts";
import { fields, outputOf, table } from "../output.ts";
import { askHidden } from "../prompts.ts";
import {
  type ConnectionOptions,
  connectionOptions,
  openSession,
  optionsOf,
  serverUrlOf,
  trustFor,
} from "../session.ts";
import { readAll, type Shell, utf8 } from "../shell.ts";
import type { Account, Member } from "../wire.ts";
import { looksLikeId } from "./secret-argument.ts";

const role = oneOf("owner", "admin", "auditor", "member");

interface InviteOptions extends ConnectionOptions {
  readonly role: string;
}

interface AccountOptions extends ConnectionOptions {
  readonly name?: string;
  readonly email?: string;
}

export function peopleCommands(program: Command, shell: Shell): void {
  const people = program
    .command("people")
    .description("the people of an organization, and invitations to it");

  connectionOptions(people.command("list"))
    .description("list members and invitations; who may not read them sees himself")
    .addHelpText("after", "\nExample:\n  coffer people list")
    .action(async (_, command: Command) => {
      const { client, output } = await openSession(shell, optionsOf<ConnectionOptions>(command));
      const items = await client.people.list();
      await output.data(items, () =>
        table(
          ["EMAIL", "NAME", "ROLE", "STATUS", "MEMBERSHIP"],
          items.map((it) => [it.email, it.name, it.role, it.status, it.membershipId]),
        ),
      );
    });

  const invite = people
    .command("invite <email>")
    .description("invite an e-mail address and print the one-time code")
    .option("--role <role>", "owner, admin, auditor or member", role, "member")
    .addHelpText(
      "after",
      `
Give the code to whom that address belongs: whoever has it takes the place, within seven days.
Inviting the same address again makes the earlier code worthless.

Example:
  coffer people invite ada@example.org --role auditor > code.txt`,
    )
    .action(async (email: string, _, command: Command) => {
      const options = optionsOf<InviteOptions>(command);
      const { client, url, output } = await openSession(shell, options);
      const invited = await client.people.invite({ email, role: options.role });
      await output.data(invited, () => `${invited.invitation}\n`);
      await output.say(`Give this code to ${invited.email} alone. It works once, within seven days:`);
      await output.say(`  coffer people accept --url ${url.href.replace(/\/$/, "")}`);
    });
  connectionOptions(invite);

  connectionOptions(people.command("role <member> <role>"))
    .description("give somebody another role (by e-mail address or membership id)")
    .addHelpText("after", "\nExample:\n  coffer people role ada@example.org admin")
    .action(async (named: string, text: string, _, command: Command) => {
      const { client, output } = await openSession(shell, optionsOf<ConnectionOptions>(command));
      const member = await client.people.changeRole(await membershipOf(client, named), text);
      await output.data(member, () => describeMember(member));
    });

  connectionOptions(people.command("remove <member>"))
    .description("remove somebody, withdraw an invitation, or leave (by e-mail address or membership id)")
    .addHelpText("after", "\nExample:\n  coffer people remove ada@example.org")
    .action(async (named: string, _, command: Command) => {
      const { client, output } = await openSession(shell, optionsOf<ConnectionOptions>(command));
      await client.people.remove(await membershipOf(client, named));
      await output.say("Removed.");
    });

  const accept = people
    .command("accept")
    .description("accept an invitation and print the token it gives")
    .option("--name <name>", "your name, if you have no account yet (default: the address up to the @)")
    .addHelpText(
      "after",
      `
The code comes from stdin or a hidden prompt. The token is for that organization, for 30 days.

Examples:
  coffer people accept --url https://coffer.example.org --name "Ada Lovelace"
  coffer people accept < code.txt | coffer login --org acme`,
    )
    .action(async (_, command: Command) => acceptInvitation(shell, optionsOf<AccountOptions>(command)));
  connectionOptions(accept);

  const me = program
    .command("me")
    .description("show or change your account")
    .option("--name <name>", "another name")
    .option("--email <address>", "another e-mail address (operators)")
    .addHelpText(
      "after",
      `
Only a token over all your organizations, not narrowed, changes the account.

Examples:
  coffer me
  coffer me --name "Ada Lovelace"`,
    )
    .action(async (_, command: Command) => {
      const options = optionsOf<AccountOptions>(command);
      const { client, output } = await openSession(shell, options);
      const { name, email } = options;
      const change = { ...(name !== undefined && { name }), ...(email !== undefined && { email }) };
      const unchanged = Object.keys(change).length === 0;
      const account = await (unchanged ? client.me.get() : client.me.update(change));
      await output.data(account, () => describeAccount(account));
    });
  connectionOptions(me);
}

async function acceptInvitation(shell: Shell, options: AccountOptions): Promise<void> {
  const output = outputOf(shell, options.json ?? false);
  const kept = await readCredentials(credentialFiles(shell.env));
  const url = serverUrlOf(options, shell.env, kept);
  await trustFor(url, options, shell.env, kept);
  const source = shell.stdin.isTTY
    ? await askHidden("Invitation: ", "pipe the code in: coffer people accept < FILE")
    : utf8(await readAll(shell.stdin), "the code");
  const invitation = source.trim();
  if (invitation === "") throw usage("there is no code on stdin", "coffer people accept < FILE");
  const place = { organization: "default", store: "default" };
  const request = { invitation, ...(options.name !== undefined && { name: options.name }) };
  const accepted = await clientOf(httpOf(url, null), place).people.accept(request);
  // First of all: what was given is given once.
  await output.data(accepted, () => `${accepted.token}\n`);
  const { name, email } = accepted.person;
  await output.say(`You are ${name} <${email}>. The token is shown this once; to keep it:`);
  await output.say(`  coffer login --url ${url.href.replace(/\/$/, "")} --org ORGANIZATION`);
}

async function membershipOf(client: Client, named: string): Promise<string> {
  if (looksLikeId(named)) return named;
  const wanted = named.toLowerCase();
  const found = (await client.people.list()).find(({ email }) => email.toLowerCase() === wanted);
  if (found !== undefined) return found.membershipId;
  const options = { code: "principal.not_found", hint: "list them: coffer people list" };
  throw new Failure(exitCodes.notFound, "nobody with that e-mail address, or none that you may see", options);
}

function describeMember(member: Member): string {
  return fields([
    ["email", member.email],
    ["name", member.name],
    ["role", member.role],
    ["status", member.status],
    ["membership", member.membershipId],
    ["id", member.id],
  ]);
}

function describeAccount({ name, email, id }: Account): string {
  return fields([
    ["name", name],
    ["email", email],
    ["id", id],
  ]);
}
