// `coffer bitwarden`: access tokens for `bws` and the SDKs. In an organization with client custody the key
// of all its names and values is made here and stays in a file here; the server never has it.
import { mkdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Command } from "commander";
import {
  newClientToken,
  newOrganizationKey,
  organizationKeyFrom,
  sealText,
} from "../../server/client-keys.ts";
import { credentialFiles } from "../credentials.ts";
import { exitCodes } from "../exit-codes.ts";
import { Failure, usage } from "../failure.ts";
import { createFile, readFileOf } from "../files.ts";
import { type ConnectionOptions, connectionOptions, openSession, optionsOf } from "../session.ts";
import type { Shell } from "../shell.ts";
import { machineNamed } from "./named.ts";
import { looksLikeId } from "./secret-argument.ts";

interface KeyOptions extends ConnectionOptions {
  readonly keyFile?: string;
}

interface TokenOptions extends KeyOptions {
  readonly name: string;
  readonly expires?: string;
}

export function bitwardenCommands(program: Command, shell: Shell): void {
  const bitwarden = program
    .command("bitwarden")
    .description("access tokens for bws and Bitwarden's SDKs, and zero-knowledge organizations");
  const session = (command: Command) => openSession(shell, optionsOf<KeyOptions>(command));
  const ownFile = (slug: string) => join(credentialFiles(shell.env).folder, `bitwarden-${slug}.key`);

  connectionOptions(bitwarden.command("init <slug>"))
    .description("make an organization whose names and values the server cannot read")
    .option("--key-file <file>", "where its key is to be kept (default: in your config folder)")
    .addHelpText(
      "after",
      `
The key is made here, kept in a file that you alone can read, and sent nowhere. Who loses it has lost
every name and value of the organization: keep a copy of the file in a safe place.

Example:
  coffer bitwarden init vault
  coffer bitwarden machine ci --org vault`,
    )
    .action(async (slug: string, _, command: Command) => {
      const { client, output } = await session(command);
      const { keyFile } = optionsOf<KeyOptions>(command);
      const file = keyFile ?? ownFile(slug);
      if (keyFile === undefined) await mkdir(dirname(file), { recursive: true, mode: 0o700 });
      // First the key: an organization without one would be of no use.
      await createFile(file, `${newOrganizationKey()}\n`);
      try {
        const made = await client.organizations.create({ slug, name: slug, custody: "client" });
        await output.data({ id: made.id, slug: made.slug, keyFile: file }, () => `${made.id}\n`);
        await output.say(`Its key is in ${file}. Keep a copy of it elsewhere: nobody else has it.`);
      } catch (error) {
        await rm(file, { force: true });
        throw error;
      }
    });

  connectionOptions(bitwarden.command("machine <name>"))
    .description("make a machine account in a zero-knowledge organization")
    .option("--key-file <file>", "the organization's key")
    .addHelpText("after", "\nExample:\n  coffer bitwarden machine ci --org vault")
    .action(async (name: string, _, command: Command) => {
      const { client, output } = await session(command);
      const organization = await client.organizations.get(client.place.organization);
      if (organization.custody !== "client")
        throw usage("the server seals this organization's names itself", "use: coffer machine create NAME");
      const key = await keyIn(organization, optionsOf<KeyOptions>(command).keyFile);
      const made = await client.bitwarden.createMachine(organization.id, sealText(key, name));
      await output.data({ id: made.id }, () => `${made.id}\n`);
    });

  connectionOptions(bitwarden.command("access-token <machine>"))
    .description("make an access token of a machine and print it; it is shown this once")
    .requiredOption("--name <name>", "what it is for")
    .option("--expires <time>", "when it ends, like 2027-01-31T12:00:00Z")
    .option("--key-file <file>", "the organization's key, where the server has none")
    .addHelpText(
      "after",
      `
Examples:
  coffer bitwarden access-token ci --name laptop > token
  BWS_ACCESS_TOKEN="$(cat token)" bws --server-url https://127.0.0.1:8200 secret list`,
    )
    .action(async (named: string, _, command: Command) => {
      const { client, output } = await session(command);
      const { name, expires = null, keyFile } = optionsOf<TokenOptions>(command);
      const organization = await client.organizations.get(client.place.organization);
      if (organization.custody !== "client") {
        const id = await machineNamed(client, named);
        const made = await client.bitwarden.mint(id, { name, expiresAt: expires });
        return output.data(made, () => `${made.accessToken}\n`);
      }
      if (!looksLikeId(named))
        throw usage("names are sealed in this organization", "give the machine's id: coffer machine list");
      const token = newClientToken(await keyIn(organization, keyFile), name, expires);
      const { id, clientSecret } = await client.bitwarden.createToken(named, token.request);
      const accessToken = token.text(id, clientSecret);
      await output.data({ id, accessToken }, () => `${accessToken}\n`);
    });

  async function keyIn(
    { id, slug }: { readonly id: string; readonly slug: string },
    given: string | undefined,
  ): Promise<Uint8Array> {
    const file = given ?? ownFile(slug);
    const key = organizationKeyFrom((await readFileOf(file)).toString("utf8"));
    if (key !== null) return key;
    throw new Failure(exitCodes.usage, `${file} holds no key of an organization`, {
      hint: `it is the file that \`coffer bitwarden init\` made for ${id}`,
    });
  }
}
