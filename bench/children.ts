// The processes of a bench run. Keeps: none of them outlives it, however it ends.
import { type ChildProcess, type ForkOptions, fork, type SpawnOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";

const alive = new Set<ChildProcess>();

process.once("exit", () => {
  for (const child of alive) child.kill("SIGKILL");
});

export function start(program: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  return watched(spawn(program, args, options));
}

/** A script of the bench on this very Node.js, with a channel for messages. */
export function startScript(script: URL, options: ForkOptions = {}): ChildProcess {
  return watched(fork(script, { execArgv: [], ...options }));
}

function watched(child: ChildProcess): ChildProcess {
  alive.add(child);
  child.once("exit", () => alive.delete(child));
  return child;
}

/** Sends one message and waits for one; a process that ends without an answer is an error. */
export async function ask(child: ChildProcess, question: object): Promise<unknown> {
  const over = new AbortController();
  try {
    child.send(question);
    const answer = once(child, "message", { signal: over.signal });
    const end = once(child, "exit", { signal: over.signal }).then(([code, signal]) => {
      throw new Error(`${child.spawnargs.at(-1)} ended (${code ?? signal}) before it answered`);
    });
    const [message] = await Promise.race([answer, end]);
    return message;
  } finally {
    over.abort();
  }
}

export async function end(child: ChildProcess, signal: "SIGTERM" | "SIGKILL"): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill(signal);
  await ended;
}

/** Seconds of processor time a process has used, all its threads together. NaN where /proc is missing. */
export function processorSeconds(pid: number): number {
  // The name of the program, in parentheses, may hold spaces.
  const fields = readProc(pid, "stat").split(") ").at(-1)?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** One line of /proc/PID/status, in bytes. NaN where it is missing. */
export function memoryBytes(pid: number, line: "VmRSS" | "VmHWM" | "RssAnon" | "RssFile"): number {
  const found = new RegExp(`^${line}:\\s+(\\d+) kB$`, "m").exec(readProc(pid, "status"));
  return Number(found?.[1] ?? Number.NaN) * 1_024;
}

/** USER_HZ, which Linux shows to programs as 100 on every machine it runs on now. */
const ticksPerSecond = 100;

function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}
