// `coffer serve --workers N` as it is started by hand: one port, several processes, and one that dies is
// replaced while the others serve.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { sharedPostgres, stopSharedPostgres } from "../support/postgres.ts";
import { have } from "../support/requirements.ts";
import { clientOf } from "../support/server.ts";

/** Without it each start would read the sources again. */
const compiled = join(tmpdir(), "coffer-crash-compiled");
const main = join(import.meta.dirname, "../../src/main.ts");
const secrets = "/v1/organizations/default/stores/default/secrets";

const cleanup: (() => unknown)[] = [];
afterEach(async () => {
  for (const undo of cleanup.splice(0).reverse()) await undo();
});

interface Serving {
  readonly child: ChildProcess;
  readonly data: string;
  readonly database: string;
  readonly url: string;
  readonly token: string;
  /** Of the processes that serve. */
  pids(): Promise<readonly number[]>;
  ended(): Promise<number | null>;
}

async function serve(workers: string, flags: readonly string[] = []): Promise<Serving> {
  const out = mkdtempSync(join(tmpdir(), "coffer-workers-"));
  cleanup.push(() => rmSync(out, { recursive: true, force: true }));
  const data = join(out, "data");
  const database = await (await sharedPostgres()).database();
  cleanup.push(stopSharedPostgres);
  const args = ["serve", "--data", data, "--database", database, "--listen", "127.0.0.1:0"];
  const child = spawn(process.execPath, [main, ...args, "--workers", workers, ...flags], {
    stdio: ["ignore", "pipe", "ignore"],
    env: { PATH: process.env.PATH, NODE_COMPILE_CACHE: compiled, COFFER_LOG_LEVEL: "silent" },
  });
  const gone = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));
  cleanup.push(async () => {
    child.kill("SIGTERM");
    await gone;
  });
  const url = await new Promise<string>((resolve, reject) => {
    let text = "";
    child.stdout?.setEncoding("utf8").on("data", (part: string) => {
      text += part;
      const found = /Coffer is ready at (\S+)/.exec(text)?.[1];
      if (found !== undefined) resolve(found);
    });
    child.once("exit", (code) => reject(new Error(`ended with ${code}: ${text}`)));
  });
  const { token } = JSON.parse(readFileSync(join(data, "bootstrap.json"), "utf8"));
  const name = new URL(database).pathname.slice(1);
  return {
    child,
    data,
    database,
    url,
    token,
    async pids() {
      const rows = await (await sharedPostgres()).admin("SELECT name FROM nodes ORDER BY id", name);
      return rows.map((row) => Number(String(row.name).split(":").at(-1)));
    },
    ended: () => gone,
  };
}

async function until<T>(ask: () => Promise<T>, isSo: (it: T) => boolean): Promise<T> {
  for (;;) {
    const it = await ask();
    if (isSo(it)) return it;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe.runIf(have("postgresql"))("coffer serve --workers", () => {
  test("serves from several processes on one port, and each knows what another wrote", async () => {
    const serving = await serve("2");
    const pids = await until(serving.pids, (all) => all.length === 2);
    expect(pids).not.toContain(serving.child.pid);
    const owner = clientOf(serving.url, serving.token);
    for (let number = 0; number < 8; number += 1) {
      // A connection of its own each time, so that they take turns.
      const alone = { connection: "close" };
      const made = await owner.post(secrets, { name: `S${number}`, value: `${number}` }, alone);
      expect(made.status).toBe(201);
      expect((await owner.get(`${secrets}/S${number}/value`, alone)).body.value).toBe(`${number}`);
    }
    serving.child.kill("SIGTERM");
    expect(await serving.ended()).toBe(0);
    // Each said that it ended.
    expect(await serving.pids()).toEqual([]);
  }, 60_000);

  test("puts another process in the place of one that died, and goes on meanwhile", async () => {
    const serving = await serve("2");
    const [killed, kept] = (await until(serving.pids, (all) => all.length === 2)) as [number, number];
    process.kill(killed, "SIGKILL");
    // A connection that was handed to the process that had just died is never answered.
    const answered = async () => {
      const headers = { authorization: `Bearer ${serving.token}`, connection: "close" };
      const signal = AbortSignal.timeout(5_000);
      const answer = await fetch(`${serving.url}/v1/whoami`, { headers, signal }).catch(() => null);
      return answer?.status;
    };
    await until(answered, (status) => status === 200);
    const now = await until(serving.pids, (all) => all.some((pid) => pid !== killed && pid !== kept));
    expect(now).toContain(kept);
    for (let times = 0; times < 4; times += 1) expect(await answered()).toBe(200);
  }, 60_000);

  test("ends with its reason when the first start fails", async () => {
    const child = spawn(
      process.execPath,
      [
        main,
        "serve",
        "--workers",
        "2",
        "--database",
        "postgres://u:hunter2@127.0.0.1:1/none",
        "--listen",
        "127.0.0.1:0",
      ],
      {
        stdio: ["ignore", "ignore", "pipe"],
        cwd: mkdtempSync(join(tmpdir(), "coffer-none-")),
        env: { PATH: process.env.PATH, NODE_COMPILE_CACHE: compiled },
      },
    );
    let said = "";
    child.stderr?.setEncoding("utf8").on("data", (part: string) => {
      said += part;
    });
    const code = await new Promise((resolve) => child.once("close", resolve));
    expect(code).not.toBe(0);
    expect(said).toMatch(/PostgreSQL server cannot be used: 127\.0\.0\.1:1: cannot be reached/);
    expect(said).not.toContain("hunter2");
  });
});
