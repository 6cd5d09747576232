// A Coffer that does TLS, on a port of its own, and what a client sees of its certificate. What the
// server logs is kept, because it is where an operator learns what went wrong.
import type { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import pino from "pino";
import { onTestFinished } from "vitest";
import type { Clock } from "../../../src/core/clock.ts";
import type { OpenNode } from "../../../src/server/compose.ts";
import { loadConfig, type ServeFlags } from "../../../src/server/config.ts";
import { start } from "../../../src/server/serve.ts";

export interface TlsCoffer {
  readonly url: string;
  readonly port: number;
  readonly data: string;
  /** The authority's file; there with `--tls auto` alone. */
  readonly authority: string;
  readonly node: OpenNode | null;
  /** What a person was told. */
  readonly announced: string;
  readonly log: readonly Logged[];
  stop(): Promise<void>;
}

export interface Logged {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

export async function startTls(
  options: {
    readonly data?: string;
    readonly flags?: ServeFlags;
    /** PostgreSQL instead of the embedded database. */
    readonly database?: string;
    readonly clock?: Clock;
  } = {},
): Promise<TlsCoffer> {
  const data = options.data ?? (await folder());
  const { flags = { tls: "auto" }, database } = options;
  const stored = database === undefined ? {} : { database };
  const { config } = loadConfig({ data, listen: "127.0.0.1:0", ...stored, ...flags }, {});
  const log: Logged[] = [];
  const announced: string[] = [];
  const logger = pino(
    { formatters: { level: (level) => ({ level }) } },
    { write: (line: string) => void log.push(JSON.parse(line)) },
  );
  const running = await start(config, logger, {
    announce: (text) => void announced.push(text),
    ...(options.clock === undefined ? {} : { clock: options.clock }),
  });
  let stopped: Promise<void> | null = null;
  const stop = () => {
    stopped ??= running.stop();
    return stopped;
  };
  onTestFinished(stop);
  return {
    url: running.url,
    port: Number(new URL(running.url).port),
    data,
    authority: join(data, "tls", "ca.pem"),
    node: running.node,
    get announced() {
      return announced.join("");
    },
    log,
    stop,
  };
}

export async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "coffer-tls-"));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** A handshake; rejects with whatever ended it. */
export async function handshake(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({ host: "127.0.0.1", port, ...options });
  onTestFinished(() => void socket.destroy());
  await once(socket, "secureConnect");
  return socket;
}

/** What is served, whoever vouches for it. */
export async function served(port: number): Promise<X509Certificate> {
  const socket = await handshake(port, { rejectUnauthorized: false });
  const certificate = socket.getPeerX509Certificate();
  socket.destroy();
  if (certificate === undefined) throw new Error("no certificate was served");
  return certificate;
}

/** Asks until what is served is another certificate than this one. */
export async function servedAfter(port: number, before: X509Certificate): Promise<X509Certificate> {
  for (;;) {
    const now = await served(port);
    if (now.fingerprint256 !== before.fingerprint256) return now;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Waits for a line of the log, or for the last of so many. */
export async function logged(coffer: TlsCoffer, text: string, times = 1): Promise<Logged> {
  for (;;) {
    const line = coffer.log.filter(({ msg }) => msg.includes(text))[times - 1];
    if (line !== undefined) return line;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

interface Asked {
  readonly path?: string;
  readonly method?: string;
  readonly token?: string;
}

/** One request that trusts this authority alone: status and body. */
export async function ask(url: string, authority: string, asked: Asked = {}): Promise<string> {
  const { path = "/healthz", method = "GET", token } = asked;
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const sent = request(url + path, { method, headers, ca: await readFile(authority), agent: false });
  sent.end();
  const [response] = await once(sent, "response");
  let body = "";
  for await (const chunk of response) body += chunk;
  return `${response.statusCode} ${body}`;
}
