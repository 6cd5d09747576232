// The processes of a suite: clients, installers, servers. Keeps: none outlives the suite, and a client sees
// of this machine's environment only what every program needs.
import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const alive = new Set<ChildProcess>();
const folders: string[] = [];

process.once("exit", () => {
  for (const child of alive) kill(child);
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

/** An empty folder that goes with the suite. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "coffer-conformance-"));
  folders.push(folder);
  return folder;
}

/** In a group of its own, so that what it starts ends with it. */
export function start(program: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  const child = spawn(program, args, { ...options, detached: true });
  alive.add(child);
  child.once("exit", () => alive.delete(child));
  return child;
}

export async function stop(child: ChildProcess, signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill(signal);
  await ended;
}

function kill({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

export interface Ended {
  /** Null: killed by a signal. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** All of it. */
  readonly env: Readonly<Record<string, string>>;
  readonly input?: string;
  readonly cwd?: string;
  /** A program that takes longer is killed. */
  readonly timeoutMs?: number;
}

const clientMsMax = 120_000;

export async function run(program: string, args: readonly string[], options: RunOptions): Promise<Ended> {
  const { env, input = "", cwd, timeoutMs = clientMsMax } = options;
  const child = start(program, args, {
    env,
    stdio: ["pipe", "pipe", "pipe"],
    ...(cwd === undefined ? {} : { cwd }),
  });
  const late = setTimeout(() => kill(child), timeoutMs);
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name]?.setEncoding("utf8").on("data", (more: string) => {
      output[name] += more;
    });
  }
  child.stdin?.on("error", () => {}); // a client that reads no input may end before it is written
  child.stdin?.end(input);
  try {
    const [code] = await once(child, "close");
    return { code, ...output };
  } finally {
    clearTimeout(late);
  }
}

/** What any program needs, and a home in which nothing lies. */
export function cleanEnvironment(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  const { PATH = "/usr/bin:/bin" } = process.env;
  return { PATH, HOME: temporaryFolder(), LANG: "C.UTF-8", ...more };
}

const installMsMax = 20 * 60_000;

/** A package manager, with this machine's own settings. Its failure is an error that shows what it said. */
export async function install(program: string, args: readonly string[], cwd: string): Promise<void> {
  const options = { env: machineEnvironment(), cwd, timeoutMs: installMsMax };
  const { code, stdout, stderr } = await run(program, args, options);
  if (code !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${code}:\n${stdout}${stderr}`);
}

/** As this process was given it: for package managers alone. */
export function machineEnvironment(): Record<string, string> {
  const given = Object.entries(process.env);
  return Object.fromEntries(given.filter((entry): entry is [string, string] => entry[1] !== undefined));
}
