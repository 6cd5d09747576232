// The server that is measured: a child process from `bin/coffer`, as an operator starts it. It can be
// stopped, killed and started again on the same data; its address changes with every start.
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Bootstrap } from "../src/server/bootstrap.ts";
import { end, start } from "./children.ts";
import { type Answer, ask as askHttp } from "./http/answer.ts";

const launcher = join(import.meta.dirname, "..", "bin", "coffer");
const readyMsMax = 60_000;

export interface Coffer {
  readonly url: string;
  readonly pid: number;
  readonly token: string;
  /** Milliseconds from the start of the process to its first answer that it is ready. */
  start(): Promise<number>;
  /** Ends it with a signal that it may answer by draining. */
  stop(): Promise<void>;
  /** SIGKILL: nothing is drained, nothing is closed. */
  kill(): Promise<void>;
  request(method: "GET" | "POST", path: string, body?: object): Promise<Answer>;
  /** Milliseconds that a command takes on its data, to its end. */
  command(...args: readonly string[]): Promise<number>;
}

export interface Place {
  readonly data: string;
  /** Null: the embedded database. */
  readonly database: string | null;
  readonly profile: string | null;
}

export async function openCoffer(place: Place): Promise<Coffer> {
  mkdirSync(place.data, { recursive: true, mode: 0o700 });
  let running = await startServer(place);
  const bootstrap = JSON.parse(readFileSync(join(place.data, "bootstrap.json"), "utf8")) as Bootstrap;
  return {
    get url() {
      return running.url;
    },
    get pid() {
      return running.child.pid ?? 0;
    },
    token: bootstrap.token,
    async start() {
      running = await startServer(place);
      return running.readyMs;
    },
    stop: () => end(running.child, "SIGTERM"),
    kill: () => end(running.child, "SIGKILL"),
    async request(method, path, body) {
      const answer = await askHttp(running.url, { method, path, token: bootstrap.token, body });
      if (answer.status >= 300) throw new Error(`${method} ${path} was answered ${answer.status}`);
      return answer;
    },
    command: (...args) => runCommand(place, args),
  };
}

async function runCommand({ data, database }: Place, args: readonly string[]): Promise<number> {
  const startedMs = performance.now();
  const child = start(process.execPath, [launcher, ...args], {
    env: { ...environment(database), COFFER_DATA: data },
    stdio: ["ignore", "ignore", "inherit"],
  });
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error(`coffer ${args[0]} ended with ${code}`);
  return performance.now() - startedMs;
}

interface Server {
  readonly child: ChildProcess;
  readonly url: string;
  readonly readyMs: number;
}

async function startServer({ data, database, profile }: Place): Promise<Server> {
  if (profile !== null) mkdirSync(profile, { recursive: true });
  const profiling = profile === null ? [] : ["--cpu-prof", `--cpu-prof-dir=${profile}`];
  const args = [
    ...profiling,
    launcher,
    "serve",
    "--data",
    data,
    "--listen",
    "127.0.0.1:0",
    "--log-level",
    "error",
  ];
  const startedMs = performance.now();
  const child = start(process.execPath, args, {
    env: environment(database),
    stdio: ["ignore", "pipe", "inherit"],
  });
  const url = await announced(child);
  const { status } = await askHttp(url, { method: "GET", path: "/readyz", token: null });
  if (status !== 200) throw new Error(`the server says it is ready, and /readyz answers ${status}`);
  return { child, url, readyMs: performance.now() - startedMs };
}

/** The server's own line with its address, which it prints once it listens. */
function announced(child: ChildProcess): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const late = setTimeout(() => reject(new Error("the server did not become ready")), readyMsMax);
  let text = "";
  child.stdout?.setEncoding("utf8").on("data", (more: string) => {
    text += more;
    const url = /^Coffer is ready at (\S+)/m.exec(text)?.[1];
    if (url !== undefined) resolve(url);
  });
  child.once("exit", (code) => reject(new Error(`the server ended (${code}) before it was ready`)));
  return promise.finally(() => clearTimeout(late));
}

/** What the shell says to other Coffers is not for this one. The address of a database may hold a password. */
function environment(database: string | null): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith("COFFER_"));
  return { ...Object.fromEntries(kept), ...(database === null ? {} : { COFFER_DATABASE: database }) };
}
