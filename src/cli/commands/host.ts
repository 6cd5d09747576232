// The commands of the host itself: they work on the data folder, not over the network. Each loads
// the server's code only when it runs, so that the other commands start fast.
import type { Command } from "commander";
import { usage } from "../failure.ts";
import { outputOf } from "../output.ts";
import { askHidden, askHiddenTwice } from "../prompts.ts";
import { jsonOption, optionsOf } from "../session.ts";
import type { Shell } from "../shell.ts";

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

export const rootProviderOption = [
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
}
