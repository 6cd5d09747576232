// A private PostgreSQL for tests: made in a temporary folder, on a unix socket that only this run
// can reach, with fsync on. One instance per test process, one database per test.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chownSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { findPostgresql } from "./requirements.ts";

export interface PostgresInstance {
  readonly folder: string;
  /** A new, empty database in it. */
  database(): Promise<string>;
  url(database: string): string;
  /** Runs one statement as the superuser, beside whatever is tested. */
  admin(text: string, database?: string): Promise<readonly Record<string, unknown>[]>;
  stop(): Promise<void>;
}

/** The server refuses to run as root; any other user will do. */
export const rootless = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
/**
 * Ends the server at once when the test process is gone, even if that was killed: then the pipe
 * closes. Nothing needs to be written any more, so SIGQUIT will do. It starts in the folder of the
 * instance, which goes with it.
 */
const guardian = [
  'folder=$PWD; exec 3<&0; "$0" "$@" </dev/null & server=$!',
  'read -r _ <&3; kill -QUIT $server; wait $server; cd / && rm -rf "$folder"',
].join("; ");

export const superuser = "coffer_test";

export async function startPostgres(
  settings: Readonly<Record<string, string>> = {},
): Promise<PostgresInstance> {
  const programs = findPostgresql();
  if (programs === null) throw new Error('PostgreSQL is not installed; ask have("postgresql") first');
  // A short path: the name of a unix socket has at most 107 bytes.
  const folder = mkdtempSync(join(tmpdir(), "cpg-"));
  if (rootless.uid !== undefined) chownSync(folder, rootless.uid, rootless.gid);
  const data = join(folder, "data");
  execFileSync(
    join(programs, "initdb"),
    ["-D", data, "-U", superuser, "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"],
    { ...rootless, cwd: folder, stdio: "ignore", env: { ...process.env, HOME: folder } },
  );
  const set = { listen_addresses: "", unix_socket_directories: folder, fsync: "on", ...settings };
  const flags = Object.entries(set).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const server = spawn("/bin/sh", ["-c", guardian, join(programs, "postgres"), "-D", data, ...flags], {
    ...rootless,
    cwd: folder,
    stdio: ["pipe", "ignore", "ignore"],
  });
  const url = (database: string) =>
    `postgresql://${superuser}@localhost/${database}?host=${encodeURIComponent(folder)}`;
  const admin = async (text: string, database = "postgres") => {
    const client = new pg.Client({ connectionString: url(database) });
    client.on("error", () => undefined);
    await client.connect();
    try {
      return (await client.query(text)).rows;
    } finally {
      await client.end();
    }
  };
  await untilReady(server, () => admin("SELECT 1"));
  let databases = 0;
  const stop = async () => {
    await ended(server);
    rmSync(folder, { recursive: true, force: true });
  };
  return {
    folder,
    url,
    admin,
    stop,
    async database() {
      databases += 1;
      await admin(`CREATE DATABASE test_${databases}`);
      return url(`test_${databases}`);
    },
  };
}

async function untilReady(server: ChildProcess, ask: () => Promise<unknown>): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    try {
      await ask();
      return;
    } catch (error) {
      if (server.exitCode !== null || tries === 300) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

function ended(server: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (server.exitCode !== null || server.signalCode !== null) return resolve();
    server.once("exit", () => resolve());
    server.stdin?.end();
  });
}

let shared: Promise<PostgresInstance> | null = null;

/** The instance of this test process. */
export function sharedPostgres(): Promise<PostgresInstance> {
  shared ??= startPostgres();
  return shared;
}

export async function stopSharedPostgres(): Promise<void> {
  const instance = await shared;
  shared = null;
  await instance?.stop();
}
