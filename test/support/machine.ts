// A machine that a test may change: the files of this one under a layer that is thrown away, booted by
// systemd, with a loopback of its own. It starts the basic target alone, and none of this machine's services.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";

const container = ["--quiet", "--register=no", "--keep-unit", "--private-network", "--machine=coffer-test"];
const bootMsMax = 60_000;
const scriptMsMax = 120_000;

export interface Machine {
  /** Runs a script as root; answers all that it said. Throws where it does not end with 0. */
  run(script: string): string;
  stop(): Promise<void>;
}

interface Layer {
  readonly root: string;
  drop(): void;
}

/** Null where a machine can be had. */
export function machineMissing(): string | null {
  if (process.getuid?.() !== 0) return "only root may boot one";
  let made: Layer;
  try {
    made = layer();
  } catch {
    return "this user may not mount an overlay";
  }
  try {
    const tried = spawnSync("systemd-nspawn", [...container, "--directory", made.root, "true"], {
      stdio: "ignore",
      timeout: 20_000,
    });
    if (tried.error !== undefined) return "systemd-nspawn is not installed";
    return tried.status === 0 ? null : "systemd-nspawn may not make a container here";
  } finally {
    made.drop();
  }
}

function layer(): Layer {
  const folder = mkdtempSync(join(tmpdir(), "coffer-machine-"));
  const [root, upper, work] = ["root", "rw/upper", "rw/work"].map((path) => join(folder, path));
  const drop = () => {
    for (const path of ["root", "rw"])
      spawnSync("umount", ["--lazy", join(folder, path)], { stdio: "ignore" });
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    for (const path of ["root", "rw"]) mkdirSync(join(folder, path));
    mount("tmpfs", "mode=755", join(folder, "rw"));
    for (const path of ["upper", "work"]) mkdirSync(join(folder, "rw", path));
    mount("overlay", `lowerdir=/,upperdir=${upper},workdir=${work}`, String(root));
    return { root: String(root), drop };
  } catch (error) {
    drop();
    throw error;
  }
}

function mount(type: string, options: string, at: string): void {
  const { status } = spawnSync("mount", ["-t", type, "-o", options, type, at], { stdio: "ignore" });
  if (status !== 0) throw new Error(`a ${type} could not be mounted`);
}

/** With the checkout at /opt/checkout, read-only, and what `npm install` would make of it at /opt/coffer. */
export async function bootMachine(checkout: string): Promise<Machine> {
  const { root, drop } = layer();
  const bin = join(root, "opt/coffer/node_modules/.bin");
  mkdirSync(bin, { recursive: true });
  mkdirSync(join(root, "opt/checkout"));
  symlinkSync("/opt/checkout/node_modules/node/bin/node", join(bin, "node"));
  symlinkSync("/opt/checkout/bin/coffer", join(bin, "coffer"));
  writeFileSync(join(root, "etc/hosts"), "127.0.0.1 localhost coffer.example.org\n");
  const bound = `--bind-ro=${checkout}:/opt/checkout`;
  const init = ["--boot", "systemd.unit=basic.target"];
  const child = spawn("systemd-nspawn", [...container, bound, "--directory", root, ...init], {
    stdio: "ignore",
  });
  const stop = async () => {
    const ended = new Promise((resolve) => child.once("exit", resolve));
    // The first process of the container: all others end with it, and then what started it.
    const first = child.exitCode === null ? firstChildOf(child.pid ?? 0) : null;
    if (first !== null) process.kill(first, "SIGKILL");
    if (first !== null || child.kill("SIGKILL")) await ended;
    drop();
  };
  try {
    const first = await booted(child);
    return { run: (script) => runIn(first, script), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function booted(child: ChildProcess): Promise<number> {
  for (const until = Date.now() + bootMsMax; Date.now() < until; await wait(100)) {
    if (child.exitCode !== null) throw new Error(`systemd-nspawn ended with ${child.exitCode}`);
    const first = firstChildOf(child.pid ?? 0);
    if (first !== null && enter(first, "systemctl is-active --quiet basic.target").status === 0) return first;
  }
  throw new Error("systemd did not come up");
}

function firstChildOf(pid: number): number | null {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
  return children === "" ? null : Number(children.split(" ")[0]);
}

function enter(first: number, script: string) {
  const into = ["--target", String(first), "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup"];
  const path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  const shell = ["env", "-i", "HOME=/srv/admin", "LANG=C.UTF-8", path, "bash"];
  const options = { input: script, encoding: "utf8", timeout: scriptMsMax } as const;
  return spawnSync("nsenter", [...into, ...shell], options);
}

function runIn(first: number, script: string): string {
  const { status, stdout, stderr } = enter(first, `exec 2>&1\nmkdir -p ~ && cd ~ || exit\n${script}`);
  if (status !== 0) throw new Error(`a script ended with ${status}:\n${stdout}${stderr}`);
  return stdout;
}
