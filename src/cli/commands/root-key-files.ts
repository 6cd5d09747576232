// `key new`, `key drop` and `key refresh`: they make files of root keys, or print them. Keeps: a file that
// is there is never replaced, and what --out makes is its owner's alone and whole. A shell's `>` keeps
// neither: it empties the file that it is pointed at before this program runs.
import type { Command } from "commander";
import { CofferError } from "../../core/errors.ts";
import { usage } from "../failure.ts";
import { type Shell, write } from "../shell.ts";
import { askPassphrase, type HostOptions, rootProviderOption } from "./host.ts";
import { keyCommands, rootKeyId } from "./keys.ts";

interface OutOption {
  readonly out?: string;
}

interface ProviderOptions extends OutOption, Pick<HostOptions, "config" | "rootProvider"> {}

interface NewKeyOptions extends ProviderOptions {
  readonly after?: string;
  readonly provider?: boolean;
  readonly passphraseFile?: string;
  readonly askPassphrase?: boolean;
}

interface FromOption {
  readonly from: string;
}

const outOption = ["--out <file>", "into this new file, for its owner alone; without it to stdout"] as const;

export function keyCommandsOfHost(program: Command, shell: Shell): void {
  const key = program.command("key").description("keys: rotation, and new root keys");
  rootKeyFileCommands(key, shell);
  keyCommands(key, shell);
}

function rootKeyFileCommands(key: Command, shell: Shell): void {
  key
    .command("new")
    .description("make a new root key file, or the record of a passphrase or of a provider")
    .option(...outOption)
    .option("--after <file>", "with the keys of this file or record, to take its place")
    .option("--passphrase-file <file>", "a record: the key is made from the passphrase in this file")
    .option("--ask-passphrase", "a record: the passphrase is asked for on the terminal")
    .option("--provider", "a record: the configured provider wraps the new key")
    .option("--config <file>", "with --provider: a coffer.yaml")
    .option(...rootProviderOption)
    .addHelpText(
      "after",
      `
Whoever has it and the database can read every value. --out never replaces a file; with ">" the
shell would empty the one that is there. With --after, the new key is added to those of an older
file; move the new file into the old one's place, start every node with it, and run
"coffer key rotate --root".

Examples:
  coffer key new --out root.key
  coffer key new --after root.key --out root.key.next && mv root.key.next root.key
  coffer key new --ask-passphrase --out root.passphrase
  coffer key new --provider --config coffer.yaml --out root.record`,
    )
    .action(async (options: NewKeyOptions) => {
      await make(shell, options, () => newText(options, shell));
    });
  key
    .command("drop")
    .argument("<rootKey>", "id of the key that is to go, rk_...", rootKeyId)
    .description("make a root key file, or a record, without one of its keys")
    .requiredOption("--from <file>", "the file as it is; it is not changed")
    .option(...outOption)
    .addHelpText(
      "after",
      `
First "coffer key destroy" the root key: the server proves that nothing stands on it. The active
key of a file is never dropped.

Example:
  coffer key drop rk_4f1c0d9e8b7a6352 --from root.key --out root.key.next && mv root.key.next root.key`,
    )
    .action(async (id: string, options: OutOption & FromOption) => {
      const { withoutRootKey } = await import("../../server/keys.ts");
      await make(shell, options, () => withoutRootKey(options.from, id));
    });
  key
    .command("refresh")
    .description("make a provider's record with the same root keys, wrapped by the newest version of its key")
    .requiredOption("--from <file>", "the record as it is; it is not changed")
    .option(...outOption)
    .option("--config <file>", "a coffer.yaml")
    .option(...rootProviderOption)
    .addHelpText(
      "after",
      `
After the provider's own key got a new version. Nothing else has to be rotated.

Example:
  coffer key refresh --from root.record --config coffer.yaml --out root.record.next && mv root.record.next root.record`,
    )
    .action(async (options: ProviderOptions & FromOption) => {
      const { recordRefreshed } = await import("../../server/provider-keys.ts");
      await make(shell, options, async () =>
        recordRefreshed(await providerConfig(options, shell), options.from),
      );
    });
}

/** No server is concerned: what is wrong is a file that was handed in, or the one that was to be made. */
async function make(shell: Shell, { out }: OutOption, textOf: () => string | Promise<string>): Promise<void> {
  const { keepRootFile } = await import("../../server/keys.ts");
  try {
    const text = await textOf();
    await (out === undefined ? write(shell.stdout, text) : keepRootFile(out, text));
  } catch (error) {
    const { ConfigError } = await import("../../server/config.ts");
    const ours =
      error instanceof ConfigError || (error instanceof CofferError && error.code === "server.sealed");
    throw ours ? usage(error.message) : error;
  }
}

async function newText(options: NewKeyOptions, shell: Shell): Promise<string> {
  const keys = await import("../../server/keys.ts");
  const { after = null, passphraseFile, askPassphrase: asked } = options;
  if (options.provider === true) {
    const { recordAfter } = await import("../../server/provider-keys.ts");
    return recordAfter(await providerConfig(options, shell), after);
  }
  if (passphraseFile !== undefined) {
    return keys.passphraseRecordAfter(after, await keys.passphrasesIn(passphraseFile));
  }
  if (asked === true) return keys.passphraseRecordAfter(after, [await askPassphrase("twice")]);
  return after === null ? keys.newRootKeyFile() : keys.rootKeyFileAfter(after);
}

/** What of the server's configuration says where its root key is kept. */
async function providerConfig({ config, rootProvider }: ProviderOptions, shell: Shell) {
  const { loadConfig } = await import("../../server/config.ts");
  return loadConfig(
    {
      ...(config === undefined ? {} : { config }),
      ...(rootProvider === undefined ? {} : { rootProvider }),
    },
    shell.env,
  ).config;
}
