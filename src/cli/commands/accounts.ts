// `coffer account`: accounts of the installation, on the host.
import type { Command } from "commander";
import type { Person } from "../../core/people/person.ts";
import { usage } from "../failure.ts";
import { oneOf } from "../options.ts";
import { fields, outputOf, table } from "../output.ts";
import { jsonOption, optionsOf } from "../session.ts";
import type { Shell } from "../shell.ts";
import { askPassphrase, configured, type HostOptions, hostOptions } from "./host.ts";

interface SetOptions extends HostOptions {
  readonly name?: string;
  readonly email?: string;
  readonly operator?: "yes" | "no";
}

const stopped = "The embedded database must not be in use: stop the server first.";

export function accountCommands(program: Command, shell: Shell): void {
  const account = program.command("account").description("accounts of the installation, on the host");

  const list = hostOptions(account.command("list"))
    .description("list all accounts")
    .addHelpText("after", `\n${stopped}\n\nExample:\n  coffer account list --data /var/lib/coffer`)
    .action(async (_, command: Command) => {
      const options = optionsOf<HostOptions>(command);
      const { accounts } = await import("../../server/accounts.ts");
      const all = await configured(() => accounts(options, { askPassphrase }));
      const output = outputOf(shell, options.json ?? false);
      await output.data(all.map(shown), () =>
        table(
          ["EMAIL", "NAME", "OPERATOR", "ID"],
          all.map(({ email, name, operator, id }) => [email, name, operator ? "yes" : "no", id]),
        ),
      );
    });
  jsonOption(list);

  const set = hostOptions(account.command("set <account>"))
    .description("change somebody's name or e-mail address, or whether he is an operator")
    .option("--name <name>", "another name")
    .option("--email <address>", "another e-mail address")
    .option("--operator <yes|no>", "may create organizations and sees metrics", oneOf("yes", "no"))
    .addHelpText(
      "after",
      `
The account is named by its e-mail address or id. ${stopped}

Examples:
  coffer account set ada@example.org --email ada.lovelace@example.org
  coffer account set ada@example.org --operator yes`,
    )
    .action(async (named: string, _, command: Command) => {
      const options = optionsOf<SetOptions>(command);
      const { name, email, operator } = options;
      if (name === undefined && email === undefined && operator === undefined) {
        throw usage("there is nothing to change", "give --name, --email or --operator");
      }
      const changes = {
        ...(name !== undefined && { name }),
        ...(email !== undefined && { email }),
        ...(operator !== undefined && { operator: operator === "yes" }),
      };
      const { setAccount } = await import("../../server/accounts.ts");
      const person = await configured(() => setAccount(options, named, changes, { askPassphrase }));
      const output = outputOf(shell, options.json ?? false);
      await output.data(shown(person), () => describe(person));
    });
  jsonOption(set);
}

function shown({ id, email, name, operator }: Person): Omit<Person, "createdAt"> {
  return { id, email, name, operator };
}

function describe({ id, email, name, operator }: Person): string {
  return fields([
    ["name", name],
    ["email", email],
    ["operator", operator ? "yes" : "no"],
    ["id", id],
  ]);
}
