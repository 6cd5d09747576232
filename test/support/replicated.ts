// Two PostgreSQL servers of which one follows the other, on unix sockets of their own: the primary can be
// killed as if its host had lost its power, the standby promoted, and the lost one made anew as a standby.
import { execFileSync, spawn } from "node:child_process";
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import pg from "pg";
import { rootless, superuser } from "./postgres.ts";
import { findPostgresql } from "./requirements.ts";

export interface Replicated {
  /** A database that both have, at an address that names both. */
  database(): Promise<string>;
  /** The same at the server alone that takes writes. */
  atPrimary(url: string): string;
  admin(text: string): Promise<readonly Record<string, unknown>[]>;
  /** SIGKILL to every process of the primary at once. */
  killPrimary(): void;
  /** SIGSTOP to every process of the primary: it is there, and answers nothing. */
  freezePrimary(): void;
  /** The monotonic time at which the standby was told to take writes, and from which on it does. */
  promote(): Promise<{ readonly toldMs: number; readonly doneMs: number }>;
  /** Resolves when the standby holds all that the primary has written. */
  caughtUp(): Promise<void>;
  /** The standby hears nothing from now on. */
  stopStandby(): void;
  startStandby(): Promise<void>;
  /** The server that was killed comes back: as a standby, or as it was, without knowing of the other. */
  rebuild(as?: "standby" | "former primary"): Promise<void>;
  stop(): Promise<void>;
}

interface Node {
  readonly folder: string;
  readonly data: string;
  end: (() => Promise<void>) | null;
}

/** Ends the server when this process is gone, even if that was killed. */
const guardian =
  'exec 3<&0; "$0" "$@" </dev/null & server=$!; read -r _ <&3; kill -QUIT $server; wait $server';

export async function startReplicated({ synchronous = true } = {}): Promise<Replicated> {
  // Where the server's own programs lie beside it, and not only links to some of them.
  const programs = dirname(realpathSync(join(findPostgresql() ?? "", "postgres")));
  const folder = mkdtempSync(join(tmpdir(), "cpr-"));
  const nodes = ["a", "b"].map((name): Node => {
    const own = join(folder, name);
    mkdirSync(own);
    return { folder: own, data: join(own, "data"), end: null };
  });
  for (const path of [folder, ...nodes.map((node) => node.folder)]) {
    if (rootless.uid !== undefined) chownSync(path, rootless.uid, rootless.gid);
  }
  let [primary, standby] = nodes as [Node, Node];
  const run = (program: string, ...args: string[]) => {
    const env = { ...process.env, HOME: folder };
    execFileSync(join(programs, program), args, { ...rootless, cwd: folder, stdio: "ignore", env });
  };
  const urlOf = (node: Node, database: string) =>
    `postgresql://${superuser}@localhost/${database}?host=${encodeURIComponent(node.folder)}`;
  const ask = async (node: Node, text: string) => {
    const client = new pg.Client({
      connectionString: urlOf(node, "postgres"),
      connectionTimeoutMillis: 5_000,
    });
    client.on("error", () => undefined);
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(text)).rows;
    } finally {
      await client.end();
    }
  };
  const start = async (node: Node) => {
    const set = { listen_addresses: "", unix_socket_directories: node.folder, fsync: "on" };
    const flags = Object.entries({ ...set, wal_level: "replica", max_connections: "200" });
    const args = flags.flatMap(([name, value]) => ["-c", `${name}=${value}`]);
    const child = spawn("/bin/sh", ["-c", guardian, join(programs, "postgres"), "-D", node.data, ...args], {
      ...rootless,
      cwd: node.folder,
      stdio: ["pipe", "ignore", "ignore"],
    });
    node.end = () =>
      new Promise((resolve) => {
        if (child.exitCode !== null || child.signalCode !== null) return resolve();
        child.once("exit", () => resolve());
        child.stdin?.end();
      });
    await until(async () => (await ask(node, "SELECT 1")).length === 1);
  };
  const follow = async () => {
    const link = `user=${superuser} host=${primary.folder} dbname=postgres application_name=standby`;
    rmSync(standby.data, { recursive: true, force: true });
    run("pg_basebackup", "-d", link, "-D", standby.data, "-R", "-X", "stream", "-c", "fast", "--no-sync");
    // Promoted, it is alone: what the primary waits for is none of its own settings.
    const settings = join(standby.data, "postgresql.auto.conf");
    const kept = readFileSync(settings, "utf8").replaceAll(/^synchronous_standby_names.*\n/gm, "");
    writeFileSync(settings, kept);
    await start(standby);
    await confirmed();
  };
  /** With a synchronous standby nothing is confirmed from here on that it does not hold. */
  const confirmed = async () => {
    await ask(primary, `ALTER SYSTEM SET synchronous_standby_names = '${synchronous ? "standby" : ""}'`);
    await ask(primary, "SELECT pg_reload_conf()");
    const state = synchronous ? "sync_state = 'sync'" : "state = 'streaming'";
    await until(
      async () => (await ask(primary, `SELECT 1 FROM pg_stat_replication WHERE ${state}`)).length > 0,
    );
  };
  const signal = (node: Node, name: NodeJS.Signals) => {
    for (const pid of processesOf(node)) {
      try {
        process.kill(pid, name);
      } catch (error) {
        // It ended by itself meanwhile.
        if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
      }
    }
  };

  execFileSync(
    join(programs, "initdb"),
    ["-D", primary.data, "-U", superuser, "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"],
    { ...rootless, cwd: folder, stdio: "ignore", env: { ...process.env, HOME: folder } },
  );
  await start(primary);
  await follow();
  let databases = 0;
  return {
    async database() {
      databases += 1;
      const name = `test_${databases}`;
      await ask(primary, `CREATE DATABASE ${name}`);
      const hosts = nodes.map((node) => node.folder).join(",");
      return `postgresql://${superuser}@localhost/${name}?host=${encodeURIComponent(hosts)}`;
    },
    atPrimary(url) {
      const one = new URL(url);
      one.searchParams.set("host", primary.folder);
      return one.href;
    },
    admin: (text) => ask(primary, text),
    killPrimary: () => signal(primary, "SIGKILL"),
    freezePrimary: () => signal(primary, "SIGSTOP"),
    async promote() {
      const toldMs = performance.now();
      run("pg_ctl", "promote", "-D", standby.data, "-W");
      await until(async () => (await ask(standby, "SELECT 1 WHERE NOT pg_is_in_recovery()")).length > 0);
      const doneMs = performance.now();
      [primary, standby] = [standby, primary];
      return { toldMs, doneMs };
    },
    async caughtUp() {
      const behind = "SELECT 1 FROM pg_stat_replication WHERE flush_lsn >= pg_current_wal_flush_lsn()";
      await until(async () => (await ask(primary, behind)).length > 0);
    },
    stopStandby: () => signal(standby, "SIGKILL"),
    startStandby: () => restart(standby),
    async rebuild(as = "standby") {
      if (as === "former primary") {
        await restart(standby);
        // Nothing keeps it from confirming what it is given.
        await ask(standby, "ALTER SYSTEM RESET synchronous_standby_names");
        await ask(standby, "SELECT pg_reload_conf()");
        return;
      }
      signal(standby, "SIGKILL");
      await standby.end?.();
      await follow();
    },
    async stop() {
      for (const node of nodes) {
        signal(node, "SIGCONT");
        await node.end?.();
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };

  async function restart(node: Node): Promise<void> {
    await node.end?.();
    rmSync(join(node.data, "postmaster.pid"), { force: true });
    await start(node);
  }
}

/** The server's own process and all that it has started. */
function processesOf({ data }: Node): readonly number[] {
  const file = join(data, "postmaster.pid");
  if (!existsSync(file)) return [];
  const own = Number(readFileSync(file, "utf8").split("\n")[0]);
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const children = pids.filter((pid) => parentOf(pid) === own).map(Number);
  return parentOf(String(own)) === null ? children : [own, ...children];
}

function parentOf(pid: string): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return null;
  }
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    const so = await isSo().catch(() => false);
    if (so) return;
    if (tries === 400) throw new Error("the servers did not come to stand as they should");
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
