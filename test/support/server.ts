// A whole Coffer on a port of its own, as a user would run it: real files, real sockets. Only the
// clock may be held.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Backend } from "../../src/core/backends/port.ts";
import type { Caller } from "../../src/core/caller.ts";
import type { Clock } from "../../src/core/clock.ts";
import type { Bootstrap } from "../../src/server/bootstrap.ts";
import type { OpenNode } from "../../src/server/compose.ts";
import { loadConfig, type ServeFlags } from "../../src/server/config.ts";
import { serverLog } from "../../src/server/log.ts";
import { start } from "../../src/server/serve.ts";

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON; undefined where there is none. */
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever the wire carried
  readonly body: any;
}

export interface Client {
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  put(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  patch(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  delete(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
}

export interface TestCoffer {
  readonly url: string;
  readonly metricsUrl: string | null;
  /** Null: the embedded database. */
  readonly databaseUrl: string | null;
  readonly data: string;
  readonly bootstrapFile: string;
  readonly bootstrap: Bootstrap;
  /** The first owner's token. */
  readonly token: string;
  readonly node: OpenNode;
  /** The first owner as the core sees him, for calling operations directly. */
  readonly owner: Caller;
  /** Speaks with that token, or as nobody. */
  call(token: string | null): Client;
  stop(): Promise<void>;
  /** Stops and starts again on the same data. */
  restart(): Promise<TestCoffer>;
}

export interface TestOptions {
  readonly clock?: Clock;
  readonly data?: string;
  /** PostgreSQL instead of the embedded database. */
  readonly database?: string;
  readonly flags?: ServeFlags;
  /** COFFER_* variables; nothing is taken from the environment of the tests. */
  readonly env?: Readonly<Record<string, string>>;
  readonly pagesMax?: number;
  /** Backends of values beside those that the configuration names. */
  readonly backends?: readonly Backend[];
  /** Named points at which the process may be stopped. */
  readonly faults?: URL;
}

export async function startCoffer(options: TestOptions = {}): Promise<TestCoffer> {
  const data = options.data ?? (await mkdtemp(join(tmpdir(), "coffer-test-")));
  const flags = {
    data,
    listen: "127.0.0.1:0",
    logLevel: "silent",
    ...(options.database === undefined ? {} : { database: options.database }),
    ...options.flags,
  };
  const { config } = loadConfig(flags, options.env ?? {});
  const running = await start(config, serverLog(config.logLevel), {
    announce: () => {},
    ...(options.clock === undefined ? {} : { clock: options.clock }),
    ...(options.pagesMax === undefined ? {} : { pagesMax: options.pagesMax }),
    ...(options.backends === undefined ? {} : { givenBackends: options.backends }),
    ...(options.faults === undefined ? {} : { faults: options.faults }),
  });
  if (running.node === null) throw new Error("the server under test is sealed");
  const bootstrapFile = join(data, "bootstrap.json");
  const bootstrap = JSON.parse(await readFile(bootstrapFile, "utf8")) as Bootstrap;
  const whoami = await clientOf(running.url, bootstrap.token).get("/v1/whoami");
  let stopped: Promise<void> | null = null;
  const stop = () => {
    stopped ??= running.stop();
    return stopped;
  };
  return {
    url: running.url,
    metricsUrl: running.metricsUrl,
    databaseUrl: options.database ?? null,
    data,
    bootstrapFile,
    bootstrap,
    token: bootstrap.token,
    node: running.node,
    owner: {
      kind: "person",
      id: bootstrap.person.id,
      name: whoami.body?.principal?.name ?? "Owner",
      tokenId: tokenIdOf(bootstrap.token),
      dialect: "test",
      address: null,
      requestId: null,
    },
    call: (token) => clientOf(running.url, token),
    async stop() {
      await stop();
      if (options.data === undefined) await rm(data, { recursive: true, force: true });
    },
    async restart() {
      await stop();
      return startCoffer({ ...options, data });
    },
  };
}

/** `coffer_<kind>_<id>_<secret>`: the id as it stands in the tables. */
export function tokenIdOf(token: string): string {
  const hex = token.split("_")[2] ?? "";
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/** Its secret part, which may hold `_` itself. */
export function tokenSecretOf(token: string): string {
  return token.split("_").slice(3).join("_");
}

export function clientOf(url: string, token: string | null): Client {
  const send = async (method: string, path: string, body: unknown, headers: Record<string, string> = {}) => {
    const raw = typeof body === "string" || body instanceof Uint8Array;
    const response = await fetch(url + path, {
      method,
      headers: {
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: raw ? (body as string) : JSON.stringify(body) }),
      redirect: "manual",
    });
    const text = await response.text();
    const json = response.headers.get("content-type")?.includes("json") === true && text !== "";
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: json ? JSON.parse(text) : undefined,
    };
  };
  return {
    get: (path, headers) => send("GET", path, undefined, headers),
    post: (path, body, headers) => send("POST", path, body, headers),
    put: (path, body, headers) => send("PUT", path, body, headers),
    patch: (path, body, headers) => send("PATCH", path, body, headers),
    delete: (path, body, headers) => send("DELETE", path, body, headers),
  };
}
