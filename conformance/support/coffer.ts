// The server that the clients speak with: `bin/coffer serve` on a folder of its own and a free port, as an
// operator starts it. Its first token sets up what the clients find.
import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Bootstrap } from "../../src/server/bootstrap.ts";
import { cleanEnvironment, start, stop, temporaryFolder } from "./processes.ts";

const launcher = join(import.meta.dirname, "..", "..", "bin", "coffer");
const announcedMsMax = 60_000;

export interface Coffer {
  readonly url: string;
  readonly data: string;
  readonly bootstrap: Bootstrap;
  /** A request of the first owner, natively or in any dialect, that must succeed. */
  ask(method: string, path: string, body?: object): Promise<Answer["body"]>;
  stop(): Promise<void>;
  /** On the same data, at another port. A server without its root key is sealed, and starts all the same. */
  start(): Promise<void>;
}

export interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: a suite looks into whatever the wire carried
  readonly body: any;
}

export interface CofferOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Further flags of `coffer serve`. */
  readonly flags?: readonly string[];
}

export async function startCoffer(options: CofferOptions = {}): Promise<Coffer> {
  const data = join(temporaryFolder(), "data");
  let running = await serve(data, options);
  const bootstrap: Bootstrap = JSON.parse(readFileSync(join(data, "bootstrap.json"), "utf8"));
  return {
    get url() {
      return running.url;
    },
    data,
    bootstrap,
    async ask(method, path, body) {
      const { status, body: answer } = await request(running.url, {
        method,
        path,
        token: bootstrap.token,
        body,
      });
      if (status >= 300)
        throw new Error(`${method} ${path} was answered ${status}: ${JSON.stringify(answer)}`);
      return answer;
    },
    stop: () => stop(running.child),
    async start() {
      running = await serve(data, options);
    },
  };
}

interface Question {
  readonly method: string;
  readonly path: string;
  readonly token: string | null;
  readonly body?: object | undefined;
}

/** One request of no client, as any program would send it. */
export async function request(url: string, { method, path, token, body }: Question): Promise<Answer> {
  const answer = await fetch(url + path, {
    method,
    headers: {
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, body: text === "" ? undefined : JSON.parse(text) };
}

interface Server {
  readonly child: ChildProcess;
  readonly url: string;
}

async function serve(data: string, { env = {}, flags = [] }: CofferOptions): Promise<Server> {
  const place = ["--data", data, "--listen", "127.0.0.1:0", "--log-level", "silent"];
  const child = start(process.execPath, [launcher, "serve", ...place, ...flags], {
    env: cleanEnvironment(env),
    stdio: ["ignore", "pipe", "inherit"],
  });
  return { child, url: await announced(child) };
}

/** The server's own line with its address, which it prints once it listens. */
function announced(child: ChildProcess): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const late = setTimeout(() => reject(new Error("the server did not start")), announcedMsMax);
  let text = "";
  child.stdout?.setEncoding("utf8").on("data", (more: string) => {
    text += more;
    const url = /^Coffer is (?:ready|SEALED) at (\S+?):? /m.exec(text)?.[1];
    if (url !== undefined) resolve(url);
  });
  child.once("exit", (code) => reject(new Error(`the server ended (${code}) before it listened`)));
  return promise.finally(() => clearTimeout(late));
}
