import type { Command } from "commander";
import { authorityOf, fingerprintOf, trust } from "../authority.ts";
import { clientOf } from "../client.ts";
import {
  type CredentialFiles,
  type Credentials,
  credentialFiles,
  parseToken,
  readBootstrap,
  readCredentials,
  removeCredentials,
  saveCredentials,
} from "../credentials.ts";
import { httpOf, parseServerUrl } from "../http.ts";
import { fields, outputOf } from "../output.ts";
import { askHidden } from "../prompts.ts";
import {
  type ConnectionOptions,
  connectionOptions,
  defaultUrl,
  jsonOption,
  openSession,
  optionsOf,
} from "../session.ts";
import { readAll, type Shell, utf8 } from "../shell.ts";
import type { Whoami } from "../wire.ts";

interface LoginOptions extends ConnectionOptions {
  readonly bootstrap?: string;
}

export function loginCommands(program: Command, shell: Shell): void {
  const login = program
    .command("login")
    .description("keep a server's URL and a token for the commands that follow")
    .option("--bootstrap <file>", "take URL, token and places from the file of the first start")
    .addHelpText(
      "after",
      `
The token comes from the bootstrap file, from stdin, or from a hidden prompt; never from an
argument, where every user of the machine could read it. It is tried before it is kept, in
~/.config/coffer (or $XDG_CONFIG_HOME/coffer), readable by you alone. A certificate authority is
kept with it: --ca, or that of "coffer serve --tls auto" where it lies beside the bootstrap file.

Examples:
  coffer login --bootstrap coffer-data/bootstrap.json
  coffer login --url https://coffer.example.org            # asks for the token
  coffer login --url https://coffer.example.org < token.txt
  coffer login --url https://10.1.2.3:8200 --ca ca.pem < token.txt`,
    )
    .action(async (_, command: Command) => logIn(shell, optionsOf<LoginOptions>(command)));
  connectionOptions(login);

  const logout = program
    .command("logout")
    .description("forget the kept login (the token itself stays valid until it ends)")
    .addHelpText("after", "\nExample:\n  coffer logout")
    .action(async () => {
      const forgotten = await removeCredentials(credentialFiles(shell.env));
      await outputOf(shell, false).say(forgotten ? "The login is forgotten." : "There was no login.");
    });
  jsonOption(logout);

  const whoami = program
    .command("whoami")
    .description("show who the token speaks for")
    .addHelpText("after", "\nExample:\n  coffer whoami")
    .action(async (_, command: Command) => {
      const { client, url, output } = await openSession(shell, optionsOf<ConnectionOptions>(command));
      const answer = await client.whoami();
      await output.data(answer, () => describe(answer, url, client.place.organization, client.place.store));
    });
  connectionOptions(whoami);
}

async function logIn(shell: Shell, options: LoginOptions): Promise<void> {
  const output = outputOf(shell, options.json ?? false);
  const start = options.bootstrap === undefined ? null : await readBootstrap(options.bootstrap);
  const url = parseServerUrl(
    // The file's token is for the file's server: what a shell happens to hold names another one.
    options.url ?? start?.url ?? (shell.env.COFFER_URL || undefined) ?? defaultUrl,
    options.insecureHttp ?? false,
  );
  const files = credentialFiles(shell.env);
  const authority = await authorityOf(options, shell.env, start?.ca ?? (await authorityBefore(url, files)));
  trust(authority);
  const login: Credentials = {
    url: url.href.replace(/\/$/, ""),
    token: start?.token ?? (await tokenFromOutside(shell)),
    organization: options.org ?? start?.organization ?? null,
    store: options.store ?? start?.store ?? null,
    ...(authority === null ? {} : { ca: authority }),
  };
  const organization = login.organization ?? "default";
  const store = login.store ?? "default";
  const who = await clientOf(httpOf(url, login.token), { organization, store }).whoami();
  await saveCredentials(files, login);
  await output.data(who, () => describe(who, url, organization, store));
  await output.say(`Kept in ${files.credentials}.`);
  if (authority !== null) {
    await output.say(`Trusting the certificate authority with SHA-256 ${fingerprintOf(authority)}.`);
  }
  await output.say(`curl without the token in its arguments: curl -K ${files.curl} ${login.url}/v1/whoami`);
  if (shell.env.COFFER_TOKEN) {
    await output.say("coffer: warning: COFFER_TOKEN is set and will be used instead of this login");
  }
}

/** What vouched for that server at the last login. A file that cannot be read is about to be replaced. */
async function authorityBefore(url: URL, files: CredentialFiles): Promise<string | null> {
  const kept = await readCredentials(files).catch(() => null);
  return kept !== null && parseServerUrl(kept.url, true).href === url.href ? (kept.ca ?? null) : null;
}

async function tokenFromOutside(shell: Shell): Promise<string> {
  const source = shell.stdin.isTTY
    ? await askHidden("Token: ", "pipe the token in: coffer login < FILE")
    : utf8(await readAll(shell.stdin), "the token");
  return parseToken(source.trim());
}

function describe(who: Whoami, url: URL, organization: string, store: string): string {
  const { principal } = who;
  const { email } = principal;
  return fields([
    ["server", url.href.replace(/\/$/, "")],
    [principal.kind, email == null ? principal.name : `${principal.name} <${email}>`],
    ["id", principal.id],
    ["scopes", who.scopes == null ? "all that this principal may do" : who.scopes.join(", ")],
    ["organization", organization],
    ["store", store],
  ]);
}
