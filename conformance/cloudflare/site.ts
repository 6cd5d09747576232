// What the clients of this suite find: a server on an empty data folder, its account, and wrangler's variables.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Coffer, startCoffer } from "../support/coffer.ts";
import { cleanEnvironment, type Ended, run, temporaryFolder } from "../support/processes.ts";

export interface Site {
  readonly coffer: Coffer;
  /** Clients append paths to it. */
  readonly baseUrl: string;
  readonly account: string;
  readonly token: string;
  readonly email: string;
  /** What clients asked of other machines. */
  strayed(): string;
  wrangler(args: readonly string[], asked?: Asked): Promise<Ended>;
}

export interface Asked {
  /** On its standard input; absent: nothing. */
  readonly input?: string;
  /** In place of the owner's token and account. */
  readonly env?: Readonly<Record<string, string>>;
}

export async function openSite(wrangler: string): Promise<Site> {
  const coffer = await startCoffer();
  const { organization, person, token } = coffer.bootstrap;
  const baseUrl = `${coffer.url}/client/v4`;
  const account = wireId(organization.id);
  const notes = join(temporaryFolder(), "strayed");
  const quiet = {
    WRANGLER_SEND_METRICS: "false",
    WRANGLER_HIDE_BANNER: "true",
    WRANGLER_LOG_PATH: temporaryFolder(),
    CI: "1",
    NO_COLOR: "1",
    ...watched(notes),
  };
  return {
    coffer,
    baseUrl,
    account,
    token,
    email: person.email,
    strayed: () => (existsSync(notes) ? readFileSync(notes, "utf8") : ""),
    wrangler(args, { input = "", env } = {}) {
      const own = env ?? { CLOUDFLARE_API_TOKEN: token, CLOUDFLARE_ACCOUNT_ID: account };
      const variables = { CLOUDFLARE_API_BASE_URL: baseUrl, ...quiet, ...own };
      // It keeps the last account beside where it is run.
      const place = { cwd: temporaryFolder(), env: cleanEnvironment(variables) };
      return run(process.execPath, [wrangler, ...args], { input, ...place });
    },
  };
}

/** Variables under which a program of Node's asks no other machine, and tells which ones it would have. */
export function watched(notes: string): Record<string, string> {
  const hook = pathToFileURL(join(import.meta.dirname, "loopback.ts")).href;
  return { NODE_OPTIONS: `--import ${hook}`, STRAYED_FILE: notes };
}

export function wireId(uuid: string): string {
  return uuid.replaceAll("-", "");
}

/** A token of a service, which reads what names it. */
export async function serviceToken({ coffer }: Site, name: string): Promise<string> {
  const home = "/v1/organizations/default";
  const { id } = await coffer.ask("POST", `${home}/services`, { name });
  const body = { name: "conformance", principal: { kind: "service", id } };
  return (await coffer.ask("POST", `${home}/tokens`, body)).token;
}
