// A certificate of the operator's own: two files, looked at every second, taken when they have changed
// and are of use. Keeps: a broken pair ends a start, and changes nothing on a server that runs.
import { open, stat } from "node:fs/promises";
import { ConfigError } from "../config-layers.ts";
import { type CertificateParts, type Certificates, dayMs } from "./certificates.ts";
import { ownWarnedMs } from "./lives.ts";
import { parseHostName } from "./names.ts";
import { BadPair, type Pair, parsePair } from "./pair.ts";

/** A chain of ten certificates is some 20 KiB. */
const fileBytesMax = 256 * 1024;

interface Files {
  readonly cert: string;
  readonly key: string;
}

export async function ownCertificates(files: Files, parts: CertificateParts): Promise<Certificates> {
  const { clock, log } = parts;
  let served = await stateOf(files);
  let seen = served;
  let refused: string | null = null;
  /** A pair that clients would refuse now, while they take the one that is served. */
  let early: { readonly state: string; readonly pair: Pair } | null = null;
  let warnedAt = Number.NEGATIVE_INFINITY;
  let pair = await load(files).catch((cause: unknown) => {
    if (!(cause instanceof BadPair)) throw cause;
    throw new ConfigError(`${files.cert} and ${files.key} cannot be served: ${cause.message}.`, { cause });
  });
  warnOfNames(pair, files, parts);
  await warnOfReaders(files, parts);
  warnOfEnd();

  /** A clock that is wrong until it has asked others must not keep a server from starting. */
  function warnOfEnd(): void {
    const now = clock.now();
    const [from, until] = [new Date(pair.from).toISOString(), new Date(pair.until).toISOString()];
    if (now < warnedAt + dayMs || (isInTime(pair, now) && now < pair.until - ownWarnedMs)) return;
    warnedAt = now;
    if (now < pair.from) log.error({ from }, "the TLS certificate is not valid yet: clients refuse it");
    else if (now >= pair.until) log.error({ until }, "the TLS certificate has expired: clients refuse it");
    else log.warn({ until }, "the TLS certificate expires soon");
  }

  return {
    get pair() {
      return pair;
    },
    authority: null,
    async look() {
      warnOfEnd();
      const state = await stateOf(files);
      const settled = state === seen;
      seen = state;
      // Two files are never replaced at once: what is still changing is waited for.
      if (!settled || state === served || state === refused) return null;
      let next: Pair;
      try {
        next = early?.state === state ? early.pair : await load(files);
      } catch (error) {
        if (!(error instanceof BadPair)) throw error;
        refused = state;
        log.error({ because: error.message }, "the new TLS certificate is of no use: the old one stays");
        return null;
      }
      const now = clock.now();
      if (isInTime(pair, now) && !isInTime(next, now)) {
        const [from, until] = [new Date(next.from).toISOString(), new Date(next.until).toISOString()];
        if (early?.state !== state)
          log.error(
            { from, until },
            "the new TLS certificate is not valid now: the old one stays while it is",
          );
        // Looked at again each time: it may begin, or the old one end.
        early = { state, pair: next };
        return null;
      }
      pair = next;
      served = state;
      early = null;
      warnedAt = Number.NEGATIVE_INFINITY;
      log.info({ until: new Date(pair.until).toISOString() }, "a new TLS certificate is served");
      warnOfNames(pair, files, parts);
      await warnOfReaders(files, parts);
      return pair;
    },
  };
}

function isInTime({ from, until }: Pair, now: number): boolean {
  return now >= from && now < until;
}

/** Changes whenever one of the files does, also behind a symbolic link. */
async function stateOf({ cert, key }: Files): Promise<string> {
  const states = [cert, key].map(async (path) => {
    try {
      const { dev, ino, size, mtimeNs } = await stat(path, { bigint: true });
      return [dev, ino, size, mtimeNs].join(":");
    } catch {
      return "none";
    }
  });
  return (await Promise.all(states)).join(" ");
}

async function load({ cert, key }: Files): Promise<Pair> {
  return parsePair(await read(cert), await read(key));
}

async function read(path: string): Promise<string> {
  try {
    const file = await open(path, "r");
    try {
      const { size } = await file.stat();
      if (size > fileBytesMax) throw new BadPair(`${path} is too long to be such a file`);
      return await file.readFile("utf8");
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (cause instanceof BadPair) throw cause;
    const code = cause instanceof Error && "code" in cause ? ` (${String(cause.code)})` : "";
    throw new BadPair(`${path} cannot be read${code}`, { cause });
  }
}

function warnOfNames({ leaf }: Pair, { cert }: Files, { url, log }: CertificateParts): void {
  const host = parseHostName(new URL(url).hostname);
  if (host === null) return;
  const matched = host.kind === "ip" ? leaf.checkIP(host.text) : leaf.checkHost(host.text);
  if (matched === undefined) log.warn({ cert, host: host.text }, "the TLS certificate is not for this host");
}

async function warnOfReaders({ key }: Files, { log }: CertificateParts): Promise<void> {
  // Gone again since it was read: the next look tells of it.
  const found = await stat(key).catch(() => null);
  if (found !== null && (found.mode & 0o007) !== 0)
    log.warn({ key }, "every user of this machine may read the TLS key: chmod 600 it");
}
