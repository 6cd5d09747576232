// `coffer serve`: from flags to a server that listens, and from a signal to one that has ended.
import { appendFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { resolve } from "node:path";
import type { Logger } from "pino";
import type { SignedHead } from "../core/audit/entry.ts";
import { systemClock } from "../core/clock.ts";
import { rootKeyVariable } from "../crypto/roots/env.ts";
import { createApp } from "./app.ts";
import { bootstrapPath } from "./bootstrap.ts";
import { type NodeParts, type OpenNode, openNode } from "./compose.ts";
import { type Config, ConfigError, loadConfig, type ServeFlags, serverUrl } from "./config.ts";
import { every, type Job } from "./jobs.ts";
import { passphraseRecordPath, rootKeyPath } from "./keys.ts";
import { serverLog } from "./log.ts";
import { openTls, type Tls } from "./tls/open.ts";
import { upkeep } from "./upkeep.ts";

/** How often it is looked whether heads are to be signed; see limits.headEveryMs. */
const headLookMs = 100;
/** How soon after a minute the refusals that were counted in it are written down. */
const refusalsLookMs = 1_000;
/** How soon a certificate that was put in place is served. */
const certificateLookMs = 1_000;
/** How exactly the last use of a token is told. */
const usesEveryMs = 60_000;

/** Runs until a signal ends it; answers the exit code. */
export async function serve(flags: ServeFlags, parts: NodeParts = {}): Promise<number> {
  const { config, warnings } = loadConfig(flags);
  const log = serverLog(config.logLevel);
  for (const warning of warnings) log.warn(warning);
  // Before anything is announced: a signal right after the first line must drain too.
  const ended = new Promise<string>((received) => {
    for (const name of ["SIGTERM", "SIGINT"] as const) process.once(name, received);
  });
  const running = await start(config, log, parts);
  const signal = await ended;
  log.info({ signal }, "draining");
  await running.stop();
  log.info("ended");
  return 0;
}

export interface Running {
  readonly url: string;
  readonly node: OpenNode | null;
  stop(): Promise<void>;
}

export async function start(config: Config, log: Logger, parts: NodeParts = {}): Promise<Running> {
  const listen = {
    ...config.listen,
    port: config.listen.port === 0 ? await freePort(config) : config.listen.port,
  };
  const url = serverUrl(config, listen.port);
  const emit = (head: SignedHead) => {
    log.info({ auditHead: head }, "audit head");
    if (config.auditHeadFile !== null) {
      appendFileSync(config.auditHeadFile, `${JSON.stringify({ auditHead: head })}\n`, { mode: 0o600 });
    }
  };
  const node = await openNode(config, { ...parts, log, url, emit });
  const clock = parts.clock ?? systemClock;
  const tls = await openTls(node, { config, url, clock, log }).catch(async (error: unknown) => {
    await node.close();
    throw error;
  });
  const { trustedProxies, rateLimit, serviceNames, namespaces, valueKilobytes } = config;
  const parting = { serviceNames, namespaces, valueKilobytes, trustedProxies, rateLimit, tls };
  const app = createApp(node, { log, publicUrl: url, ...parting });
  try {
    await app.listen({ ...listen, listenTextResolver: () => `listening on ${listen.host}:${listen.port}` });
  } catch (error) {
    await node.close();
    throw listenError(error, listen);
  }
  const jobs: Job[] = node.sealed
    ? []
    : [
        every(headLookMs, () => node.signHeads(), log),
        every(refusalsLookMs, () => node.writeRefusals(), log),
        every(usesEveryMs, () => node.writeUses(), log),
        ...(await upkeep(node, config, log, parts)),
      ];
  if (tls !== null) jobs.push(every(certificateLookMs, () => tls.look(), log));
  const announce = parts.announce ?? ((text: string) => void process.stdout.write(text));
  log.info({ url, pid: process.pid, sealed: node.sealed }, "listening");
  if (node.sealed) {
    log.error({ expects: node.expects }, node.because);
    announce(sealedText(url, node.because, config));
  } else {
    announce(readyText(url, config, node.bootstrap !== null) + trustText(tls?.authority ?? null));
  }
  return {
    url,
    node: node.sealed ? null : node,
    async stop() {
      // Waiters on the feed would hold the drain; they are let go first.
      if (!node.sealed) node.operations.feed.release();
      await app.close();
      for (const job of jobs) await job.stop();
      await node.close();
    },
  };
}

/** A free port, asked of the system, so that the URL is known before anything is written down. */
async function freePort(config: Config): Promise<number> {
  const probe = createServer();
  await new Promise<void>((ready, failed) => {
    probe.once("error", failed);
    probe.listen(0, config.listen.host, ready);
  });
  const { port } = probe.address() as AddressInfo; // a TCP server that listens has one
  await new Promise((closed) => probe.close(closed));
  return port;
}

function listenError(error: unknown, listen: Config["listen"]): Error {
  const code = error instanceof Error && "code" in error ? error.code : "";
  if (code !== "EADDRINUSE" && code !== "EACCES")
    return error instanceof Error ? error : new Error("cannot listen");
  const reason = code === "EACCES" ? "this user may not use that port" : "another program uses that port";
  return new ConfigError(`Cannot listen on ${listen.host}:${listen.port}: ${reason}.`, { cause: error });
}

function readyText(url: string, config: Config, first: boolean): string {
  const data = resolve(config.data);
  const lines = [`Coffer is ready at ${url} (data in ${data})`];
  if (first) {
    const file = bootstrapPath(config);
    lines.push(
      "",
      `Your token is in ${file}. In another terminal:`,
      "",
      `  bin/coffer login --bootstrap ${file}`,
      "  printf 'correct horse' | bin/coffer secret set DATABASE_PASSWORD",
      "  bin/coffer secret get DATABASE_PASSWORD",
      "  bin/coffer run -- printenv DATABASE_PASSWORD",
      "",
      "The same with curl (login wrote the token into a file for it):",
      "",
      `  curl -sS -K ~/.config/coffer/curl.conf ${url}/v1/organizations/default/stores/default/secrets/DATABASE_PASSWORD/value`,
      "",
      `Check the audit trail:  bin/coffer audit verify --data ${config.data}`,
      `Keep a copy of ${rootPlace(config)} elsewhere: without it no value can be read again.`,
      `Then move ${file} away: it holds a token.`,
    );
  }
  return `${lines.join("\n")}\n`;
}

/** One line for a shell; the CLI and `coffer kubeconfig` need none. */
function trustText(authority: Tls["authority"]): string {
  if (authority === null) return "";
  const { path, fingerprint } = authority;
  const file = /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
  return [
    "",
    `Clients have to trust the certificate authority in ${path}`,
    `(SHA-256 ${fingerprint}).`,
    "For curl, Node, Python, kubectl and bws, in the shell that starts them:",
    "",
    `  export SSL_CERT_FILE=${file} NODE_EXTRA_CA_CERTS=${file}`,
    "",
  ].join("\n");
}

function rootPlace(config: Config): string {
  if (config.rootPassphrase !== null) return `${passphraseRecordPath(config)} and the passphrase`;
  return config.rootKeyText === null ? rootKeyPath(config) : rootKeyVariable;
}

function sealedText(url: string, because: string, config: Config): string {
  return (
    `Coffer is SEALED at ${url}: it answers 503 and writes nothing.\n${because}\n` +
    `Put the root key file at ${rootKeyPath(config)}, or give --root-key FILE or the passphrase, ` +
    "and start again.\n"
  );
}
