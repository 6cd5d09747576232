// From options, environment and kept login to a client: which server, which token, which place.
// A kept token is sent to the server it was kept for and to no other (that is the invariant).
import type { Command } from "commander";
import { authorityOf, trust } from "./authority.ts";
import { type Client, clientOf } from "./client.ts";
import { type Credentials, credentialFiles, exposure, parseToken, readCredentials } from "./credentials.ts";
import { exitCodes } from "./exit-codes.ts";
import { Failure } from "./failure.ts";
import { httpOf, parseServerUrl } from "./http.ts";
import { type Output, outputOf } from "./output.ts";
import type { Environment, Shell } from "./shell.ts";

/** The options which every command that talks to a server has. */
export interface ConnectionOptions {
  readonly url?: string;
  readonly org?: string;
  readonly store?: string;
  readonly ca?: string;
  readonly insecureHttp?: boolean;
  readonly json?: boolean;
}

export const defaultUrl = "http://127.0.0.1:8200";
const defaultPlace = "default";

export interface Session {
  readonly client: Client;
  readonly url: URL;
  readonly token: string;
  /** PEM; null: public authorities alone vouch for the server. */
  readonly authority: string | null;
  readonly output: Output;
}

export function jsonOption(command: Command): Command {
  return command.option("--json", "print JSON, also for errors");
}

/** Adds the options; what they mean is the same everywhere. */
export function connectionOptions(command: Command): Command {
  return jsonOption(
    command
      .optionsGroup("Connection:")
      .option("--url <url>", "the server (else COFFER_URL, else the kept login)")
      .option("--org <org>", "organization, slug or id (else COFFER_ORG, else the login's, else default)")
      .option("--store <store>", "store, slug or id (else COFFER_STORE, else the login's, else default)")
      .option("--ca <file>", "trust this certificate authority too (else COFFER_CA, else the kept login's)")
      .option("--insecure-http", "allow open http:// to another machine"),
  );
}

/** The options of a command; one given after it wins over the same one given before. */
export function optionsOf<T extends object>(command: Command): T {
  const outer = command.parent === null ? {} : optionsOf<T>(command.parent);
  return { ...outer, ...command.opts<T>() };
}

export interface Target {
  readonly url: URL;
  readonly token: string;
  readonly organization: string;
  readonly store: string;
}

export function targetOf(options: ConnectionOptions, env: Environment, kept: Credentials | null): Target {
  const url = serverUrlOf(options, env, kept);
  const own = keptFor(url, kept);
  const token = given(env.COFFER_TOKEN) ?? own?.token;
  if (token === undefined) throw noToken(url, kept);
  return {
    url,
    token: parseToken(token),
    organization: options.org ?? given(env.COFFER_ORG) ?? own?.organization ?? defaultPlace,
    store: options.store ?? given(env.COFFER_STORE) ?? own?.store ?? defaultPlace,
  };
}

/** A login is for one server: neither its token nor what vouches for that server is used with another. */
function keptFor(url: URL, kept: Credentials | null): Credentials | null {
  return kept !== null && parseServerUrl(kept.url, true).href === url.href ? kept : null;
}

/** Trusts what is to be trusted, before the first connection. */
export async function trustFor(
  url: URL,
  options: ConnectionOptions,
  env: Environment,
  kept: Credentials | null,
): Promise<string | null> {
  const authority = await authorityOf(options, env, keptFor(url, kept)?.ca ?? null);
  trust(authority);
  return authority;
}

export function serverUrlOf(options: ConnectionOptions, env: Environment, kept: Credentials | null): URL {
  const url = options.url ?? given(env.COFFER_URL) ?? kept?.url ?? defaultUrl;
  return parseServerUrl(url, options.insecureHttp ?? false);
}

/** A variable that is set but empty counts as not set. */
function given(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}

function noToken(url: URL, kept: Credentials | null): Failure {
  const message =
    kept === null
      ? "you are not logged in"
      : `the kept login is for another server than ${url.origin}, so its token is not sent there`;
  return new Failure(exitCodes.refused, message, {
    code: "cli.no_token",
    hint: "coffer login --bootstrap coffer-data/bootstrap.json, or set COFFER_TOKEN",
  });
}

/** Says nothing and gives up soon: for what a person did not ask for. */
export async function quickClient(
  shell: Shell,
  options: ConnectionOptions,
  timeoutMs: number,
): Promise<Client> {
  const kept = await readCredentials(credentialFiles(shell.env));
  const { url, token, organization, store } = targetOf(options, shell.env, kept);
  await trustFor(url, options, shell.env, kept);
  return clientOf(httpOf(url, token, timeoutMs), { organization, store });
}

export async function openSession(shell: Shell, options: ConnectionOptions): Promise<Session> {
  const output = outputOf(shell, options.json ?? false);
  const files = credentialFiles(shell.env);
  const kept = await readCredentials(files);
  const warning = kept === null ? null : await exposure(files);
  if (warning !== null) await output.say(`coffer: warning: ${warning}`);
  const { url, token, organization, store } = targetOf(options, shell.env, kept);
  const authority = await trustFor(url, options, shell.env, kept);
  const client = clientOf(httpOf(url, token), { organization, store });
  return { client, url, token, authority, output };
}
