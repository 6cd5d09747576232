import type { Command } from "commander";
import { usage } from "../failure.ts";
import { limit, oneOf } from "../options.ts";
import { fields, table } from "../output.ts";
import { type ConnectionOptions, connectionOptions, openSession, optionsOf } from "../session.ts";
import type { Shell } from "../shell.ts";
import type { Organization } from "../wire.ts";

interface CreateOptions extends ConnectionOptions {
  readonly name?: string;
  readonly custody?: "server" | "client";
}

interface EditOptions extends ConnectionOptions {
  readonly name?: string;
  readonly trash?: "dialect" | "always" | "never";
  readonly membersCreate?: "yes" | "no";
}

interface QuotaOptions extends ConnectionOptions {
  readonly secrets?: number | "none";
  readonly stores?: number | "none";
}

interface RemoveOptions extends ConnectionOptions {
  readonly force?: boolean;
}

export function organizationCommands(program: Command, shell: Shell): void {
  const org = program.command("org").description("organizations: the border that no secret crosses");

  connectionOptions(org.command("list"))
    .description("list the organizations you belong to")
    .addHelpText("after", "\nExample:\n  coffer org list")
    .action(async (_, command: Command) => {
      const { client, output } = await openSession(shell, optionsOf<ConnectionOptions>(command));
      const items = await client.organizations.list();
      await output.data(items, () =>
        table(
          ["SLUG", "NAME", "ID"],
          items.map((each) => [each.slug, each.name, each.id]),
        ),
      );
      if (items.length === 0) await output.say("You belong to no organization.");
    });

  const create = org
    .command("create <slug>")
    .description("create an organization; operators only, who own what they create")
    .option("--name <name>", "a name for people (default: the slug)")
    .option(
      "--custody <who>",
      "who can read values: server, or client (end-to-end). Never changes",
      oneOf("server", "client"),
    )
    .addHelpText("after", '\nExample:\n  coffer org create acme --name "Acme Ltd."')
    .action(async (slug: string, _, command: Command) => {
      const options = optionsOf<CreateOptions>(command);
      const { client, output } = await openSession(shell, options);
      const { name = slug, custody } = options;
      const made = await client.organizations.create({ slug, name, ...(custody && { custody }) });
      await output.data(made, () => describe(made));
    });
  connectionOptions(create);

  connectionOptions(org.command("show [org]"))
    .description("show one organization (default: the one in use)")
    .addHelpText("after", "\nExample:\n  coffer org show acme")
    .action(async (slug: string | undefined, _, command: Command) => {
      const { client, output } = await openSession(shell, optionsOf<ConnectionOptions>(command));
      const found = await client.organizations.get(slug ?? client.place.organization);
      await output.data(found, () => describe(found));
    });

  const edit = org
    .command("edit [org]")
    .description("change an organization's name or rules (default: the one in use)")
    .option("--name <name>", "another name for people")
    .option(
      "--trash <rule>",
      "where deleted secrets go: always or never into the trash, or as each API promises (dialect)",
      oneOf("dialect", "always", "never"),
    )
    .option("--members-create <yes|no>", "may members make stores and machines", oneOf("yes", "no"))
    .addHelpText("after", "\nExamples:\n  coffer org edit acme --trash always\n  coffer org edit --name Acme")
    .action(async (slug: string | undefined, _, command: Command) => {
      const { name, trash, membersCreate, ...options } = optionsOf<EditOptions>(command);
      const fields = {
        ...(name !== undefined && { name }),
        ...(trash !== undefined && { trash }),
        ...(membersCreate !== undefined && { membersCreate: membersCreate === "yes" }),
      };
      if (Object.keys(fields).length === 0)
        throw usage("there is nothing to change", "give --name, --trash or --members-create");
      const { client, output } = await openSession(shell, options);
      const after = await client.organizations.update(slug ?? client.place.organization, fields);
      await output.data(after, () => describe(after));
    });
  connectionOptions(edit);

  const quota = org
    .command("quota [org]")
    .description(
      "show how many secrets and stores there are and may be, or change how many (default: the one in use)",
    )
    .option("--secrets <limit>", "so many secrets at most; none: without limit", limit)
    .option("--stores <limit>", "so many stores at most; none: without limit", limit)
    .addHelpText(
      "after",
      "\nExamples:\n  coffer org quota\n  coffer org quota acme --secrets 10000 --stores none",
    )
    .action(async (slug: string | undefined, _, command: Command) => {
      const options = optionsOf<QuotaOptions>(command);
      const { client, output } = await openSession(shell, options);
      const where = slug ?? client.place.organization;
      const limits: Record<string, number | null> = {};
      for (const what of ["secrets", "stores"] as const) {
        const { [what]: most } = options;
        if (most !== undefined) limits[what] = most === "none" ? null : most;
      }
      if (Object.keys(limits).length > 0) await client.organizations.update(where, { limits });
      const found = await client.organizations.quota(where);
      await output.data(found, () =>
        table(
          ["OF", "THERE ARE", "AT MOST"],
          Object.entries(found).map(([of, { usage, quota: most }]) => [
            of,
            String(usage),
            String(most ?? "any"),
          ]),
        ),
      );
    });
  connectionOptions(quota);

  const remove = org
    .command("rm <org>")
    .description("delete an organization for good; owners only, refused while secrets are in it")
    .option("--force", "also destroy its secrets, live and in the trash; nothing brings them back")
    .addHelpText("after", "\nExamples:\n  coffer org rm old\n  coffer org rm old --force")
    .action(async (slug: string, _, command: Command) => {
      const options = optionsOf<RemoveOptions>(command);
      const { client, output } = await openSession(shell, options);
      await client.organizations.remove(slug, options.force ?? false);
      await output.say("Deleted. What it held is being destroyed, and last its keys.");
    });
  connectionOptions(remove);
}

function describe(organization: Organization): string {
  return fields([
    ["slug", organization.slug],
    ["name", organization.name],
    ["id", organization.id],
    ["custody", organization.custody],
    ["trash", organization.trash],
    ["members create", yesOrNo(organization.membersCreate)],
  ]);
}

function yesOrNo(flag: boolean | undefined): string | undefined {
  if (flag === undefined) return undefined;
  return flag ? "yes" : "no";
}
