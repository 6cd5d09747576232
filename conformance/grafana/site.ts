// What the clients of this suite find: a server with TLS, for kubectl sends no token without it, and a
// namespace of its own for each part with the kubeconfig that `coffer kubeconfig` prints.
import { randomUUID } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { type Coffer, startCoffer } from "../support/coffer.ts";
import { cleanEnvironment, run, temporaryFolder } from "../support/processes.ts";

const launcher = join(import.meta.dirname, "..", "..", "bin", "coffer");

export interface Site {
  readonly coffer: Coffer;
  readonly authority: string;
}

export async function openSite(): Promise<Site> {
  const coffer = await startCoffer({ flags: ["--tls", "auto"] });
  const authority = join(coffer.data, "tls", "ca.pem");
  setDefaultCACertificates([...getCACertificates(), readFileSync(authority, "utf8")]);
  return { coffer, authority };
}

export interface Namespace {
  readonly name: string;
  readonly path: string;
  readonly kubeconfig: string;
}

export async function addNamespace(site: Site, token = site.coffer.bootstrap.token): Promise<Namespace> {
  const name = `ns-${randomUUID()}`;
  await site.coffer.ask("POST", "/v1/organizations/default/stores", { name, slug: name });
  const path = `/apis/secret.grafana.app/v1beta1/namespaces/${name}/securevalues`;
  return { name, path, kubeconfig: await kubeconfigFor(site, name, token) };
}

export async function kubeconfigFor(site: Site, namespace: string, token: string): Promise<string> {
  const env = cleanEnvironment({
    COFFER_URL: site.coffer.url,
    COFFER_TOKEN: token,
    COFFER_CA: site.authority,
  });
  const printed = await run(process.execPath, [launcher, "kubeconfig", "--namespace", namespace], { env });
  if (printed.code !== 0) throw new Error(`coffer kubeconfig ended with ${printed.code}: ${printed.stderr}`);
  const file = join(temporaryFolder(), "kubeconfig");
  writeFileSync(file, printed.stdout, { mode: 0o600 });
  return file;
}

/** A token of the first owner that has these scopes and no others. */
export async function scopedToken({ coffer }: Site, scopes: readonly string[]): Promise<string> {
  const principal = { kind: "person", id: coffer.bootstrap.person.id };
  const body = { principal, name: "scoped", scopes };
  return (await coffer.ask("POST", "/v1/organizations/default/tokens", body)).token;
}
