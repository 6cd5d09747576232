// `--tls auto`: a certificate authority of the installation's own, whose key lies sealed in the database,
// and a certificate by it in the data folder, made anew before it ends. Keeps: the authority stays what it
// is as long as it vouches for all that the configuration names, so that clients trust it once.
import type { X509Certificate } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { replaceFile } from "../bootstrap.ts";
import type { OpenNode, SealedNode } from "../compose.ts";
import { ConfigError } from "../config-layers.ts";
import { authorityKey, knownAuthority, publicKeyText } from "./authority-key.ts";
import type { CertificateParts, Certificates } from "./certificates.ts";
import { authorityRenewedMs, serverRenewedMs } from "./lives.ts";
import { configuredNames, guessedNames, type HostName, unique } from "./names.ts";
import { BadPair, type Pair, parseCertificate, parsePair } from "./pair.ts";

/** After a renewal that failed: what is served is good for weeks then. */
const retryMs = 60_000;

interface Authority {
  readonly pem: string;
  readonly certificate: X509Certificate;
}

interface Issued {
  readonly authority: Authority;
  readonly pair: Pair;
}

export async function autoCertificates(
  more: readonly string[],
  node: OpenNode | SealedNode,
  parts: CertificateParts,
): Promise<Certificates> {
  const { config, clock } = parts;
  const folder = join(resolve(config.data), "tls");
  const files = { authority: join(folder, "ca.pem"), server: join(folder, "server.pem") };
  const found = { authority: await readAuthority(files.authority), pair: await readPair(files.server) };
  const names = configuredNames(config, more);
  let standing: Issued;
  let retryAt = Number.NEGATIVE_INFINITY;

  async function issue(open: OpenNode, before: Authority | null): Promise<Issued> {
    const { issueServer } = await import("./authority.ts");
    const key = await authorityKey(open.context);
    const at = clock.now();
    const authority = await standingAuthority(before, { key, names, files, open, ...parts });
    const issued = await issueServer({ authority: authority.pem, authorityKey: key, at });
    // One file: a crash leaves no key beside the certificate of another.
    await replaceFile(files.server, issued.key + issued.certificate, 0o600);
    const pair = parsePair(issued.certificate, issued.key);
    parts.log.info({ until: new Date(pair.until).toISOString() }, "a TLS certificate was issued");
    return { authority, pair };
  }

  if (!node.sealed) {
    const publicKey = await knownAuthority(node.context);
    const usable = isUsable(found, { names, publicKey, at: clock.now() });
    standing = usable ? found : await issue(node, found.authority);
  } else if (isThere(found)) {
    // Nothing can be issued; whoever asks shall hear that the server is sealed.
    standing = found;
  } else {
    throw new ConfigError(`There is no certificate in ${folder} yet, and none can be made. ${node.because}`);
  }

  return {
    get pair() {
      return standing.pair;
    },
    get authority() {
      return { path: files.authority, fingerprint: standing.authority.certificate.fingerprint256 };
    },
    async look() {
      if (node.sealed || !isDue(standing.pair, clock.now()) || performance.now() < retryAt) return null;
      try {
        standing = await issue(node, standing.authority);
      } catch (error) {
        retryAt = performance.now() + retryMs;
        const until = new Date(standing.pair.until).toISOString();
        const errorName = error instanceof Error ? error.name : "unknown";
        parts.log.error({ errorName, until }, "the TLS certificate was not renewed: tried again in a minute");
        return null;
      }
      return standing.pair;
    },
  };
}

type Found = { readonly authority: Authority | null; readonly pair: Pair | null };

function isThere(found: Found): found is Issued {
  return found.authority !== null && found.pair !== null;
}

function isUsable(
  found: Found,
  wanted: { readonly names: readonly HostName[]; readonly publicKey: string | null; readonly at: number },
): found is Issued {
  if (!isThere(found)) return false;
  const { authority, pair } = found;
  const { certificate } = authority;
  return (
    publicKeyText(certificate.publicKey) === wanted.publicKey &&
    lasts(authority, wanted.at) &&
    pair.leaf.checkIssued(certificate) &&
    pair.leaf.verify(certificate.publicKey) &&
    wanted.names.every((name) => covers(pair, name)) &&
    !isDue(pair, wanted.at)
  );
}

/** A clock that was set back makes a certificate one of the future. */
function isDue({ from, until }: Pair, at: number): boolean {
  return at < from || at >= until - serverRenewedMs;
}

function lasts({ certificate }: Authority, at: number): boolean {
  const { validFromDate, validToDate } = certificate;
  return at >= validFromDate.getTime() && at < validToDate.getTime() - authorityRenewedMs;
}

function covers({ leaf }: Pair, { kind, text }: HostName): boolean {
  return (kind === "ip" ? leaf.checkIP(text) : leaf.checkHost(text, { wildcards: false })) !== undefined;
}

interface AuthorityParts extends CertificateParts {
  readonly key: Parameters<typeof publicKeyText>[0];
  readonly names: readonly HostName[];
  readonly files: { readonly authority: string };
  readonly open: OpenNode;
}

/** The one that is there, if it is this installation's, lasts, and allows all names; else a new one by the same key. */
async function standingAuthority(before: Authority | null, parts: AuthorityParts): Promise<Authority> {
  const { key, names, files, open, config, clock, log } = parts;
  const { issueAuthority, permittedNames } = await import("./authority.ts");
  const at = clock.now();
  if (before !== null && lasts(before, at)) {
    const ours = publicKeyText(before.certificate.publicKey) === publicKeyText(key);
    const allowed = new Set(ours ? permittedNames(before.pem).map(({ text }) => text) : []);
    if (ours && names.every(({ text }) => allowed.has(text))) return before;
  }
  const vouched = unique([...names, ...guessedNames(config.listen.host)]);
  const { installationId } = open.context.keyring;
  const pem = await issueAuthority({ installationId, key, names: vouched, at });
  await replaceFile(files.authority, pem, 0o644);
  const told = { path: files.authority, names: vouched.map(({ text }) => text) };
  if (before === null) log.info(told, "a certificate authority was made");
  else log.warn(told, "the certificate authority's file was made anew: give it to the clients again");
  return parsedAuthority(pem);
}

function parsedAuthority(pem: string): Authority {
  const certificate = parseCertificate(pem);
  if (certificate === null) throw new BadPair("the authority's certificate cannot be read");
  return { pem, certificate };
}

/** Null for whatever cannot be used: it is made anew. */
async function readAuthority(path: string): Promise<Authority | null> {
  const pem = await readIfThere(path);
  const certificate = pem === null ? null : parseCertificate(pem);
  return pem === null || certificate === null ? null : { pem, certificate };
}

/** A key that others could read is not used again. */
async function readPair(path: string): Promise<Pair | null> {
  const text = await readIfThere(path);
  if (text === null || ((await stat(path)).mode & 0o077) !== 0) return null;
  const certificate = text.indexOf("-----BEGIN CERTIFICATE-----");
  try {
    return certificate < 0 ? null : parsePair(text.slice(certificate), text.slice(0, certificate));
  } catch (error) {
    if (error instanceof BadPair) return null;
    throw error;
  }
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
}
