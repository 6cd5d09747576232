// The commands of the host itself: they work on the data folder, not over the network. Each loads
// the server's code only when it runs, so that the other commands start fast.
import type { Command } from "commander";
import { CofferError } from "../../core/errors.ts";
import { usage } from "../failure.ts";
import { outputOf } from "../output.ts";
import { askHidden, askHiddenTwice } from "../prompts.ts";
import { jsonOption, optionsOf } from "../session.ts";
import { type Shell, write } from "../shell.ts";
import { keyCommands, rootKeyId } from "./keys.ts";

/** The flags that stand above file and environment in the server's configuration. */
export interface HostOptions {
  readonly data?: string;
  readonly listen?: string;
  readonly database?: string;
  readonly config?: string;
  readonly logLevel?: string;
  readonly insecureHttp?: boolean;
  readonly publicUrl?: string;
  readonly tls?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsNames?: string;
  readonly trustedProxies?: string;
  readonly ownerEmail?: string;
  readonly auditArchive?: string;
  readonly workers?: string;
  readonly rootKey?: string;
  readonly rootPassphraseFile?: string;
  readonly askRootPassphrase?: boolean;
  readonly rootPassphraseRecord?: string;
  readonly rootProvider?: string;
  readonly rootRecord?: string;
  readonly json?: boolean;
}

export function hostOptions(command: Command): Command {
  return command
    .option("--data <dir>", "the data folder (default: ./coffer-data)")
    .option("--database <url>", "PostgreSQL instead of the embedded database: postgres://...")
    .option("--config <file>", "a coffer.yaml")
    .option("--root-key <file>", "the root key (default: root.key in the data folder)")
    .option("--root-passphrase-file <file>", "the root key is made from the passphrase in this file")
    .option("--ask-root-passphrase", "ask for the passphrase on the terminal")
    .option(
      "--root-passphrase-record <file>",
      "how the key follows from it (default: root.passphrase in the data folder)",
    )
    .option(...rootProviderOption)
    .option(
      "--root-record <file>",
      "the root key as it wrapped it (default: root.record in the data folder)",
    );
}

const rootProviderOption = [
  "--root-provider <settings>",
  "what keeps the root key: kind=aws-kms,key=...,region=... (see docs/guide/root-keys.md)",
] as const;

function serverOptions(command: Command): Command {
  return hostOptions(command)
    .option("--listen <host:port>", "where to listen (default: 127.0.0.1:8200)")
    .option("--log-level <level>", "trace, debug, info, warn, error, fatal or silent")
    .option("--public-url <url>", "how others reach it, where that is not where it listens")
    .option("--tls <mode>", "auto: https, with a certificate authority of its own; files; none")
    .option("--tls-cert <file>", "https with this certificate and those that vouch for it, PEM")
    .option("--tls-key <file>", "its private key, PEM")
    .option("--tls-names <names>", "with --tls auto: more names and addresses it is reached by")
    .option(
      "--trusted-proxies <networks>",
      "proxies that name the client: 10.1.2.3,10.2.0.0/16 (default: none)",
    )
    .option("--insecure-http", "allow open http on an address that others reach")
    .option("--workers <n>", "processes that serve, with PostgreSQL (default: 1)")
    .option("--audit-archive <dir>", "where audit entries older than audit.keep go; without it they stay")
    .option("--owner-email <email>", "first start: the first person (default: owner@localhost)");
}

interface NewKeyOptions extends Pick<HostOptions, "config" | "rootProvider"> {
  readonly after?: string;
  readonly provider?: boolean;
  readonly passphraseFile?: string;
  readonly askPassphrase?: boolean;
}

const insteadOfAsking = "give it with --root-passphrase-file or COFFER_ROOT_PASSPHRASE";

export function askPassphrase(times: "once" | "twice"): Promise<string> {
  return times === "once"
    ? askHidden("Root passphrase: ", insteadOfAsking)
    : askHiddenTwice("New root passphrase: ", "Once more: ", insteadOfAsking);
}

/** What is wrong with the configuration is a mistake in what was handed in, not a failure. */
export async function configured<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { ConfigError } = await import("../../server/config.ts");
    if (!(error instanceof ConfigError)) throw error;
    throw usage(error.message, "coffer config check prints what is in effect");
  }
}

/** No server is concerned: what is wrong is a file that was handed in. */
async function fromFiles(work: () => string | Promise<string>): Promise<string> {
  try {
    return await work();
  } catch (error) {
    const { ConfigError } = await import("../../server/config.ts");
    const ours =
      error instanceof ConfigError || (error instanceof CofferError && error.code === "server.sealed");
    throw ours ? usage(error.message) : error;
  }
}

export function hostCommands(program: Command, shell: Shell, end: (exitCode: number) => void): void {
  serverOptions(program.command("serve"))
    .description("run the server; the first start makes keys, database and owner")
    .addHelpText(
      "after",
      `
The first start on an empty folder writes root.key, coffer.db and bootstrap.json (with the
owner's token) and prints what to do next. Keep a copy of root.key elsewhere: without it no
value can be read again. SIGTERM or Ctrl-C ends it after the requests in progress.

Examples:
  coffer serve
  coffer serve --data /var/lib/coffer --listen 127.0.0.1:8200
  coffer serve --database postgres://coffer@db/coffer --root-key /etc/coffer/root.key`,
    )
    .action(async (_, command: Command) => {
      const { serve } = await import("../../server/serve.ts");
      end(await configured(() => serve(optionsOf<HostOptions>(command), { askPassphrase })));
    });

  const init = hostOptions(program.command("init"))
    .description("make a new owner token on the host, when every other is lost")
    .requiredOption("--recover", "say that this is what you want")
    .addHelpText(
      "after",
      `
The token is written beside the data, never shown. The embedded database must not be in use:
stop the server first.

Example:
  coffer init --recover --data /var/lib/coffer`,
    )
    .action(async (_, command: Command) => {
      const options = optionsOf<HostOptions>(command);
      const { recover } = await import("../../server/recover.ts");
      const made = await configured(() => recover(options, { askPassphrase }));
      const output = outputOf(shell, options.json ?? false);
      // The token stays in the file: on the screen it would stay in its history too.
      const { token: _token, ...shown } = made;
      await output.data(shown, () => `${made.path}\n`);
      await output.say(`A new owner token is in ${made.path}. Log in with:`);
      await output.say(`  coffer login --bootstrap ${made.path}`);
    });
  jsonOption(init);

  const config = program.command("config").description("the server's configuration");
  const check = serverOptions(config.command("check"))
    .description("print the effective configuration, without secrets, or what is wrong with it")
    .addHelpText("after", "\nExample:\n  coffer config check --config coffer.yaml")
    .action(async (_, command: Command) => {
      const options = optionsOf<HostOptions>(command);
      const [{ loadConfig }, { printableConfig }, { stringify }] = await Promise.all([
        import("../../server/config.ts"),
        import("../../server/config-shown.ts"),
        import("yaml"),
      ]);
      const { config: effective, warnings } = await configured(() => loadConfig(options, shell.env));
      const output = outputOf(shell, options.json ?? false);
      for (const warning of warnings) await output.say(`coffer: warning: ${warning}`);
      const shown = printableConfig(effective);
      await output.data(shown, () => stringify(shown));
    });
  jsonOption(check);

  const key = program.command("key").description("keys: rotation, and new root keys");
  key
    .command("new")
    .description("print a new root key file, or the record of a passphrase or of a provider")
    .option("--after <file>", "with the keys of this file or record, to take its place")
    .option("--passphrase-file <file>", "a record: the key is made from the passphrase in this file")
    .option("--ask-passphrase", "a record: the passphrase is asked for on the terminal")
    .option("--provider", "a record: the configured provider wraps the new key")
    .option("--config <file>", "with --provider: a coffer.yaml")
    .option(...rootProviderOption)
    .addHelpText(
      "after",
      `
Whoever has it and the database can read every value. Write it into a file of your own. With
--after, the new key is added to those of an older file; move the new file into the old one's
place, start every node with it, and run "coffer key rotate --root".

Examples:
  (umask 077 && coffer key new > root.key)
  (umask 077 && coffer key new --after root.key > root.key.next) && mv root.key.next root.key
  (umask 077 && coffer key new --ask-passphrase > root.passphrase)
  (umask 077 && coffer key new --provider --config coffer.yaml > root.record)`,
    )
    .action(async (options: NewKeyOptions) => {
      const keys = await import("../../server/keys.ts");
      const { after = null, passphraseFile, askPassphrase: asked } = options;
      const text = await fromFiles(async () => {
        if (options.provider === true) {
          const { recordAfter } = await import("../../server/provider-keys.ts");
          return recordAfter(await providerConfig(options, shell), after);
        }
        if (passphraseFile !== undefined) {
          return keys.passphraseRecordAfter(after, await keys.passphrasesIn(passphraseFile));
        }
        if (asked === true) return keys.passphraseRecordAfter(after, [await askPassphrase("twice")]);
        return after === null ? keys.newRootKeyFile() : keys.rootKeyFileAfter(after);
      });
      await write(shell.stdout, text);
    });
  key
    .command("drop")
    .argument("<rootKey>", "id of the key that is to go, rk_...", rootKeyId)
    .description("print a root key file, or a record, without one of its keys")
    .requiredOption("--from <file>", "the file as it is; it is not changed")
    .addHelpText(
      "after",
      `
First "coffer key destroy" the root key: the server proves that nothing stands on it. The active
key of a file is never dropped.

Example:
  (umask 077 && coffer key drop rk_4f1c0d9e8b7a6352 --from root.key > root.key.next) && mv root.key.next root.key`,
    )
    .action(async (id: string, { from }: { readonly from: string }) => {
      const { withoutRootKey } = await import("../../server/keys.ts");
      await write(shell.stdout, await fromFiles(() => withoutRootKey(from, id)));
    });
  key
    .command("refresh")
    .description(
      "print a provider's record with the same root keys, wrapped by the newest version of its key",
    )
    .requiredOption("--from <file>", "the record as it is; it is not changed")
    .option("--config <file>", "a coffer.yaml")
    .option(...rootProviderOption)
    .addHelpText(
      "after",
      `
After the provider's own key got a new version. Nothing else has to be rotated.

Example:
  (umask 077 && coffer key refresh --from root.record --config coffer.yaml > root.record.next) && mv root.record.next root.record`,
    )
    .action(async (options: Pick<HostOptions, "config" | "rootProvider"> & { readonly from: string }) => {
      const { recordRefreshed } = await import("../../server/provider-keys.ts");
      const text = await fromFiles(async () =>
        recordRefreshed(await providerConfig(options, shell), options.from),
      );
      await write(shell.stdout, text);
    });
  keyCommands(key, shell);
}

/** What of the server's configuration says where its root key is kept. */
async function providerConfig(options: Pick<HostOptions, "config" | "rootProvider">, shell: Shell) {
  const { loadConfig } = await import("../../server/config.ts");
  const { config, rootProvider } = options;
  return loadConfig(
    {
      ...(config === undefined ? {} : { config }),
      ...(rootProvider === undefined ? {} : { rootProvider }),
    },
    shell.env,
  ).config;
}
