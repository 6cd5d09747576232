// Walks a page of docs/ as its reader would: one shell, an empty home, `coffer` in the path. Servers
// that the page starts go to the background and end with it.
import { spawn } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import type { Step } from "./page.ts";

const main = join(import.meta.dirname, "../../src/main.ts");

/** Folders that pages name; each stands below the home. */
const folders = ["/var/lib/coffer", "/etc/coffer", "/srv/backups", "/mnt/backup", "/var/log/coffer"];
/** Ports that pages name: of servers, and of metrics. */
const ports = ["8200", "8201", "8202", "9464"];

export interface Ended {
  readonly step: Step;
  readonly said: string;
  /** Null: the shell ended in it. */
  readonly exitCode: number | null;
}

/** What pages say in the place of what is there, both ways. */
type Names = readonly (readonly [written: string, real: string])[];

/** All steps until one ends the shell. */
export async function walk(steps: readonly Step[], database: string | null): Promise<Ended[]> {
  const home = await mkdtemp(join(tmpdir(), "coffer-docs-"));
  const own = join(home, ".walk");
  try {
    await mkdir(join(own, "steps"), { recursive: true });
    const names: Names = [
      ...(await Promise.all(ports.map(async (port) => [port, String(await freePort())] as const))),
      ["coffer.example.org", "localhost"],
      ["2027-01-31", inTenWeeks()],
      ...folders.map((folder) => [folder, join(home, folder)] as const),
      ...(database === null ? [] : [["postgres://coffer@db.example.org/coffer", database] as const]),
    ];
    for (const folder of folders) await mkdir(join(home, folder), { recursive: true, mode: 0o700 });
    await programs(home, own);
    await writeFile(join(own, "driver"), await driverOf(steps, own, names));
    await run(home, own, names);
    return await endsOf(steps, own, names, home);
  } finally {
    await stopServers(own);
    await rm(home, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function driverOf(steps: readonly Step[], own: string, names: Names): Promise<string> {
  const lines = [`. ${own}/functions`];
  for (const [index, { text, shown }] of steps.entries()) {
    const file = join(own, "steps", String(index));
    await writeFile(file, `${toReal(text, names)}\n`);
    const sourced = `. ${file} >${file}.said 2>&1 </dev/null`;
    // Where nothing is shown a failure ends the page; where it is shown, it is what the page tells of.
    if (shown === null) lines.push("set -e", sourced, `echo 0 >${file}.ended`);
    else lines.push("set +e", sourced, `echo $? >${file}.ended`);
  }
  return `${lines.join("\n")}\n`;
}

/** `coffer serve` and `npm start` return when the server is ready; the rest is as everywhere. */
async function programs(home: string, own: string): Promise<void> {
  const coffer = `#!/bin/sh
main="${process.execPath} ${main}"
case " $* " in
  *" --help "* | *" --listen "* | *" --config "*) ;;
  " serve "* | " init "*) export COFFER_LISTEN="127.0.0.1:$WALK_PORT" ;;
esac
case " $* " in *" --help "*) exec $main "$@" ;; " serve "*) ;; *) exec $main "$@" ;; esac
said=$(mktemp ${own}/serve.XXXXXX)
$main "$@" >"$said" 2>"$said.log" </dev/null &
pid=$!
echo $pid >>${own}/servers
until grep -qE 'is ready at|is SEALED' "$said"; do
  kill -0 $pid 2>/dev/null || { wait $pid; code=$?; cat "$said" "$said.log"; exit $code; }
  sleep 0.05
done
cat "$said"
ln -sf "$said.log" "$HOME/server.log"
`;
  const npm = `#!/bin/sh
case "$1" in
  start) exec ${home}/bin/coffer serve ;;
  ci) exit 0 ;;
  *) echo "npm $1 is not for this place" >&2; exit 1 ;;
esac
`;
  const functions = `server_stop() {
  local pid; pid=$(tail -1 ${own}/servers)
  kill -TERM "$pid"
  while [ -e /proc/$pid ] && ! grep -q '^State:.Z' /proc/$pid/status; do sleep 0.05; done
}
`;
  await mkdir(join(home, "bin"));
  for (const [name, text] of [
    ["coffer", coffer],
    ["npm", npm],
  ] as const) {
    await writeFile(join(home, "bin", name), text);
    await chmod(join(home, "bin", name), 0o755);
  }
  await writeFile(join(own, "functions"), functions);
}

function run(home: string, own: string, names: Names): Promise<void> {
  const env = {
    PATH: `${join(home, "bin")}:${process.env.PATH}`,
    HOME: home,
    USER: "you",
    TZ: "UTC",
    LC_ALL: "C.UTF-8",
    WALK_PORT: names.find(([written]) => written === "8200")?.[1],
  };
  return new Promise((resolve, reject) => {
    const shell = spawn("bash", [join(own, "driver")], { cwd: home, env, stdio: "ignore", detached: true });
    shell.on("error", reject);
    shell.on("exit", () => resolve());
  });
}

async function endsOf(steps: readonly Step[], own: string, names: Names, home: string): Promise<Ended[]> {
  const ends: Ended[] = [];
  for (const [index, step] of steps.entries()) {
    const file = join(own, "steps", String(index));
    const said = await textOf(`${file}.said`);
    const ended = await textOf(`${file}.ended`);
    ends.push({
      step,
      said: toWritten(said ?? "", names, home),
      exitCode: ended === null ? null : Number(ended),
    });
    if (ended === null) break;
  }
  return ends;
}

async function stopServers(own: string): Promise<void> {
  const pids = ((await textOf(join(own, "servers"))) ?? "").split("\n").filter((it) => it !== "");
  for (const pid of pids.map(Number)) {
    for (let tries = 0; alive(pid); tries += 1) {
      process.kill(pid, tries > 200 ? "SIGKILL" : "SIGTERM");
      await setTimeout(50);
    }
  }
}

function alive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function toReal(text: string, names: Names): string {
  return names.reduce((known, [written, real]) => replaceName(known, written, real), text);
}

function toWritten(text: string, names: Names, home: string): string {
  const port = names.find(([written]) => written === "8200")?.[1];
  return names
    .filter(([written]) => written !== "coffer.example.org")
    .reduce(
      (known, [written, real]) => replaceName(known, real, written),
      text.replaceAll(`https://localhost:${port}`, "https://coffer.example.org:8200"),
    )
    .replaceAll(home, "/home/you");
}

/** A port is a whole number, not the middle of one. */
function replaceName(text: string, from: string, to: string): string {
  return /^\d+$/.test(from)
    ? text.replaceAll(new RegExp(`\\b${from}\\b`, "g"), to)
    : text.replaceAll(from, to);
}

async function textOf(path: string): Promise<string | null> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
}

/** For the day on which things end in pages, so that they do not end with it. */
function inTenWeeks(): string {
  return new Date(Date.now() + 70 * 24 * 60 * 60 * 1000).toISOString().slice(0, 10);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
