// The certificate authority that a server with a private certificate is trusted by, beside the public
// ones: chosen by an option, the environment or the kept login, as URL and token are.
import { X509Certificate } from "node:crypto";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { usage } from "./failure.ts";
import { readFileOf } from "./files.ts";
import type { Environment } from "./shell.ts";

const certificate = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** PEM, from the file that is named, else what was kept; null: public authorities alone. */
export async function authorityOf(
  options: { readonly ca?: string },
  env: Environment,
  kept: string | null,
): Promise<string | null> {
  const path = options.ca ?? (env.COFFER_CA || undefined);
  if (path === undefined) return kept;
  return parseAuthority((await readFileOf(path)).toString("latin1"), path);
}

/** Certificates alone: a private key beside them is left where it was. */
export function parseAuthority(source: string, path: string): string {
  const found = source.match(certificate) ?? [];
  if (found.length === 0 || !found.every(isCertificate)) {
    throw usage(`${path} is no certificate in PEM`, "coffer serve --tls auto writes one: tls/ca.pem");
  }
  return `${found.join("\n")}\n`;
}

/** For every connection of this process, which makes them to one server. */
export function trust(authority: string | null): void {
  if (authority === null) return;
  setDefaultCACertificates([...getCACertificates("default"), ...(authority.match(certificate) ?? [])]);
}

/** As `openssl x509 -fingerprint -sha256` has it. */
export function fingerprintOf(authority: string): string {
  return new X509Certificate(authority).fingerprint256;
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}
