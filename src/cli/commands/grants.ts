// Who holds which level on what. Subject and object are a kind and a name, or an id: group:developers,
// store:web-prod.
import type { Command } from "commander";
import type { Client } from "../client.ts";
import { usage } from "../failure.ts";
import { oneOf } from "../options.ts";
import { fields, table } from "../output.ts";
import { type ConnectionOptions, connectionOptions, openSession, optionsOf } from "../session.ts";
import type { Shell } from "../shell.ts";
import type { Grant, Party } from "../wire.ts";
import { groupNamed, machineNamed, personNamed } from "./named.ts";
import { looksLikeId } from "./secret-argument.ts";

interface ListOptions extends ConnectionOptions {
  readonly subject?: string;
  readonly object?: string;
}

const partiesHelp = `
SUBJECT is person:EMAIL, group:NAME or machine:NAME; OBJECT is organization, store:STORE,
secret:NAME (in the store in use) or machine:NAME. An id does in place of a name.
LEVEL is read, write or manage; machines read and write places.
`;

export function grantCommands(program: Command, shell: Shell): void {
  const grant = program.command("grant").description("grants: who holds which level on what");
  const session = (command: Command) => openSession(shell, optionsOf<ConnectionOptions>(command));

  const list = grant
    .command("list")
    .description("list grants; without --object for who may read all of them")
    .option("--subject <subject>", "to this person, group or machine")
    .option("--object <object>", "on this organization, store, secret or machine")
    .addHelpText("after", `${partiesHelp}\nExample:\n  coffer grant list --object store:web-prod`)
    .action(async (_, command: Command) => {
      const options = optionsOf<ListOptions>(command);
      const { client, output } = await session(command);
      const subject = options.subject === undefined ? null : await subjectOf(client, options.subject);
      const object = options.object === undefined ? null : await objectOf(client, options.object);
      const items = await client.grants.list({
        ...(subject && { subject: textOf(subject) }),
        ...(object && { object: textOf(object) }),
      });
      await output.data(items, () =>
        table(
          ["SUBJECT", "OBJECT", "LEVEL"],
          items.map((each) => [textOf(each.subject), textOf(each.object), each.level]),
        ),
      );
      if (items.length === 0) await output.say("No grant.");
    });
  connectionOptions(list);

  const set = grant
    .command("set <subject> <object>")
    .argument("<level>", "read, write or manage", oneOf("read", "write", "manage"))
    .description("give a grant, or change its level")
    .addHelpText(
      "after",
      `${partiesHelp}
Examples:
  coffer grant set group:developers store:web-test write
  coffer grant set machine:ci secret:DATABASE_PASSWORD read --store web-prod
  coffer grant set person:ada@example.org organization read`,
    )
    .action(async (to: string, on: string, level: string, _, command: Command) => {
      const { client, output } = await session(command);
      const place = { subject: await subjectOf(client, to), object: await objectOf(client, on) };
      const given = await client.grants.put({ ...place, level });
      await output.data(given, () => describe(given));
    });
  connectionOptions(set);

  connectionOptions(grant.command("rm <subject> <object>"))
    .description("take a grant away")
    .addHelpText("after", `${partiesHelp}\nExample:\n  coffer grant rm group:developers store:web-test`)
    .action(async (to: string, on: string, _, command: Command) => {
      const { client, output } = await session(command);
      await client.grants.remove({
        subject: await subjectOf(client, to),
        object: await objectOf(client, on),
      });
      await output.say("Taken away.");
    });
}

async function subjectOf(client: Client, text: string): Promise<Party> {
  const [kind, name] = partsOf(text);
  if (kind === "person") return { kind, id: await personNamed(client, name) };
  if (kind === "group") return { kind, id: await groupNamed(client, name) };
  if (kind === "machine") return { kind, id: await machineNamed(client, name) };
  throw usage("a subject is person:EMAIL, group:NAME or machine:NAME");
}

async function objectOf(client: Client, text: string): Promise<Party> {
  const [kind, name] = partsOf(text);
  if (text === "organization") {
    return { kind: text, id: (await client.organizations.get(client.place.organization)).id };
  }
  if (kind === "store" || kind === "secret") {
    if (looksLikeId(name)) return { kind, id: name };
    const found = await (kind === "store"
      ? client.stores.get(name)
      : client.secrets.get({ text: name, byName: true }));
    return { kind, id: found.id };
  }
  if (kind === "machine") return { kind, id: await machineNamed(client, name) };
  throw usage("an object is organization, store:STORE, secret:NAME or machine:NAME");
}

function partsOf(text: string): readonly [kind: string, name: string] {
  const colon = text.indexOf(":");
  const name = text.slice(colon + 1);
  return colon < 0 || name === "" ? ["", ""] : [text.slice(0, colon), name];
}

function textOf({ kind, id }: Party): string {
  return `${kind}:${id}`;
}

function describe({ subject, object, level }: Grant): string {
  return fields([
    ["subject", textOf(subject)],
    ["object", textOf(object)],
    ["level", level],
  ]);
}
