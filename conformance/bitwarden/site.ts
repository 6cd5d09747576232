// What the clients find: a server, with TLS or without, and machine accounts with access tokens, made as
// their owner makes them.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { type Coffer, startCoffer } from "../support/coffer.ts";

export interface Site {
  readonly coffer: Coffer;
  /** What a client must trust; null over open http. */
  readonly authority: string | null;
  readonly organization: string;
}

export async function openSite(tls: boolean): Promise<Site> {
  const coffer = await startCoffer(tls ? { flags: ["--tls", "auto"] } : {});
  const organization = coffer.bootstrap.organization.id;
  if (!tls) return { coffer, authority: null, organization };
  const authority = join(coffer.data, "tls", "ca.pem");
  setDefaultCACertificates([...getCACertificates(), readFileSync(authority, "utf8")]);
  return { coffer, authority, organization };
}

export interface Account {
  readonly id: string;
  readonly accessToken: string;
  readonly tokenId: string;
}

export async function addAccount({ coffer }: Site, name: string): Promise<Account> {
  const machines = "/v1/organizations/default/machines";
  const { id } = await coffer.ask("POST", machines, { name });
  const made = await coffer.ask("POST", `${machines}/${id}/access-tokens`, { name: "suite" });
  return { id, accessToken: made.accessToken, tokenId: made.id };
}

/** A project that the account may write to. */
export async function addProject({ coffer }: Site, account: Account, name: string): Promise<string> {
  const { id } = await coffer.ask("POST", "/v1/organizations/default/stores", { name });
  const grant = {
    subject: { kind: "machine", id: account.id },
    object: { kind: "store", id },
    level: "write",
  };
  await coffer.ask("PUT", "/v1/organizations/default/grants", grant);
  return id;
}

/** What every client of the service is told, by its environment. */
export function variables(site: Site, account: Account): Record<string, string> {
  return {
    BWS_ACCESS_TOKEN: account.accessToken,
    ORGANIZATION: site.organization,
    SERVER: site.coffer.url,
    ...(site.authority === null ? {} : { SSL_CERT_FILE: site.authority }),
  };
}
