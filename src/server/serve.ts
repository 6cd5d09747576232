// `coffer serve`: from flags to a server that listens, and from a signal to one that has ended.
import cluster from "node:cluster";
import { appendFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { constants } from "node:os";
import { resolve } from "node:path";
import type { Logger } from "pino";
import type { SignedHead } from "../core/audit/entry.ts";
import { systemClock } from "../core/clock.ts";
import { rootKeyVariable } from "../crypto/roots/env.ts";
import { traceOf } from "../storage/engine.ts";
import { createApp } from "./app.ts";
import { bootstrapPath } from "./bootstrap.ts";
import { type NodeParts, type OpenNode, openNode, type SealedNode } from "./compose.ts";
import { type Config, ConfigError, loadConfig, type ServeFlags, serverUrl } from "./config.ts";
import { draining } from "./drain.ts";
import { every, type Job } from "./jobs.ts";
import { passphraseRecordPath, rootKeyPath } from "./keys.ts";
import { serverLog } from "./log.ts";
import { listenForMetrics } from "./metrics/listener.ts";
import { metricsOf } from "./metrics/metrics.ts";
import { packageVersion } from "./package.ts";
import { rootRecordPath } from "./provider-keys.ts";
import { healthOf } from "./ready.ts";
import { openTls, type Tls } from "./tls/open.ts";
import { openTracing } from "./tracing.ts";
import { untilOpen } from "./until-open.ts";
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
  const { isWorker } = cluster;
  if (!isWorker) for (const warning of warnings) log.warn(warning);
  if (config.workers === 1) return serveAlone(config, log, parts);
  const { serveByWorkers, tellPrimary } = await import("./workers.ts");
  if (!isWorker) {
    const listen = await placeOf(config);
    return serveByWorkers({ config, listen, log, announce: parts.announce ?? announceHere });
  }
  const { announce, leave } = tellPrimary();
  return serveAlone(config, log, { ...parts, announce }).finally(leave);
}

async function serveAlone(config: Config, log: Logger, parts: NodeParts): Promise<number> {
  // Before anything is announced: a signal right after the first line must drain too.
  const ended = new Promise<string>((received) => {
    for (const name of endings()) process.once(name, received);
  });
  const running = await untilOpen(config, log, (again) => start(again, log, parts));
  const signal = await Promise.race([ended, running.broken]);
  log.info({ signal }, "draining");
  endAtOnce(log);
  await running.stop();
  log.info("ended");
  return 0;
}

/** A terminal interrupts workers too; of their end the primary decides. */
function endings(): readonly ("SIGTERM" | "SIGINT")[] {
  return cluster.isWorker ? ["SIGTERM"] : ["SIGTERM", "SIGINT"];
}

/** Whoever asks a second time does not want to wait. What was answered is on disk all the same. */
function endAtOnce(log: Logger): void {
  for (const name of endings()) {
    process.once(name, () => {
      log.warn({ signal: name }, "ended at once by a second signal");
      process.exit(128 + constants.signals[name]);
    });
  }
}

export interface Running {
  readonly url: string;
  readonly metricsUrl: string | null;
  readonly node: OpenNode | null;
  readonly port: number;
  /** The root key whose provider did not answer: the same start may end well in a moment. */
  readonly waitsFor: string | null;
  /** Resolves when the database holds less than was committed: nothing is served until the next start. */
  readonly behind: Promise<void>;
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
  const clock = parts.clock ?? systemClock;
  const engine = config.database === null ? "sqlite" : "postgresql";
  const metrics = metricsOf({ version: packageVersion(), engine }, () => clock.now());
  const { promise: behind, resolve: onBehind } = Promise.withResolvers<void>();
  const node = await openNode(config, { ...parts, log, url, emit, metrics, onBehind });
  /** What a start that fails lets go of, the last first: left open it would keep a process that serves nobody. */
  const opened: (() => Promise<unknown>)[] = [node.close];
  try {
    const tls = await openTls(node, { config, url, clock, log });
    const { trustedProxies, rateLimit, serviceNames, namespaces, valueKilobytes } = config;
    const parting = { serviceNames, namespaces, valueKilobytes, trustedProxies, rateLimit, tls };
    const health = healthOf(node);
    const ending = draining();
    const observing = { metrics, health, tracing: await openTracing() };
    const app = createApp(node, { log, publicUrl: url, ...parting, ...observing, draining: ending });
    const drain = () => ending.drain(app.server, () => app.close(), config.drainMs);
    opened.push(drain);
    const listenTextResolver = () => `listening on ${listen.host}:${listen.port}`;
    await app.listen({ ...listen, listenTextResolver }).catch(cannotListen(listen));
    const watched = { health, scrape: () => metrics.scrape(node) };
    const at = config.metricsListen;
    const watching = at && (await listenForMetrics(at, watched).catch(cannotListen(at)));
    if (watching !== null) opened.push(watching.close);
    const { meter } = metrics.jobs;
    const jobs: Job[] = node.sealed
      ? []
      : [
          await upkeep(node, config, log, parts, meter),
          every(headLookMs, () => node.signHeads(), log, meter("heads")),
          every(refusalsLookMs, () => node.writeRefusals(), log, meter("refusals")),
          every(usesEveryMs, () => node.writeUses(), log, meter("uses")),
        ];
    if (tls !== null) jobs.push(every(certificateLookMs, () => tls.look(), log, meter("certificate")));
    opened.push(...jobs.map((job) => job.stop));
    const announce = parts.announce ?? announceHere;
    log.info({ url, pid: process.pid, sealed: node.sealed }, "listening");
    if (watching !== null) log.info({ url: watching.url }, "listening for metrics");
    if (node.sealed) {
      log.error({ expects: node.expects }, node.because);
      announce(sealedText(url, node, config));
    } else {
      announce(readyText(url, config, node.bootstrap !== null) + trustText(tls?.authority ?? null));
    }
    return {
      url,
      metricsUrl: watching?.url ?? null,
      node: node.sealed ? null : node,
      port: listen.port,
      waitsFor: node.sealed && node.waits ? node.expects : null,
      behind,
      async stop() {
        health.drain();
        // Waiters on the feed would hold the drain; they are let go first.
        if (!node.sealed) node.operations.feed.release();
        const cut = await drain();
        if (cut > 0) log.warn({ connections: cut }, "not done in time, so they were cut off");
        for (const job of jobs) await job.stop();
        await watching?.close();
        await node.close();
      },
    };
  } catch (error) {
    for (const close of opened.reverse()) {
      await close().catch((failed: unknown) => log.warn(traceOf(failed), "the end was not orderly"));
    }
    throw error;
  }
}

function announceHere(text: string): void {
  process.stdout.write(text);
}

async function placeOf(config: Config): Promise<Config["listen"]> {
  const { listen } = config;
  return { ...listen, port: listen.port === 0 ? await freePort(config) : listen.port };
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

function cannotListen(listen: Config["listen"]): (error: unknown) => never {
  return (error) => {
    const code = error instanceof Error && "code" in error ? error.code : "";
    if (code !== "EADDRINUSE" && code !== "EACCES") throw error;
    const reason = code === "EACCES" ? "this user may not use that port" : "another program uses that port";
    throw new ConfigError(`Cannot listen on ${listen.host}:${listen.port}: ${reason}.`, { cause: error });
  };
}

/** In a checkout it is not in the path. */
const program = import.meta.filename.endsWith(".ts") ? "bin/coffer" : "coffer";

function readyText(url: string, config: Config, first: boolean): string {
  const data = resolve(config.data);
  const lines = [`Coffer is ready at ${url} (data in ${data})`];
  if (first) {
    const file = bootstrapPath(config);
    lines.push(
      "",
      `Your token is in ${file}. In another terminal:`,
      "",
      `  ${program} login --bootstrap ${file}`,
      `  printf 'correct horse' | ${program} secret set DATABASE_PASSWORD`,
      `  ${program} secret get DATABASE_PASSWORD`,
      `  ${program} run -- printenv DATABASE_PASSWORD`,
      "",
      "The same with curl (login wrote the token into a file for it):",
      "",
      `  curl -sS -K ~/.config/coffer/curl.conf ${url}/v1/organizations/default/stores/default/secrets/DATABASE_PASSWORD/value`,
      "",
      `Check the audit trail:  ${program} audit verify --data ${config.data}`,
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
  if (config.rootProvider !== null) return `${rootRecordPath(config)}, and the key at its provider,`;
  if (config.rootPassphrase !== null) return `${passphraseRecordPath(config)} and the passphrase`;
  return config.rootKeyText === null ? rootKeyPath(config) : rootKeyVariable;
}

function sealedText(url: string, { because, waits }: SealedNode, config: Config): string {
  const file = config.rootProvider === null ? rootKeyPath(config) : rootRecordPath(config);
  const what =
    config.rootProvider === null
      ? `Put the root key file at ${file}, or give --root-key FILE or the passphrase, and start again.`
      : `Put right what is said of the provider, or the record at ${file}, and start again.`;
  return (
    `Coffer is SEALED at ${url}: it answers 503 and writes nothing.\n${because}\n` +
    `${waits ? "It asks again by itself every few seconds, and opens when there is an answer." : what}\n`
  );
}
