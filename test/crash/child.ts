// A server in a process of its own: started on a data folder, killed by its own pid.
import { type ChildProcess, spawn } from "node:child_process";
import { appendFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const entry = fileURLToPath(new URL("./server.ts", import.meta.url));
const compileCache = join(tmpdir(), "coffer-crash-compiled");
const readyMsMax = 20_000;

export interface Place {
  /** What the server says goes here: another disk than that of its data may be full. */
  readonly out: string;
  readonly data: string;
  /** Null: the embedded database. */
  readonly database: string | null;
}

export interface Server {
  /** Of the server itself, also where it runs under another program. */
  readonly pid: Promise<number>;
  /** Where it listens; rejects if it ends before it does. */
  readonly ready: Promise<string>;
  readonly ended: Promise<void>;
  /** SIGKILL to the server itself, and the wait until the kernel has it gone. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

export const headFile = (place: Place): string => join(place.out, "heads.log");
export const logFile = (place: Place): string => join(place.out, "server.log");

export interface Starting {
  /** A fault point and how many times it is passed before the end: `group.begin:7`. */
  readonly killAt?: string | null;
  /** Another module of faults than that of the crash test. */
  readonly faults?: URL;
  /** A program and its arguments that the server runs under. */
  readonly under?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export function startServer(place: Place, { killAt = null, faults, under = [], env }: Starting = {}): Server {
  const points = killAt === null ? faults : withParameter("../crash/faults.ts", "at", killAt);
  const [program = "", ...args] = [...under, process.execPath, entry];
  const child = spawn(program, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      PATH: process.env.PATH,
      // Without it half of each start would go into reading the sources again.
      NODE_COMPILE_CACHE: compileCache,
      COFFER_LOG_LEVEL: "error",
      COFFER_DATA: place.data,
      COFFER_AUDIT_HEAD_FILE: headFile(place),
      // These disks are small, or meant to be full.
      COFFER_STORAGE_RESERVE: "0",
      ...(place.database === null ? {} : { COFFER_DATABASE: place.database }),
      ...(points === undefined ? {} : { COFFER_TEST_FAULTS: points.href }),
      ...env,
    },
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (bytes: Buffer) => appendFileSync(logFile(place), bytes));
  }
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const told = readyLine(child);
  const ready = told.then(({ url }) => url);
  const pid = told.then((line) => line.pid);
  // Who kills a server during its start does not wait for it to be ready.
  for (const waiting of [ready, pid]) waiting.catch(() => undefined);
  const end = async (signal: NodeJS.Signals) => {
    // Under another program the server is not the child.
    const own = under.length === 0 ? child.pid : await pid;
    if (own !== undefined && child.exitCode === null && child.signalCode === null) process.kill(own, signal);
    await ended;
  };
  return { pid, ready, ended, kill: () => end("SIGKILL"), stop: () => end("SIGTERM") };
}

/** A module of this folder or beside it, with something that it reads from its own URL. */
export function withParameter(module: string, name: string, value: string): URL {
  const url = new URL(module, import.meta.url);
  url.searchParams.set(name, value);
  return url;
}

interface Told {
  readonly url: string;
  readonly pid: number;
  readonly sealed: boolean;
}

function readyLine(child: ChildProcess): Promise<Told> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("the server was not ready in time")), readyMsMax);
    let text = "";
    child.stdout?.setEncoding("utf8").on("data", (part: string) => {
      text += part;
      if (!text.includes("\n")) return;
      const told = JSON.parse(text) as Told;
      clearTimeout(timer);
      if (told.sealed) reject(new Error("the server started sealed"));
      else resolve(told);
    });
    child.once("close", (code, signal) => {
      clearTimeout(timer);
      reject(new Error(`the server ended with ${signal ?? code} before it was ready`));
    });
  });
}
