// A server comes to its end whatever fails on the way there, or at its start, and lets go of what it held.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, rmdir } from "node:fs/promises";
import { tmpdir } from "node:os";

import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import pg from "pg";
import { afterEach, expect, test } from "vitest";
import { loadConfig } from "../../src/server/config.ts";
import { serverLog } from "../../src/server/log.ts";
import { start } from "../../src/server/serve.ts";
import { coffers, home, text } from "../support/coffers.ts";
import { sharedPostgres } from "../support/postgres.ts";
import { startCoffer, type TestCoffer } from "../support/server.ts";

const program = join(import.meta.dirname, "../../bin/coffer");
const folders: string[] = [];
const children: ChildProcess[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

async function aFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "coffer-ending-"));
  folders.push(folder);
  return folder;
}

const headOf = "SELECT seq FROM audit_heads WHERE stream = ";

/** Up to where a stored head vouches for the stream. */
async function vouchedFor({ data, databaseUrl }: TestCoffer, stream: string): Promise<number> {
  if (databaseUrl === null) {
    const db = new DatabaseSync(join(data, "coffer.db"), { readOnly: true });
    try {
      return Number(db.prepare(`${headOf} ?`).get(stream)?.seq);
    } finally {
      db.close();
    }
  }
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    return Number((await client.query(`${headOf} $1`, [stream])).rows[0]?.seq);
  } finally {
    await client.end();
  }
}

for (const engine of coffers) {
  test(`on ${engine.name} the last heads are stored although the file for them is full`, async () => {
    const coffer = await engine.start({ env: { COFFER_AUDIT_HEAD_FILE: "/dev/full" } });
    const { operations, context } = coffer.node;
    await operations.secrets.create(coffer.owner, home, home, { name: "A", value: text("v") });
    const before = context.database.heads();
    const again = await coffer.restart();
    try {
      for (const { stream, seq } of before) expect(await vouchedFor(again, stream)).toBeGreaterThan(seq);
    } finally {
      await again.stop();
    }
  });

  test(`on ${engine.name} a first start that fails ends, with a reason, and leaves no token behind`, async () => {
    const data = await aFolder();
    const inTheWay = join(data, "bootstrap.json");
    await mkdir(inTheWay);
    const database = engine.name === "SQLite" ? null : await (await sharedPostgres()).database();
    const args = [
      "serve",
      "--data",
      data,
      "--listen",
      "127.0.0.1:0",
      ...(database ? ["--database", database] : []),
    ];
    const child = spawn(process.execPath, [program, ...args], { stdio: ["ignore", "ignore", "pipe"] });
    children.push(child);
    let said = "";
    child.stderr.on("data", (chunk) => {
      said += chunk;
    });
    const [code] = await once(child, "exit");
    expect(code).toBe(1);
    expect(said).toContain("EISDIR");
    expect(existsSync(`${inTheWay}.new`)).toBe(false);
    await rmdir(inTheWay);
    await (await startCoffer({ data, ...(database === null ? {} : { database }) })).stop();
  });
}

test("a start that fails when it listens already lets go of the port and the folder", async () => {
  const data = await aFolder();
  const { config } = loadConfig({ data, listen: "127.0.0.1:0", logLevel: "silent" }, {});
  let url = "";
  const announce = (said: string) => {
    url = /http:\S+/.exec(said)?.[0] ?? "";
    throw new Error("nobody to tell");
  };
  await expect(start(config, serverLog("silent"), { announce })).rejects.toThrow("nobody to tell");
  await expect(fetch(url)).rejects.toThrow("fetch failed");
  await (await startCoffer({ data })).stop();
});
