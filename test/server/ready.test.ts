// What /readyz says, to anybody: what fails by its name, and nothing of what it is about.
import { execFileSync } from "node:child_process";
import { appendFileSync, mkdtempSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { coffers } from "../support/coffers.ts";
import { startPostgres } from "../support/postgres.ts";
import { have } from "../support/requirements.ts";
import { startCoffer, type TestCoffer } from "../support/server.ts";

let coffer: TestCoffer | null = null;
afterEach(async () => {
  await coffer?.stop();
  coffer = null;
});

for (const engine of coffers) {
  test(`a server on ${engine.name} is ready, and asking often writes once a second at most`, async () => {
    coffer = await engine.start({ env: { COFFER_METRICS_LISTEN: "127.0.0.1:0" } });
    const nobody = coffer.call(null);
    const shares = async () => {
      const text = await (await fetch(`${coffer?.metricsUrl}/metrics`)).text();
      return Number(/^coffer_commit_seconds_count\{kind="share"\} (\d+)$/m.exec(text)?.[1]);
    };
    const { body } = await nobody.get("/readyz");
    const warned = { warnings: [expect.stringContaining("no synchronous standby")] };
    expect(body).toEqual({ status: "ready", ...(engine.name === "SQLite" ? {} : warned) });
    const [startedMs, before] = [performance.now(), await shares()];
    await Promise.all(Array.from({ length: 100 }, () => nobody.get("/readyz")));
    // The probe, and the heads that were signed meanwhile.
    const seconds = Math.ceil((performance.now() - startedMs) / 1000) + 1;
    expect((await shares()) - before).toBeLessThanOrEqual(2 * seconds);
    expect((await nobody.get("/healthz")).body).toEqual({ status: "ok" });
  });
}

test("it leaves nothing behind in the trail or its tables", async () => {
  coffer = await startCoffer();
  const streams = () => coffer?.node.context.database.heads();
  await coffer.call(null).get("/readyz");
  const before = streams();
  await new Promise((resolve) => setTimeout(resolve, 1_010));
  expect((await coffer.call(null).get("/readyz")).body).toEqual({ status: "ready" });
  expect(streams()).toEqual(before);
});

describe.runIf(have("mount"))("a disk without a free byte", () => {
  test("is no place for reveals: audit fails, reads go on, and all comes back by itself", async () => {
    const folder = mkdtempSync(join(tmpdir(), "coffer-ready-"));
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=16m", "none", folder]);
    const ballast = join(folder, "ballast");
    try {
      coffer = await startCoffer({ data: join(folder, "data"), env: { COFFER_STORAGE_RESERVE: "0" } });
      const nobody = coffer.call(null);
      await until(async () => {
        fill(folder, ballast);
        const { status, body } = await nobody.get("/readyz");
        if (status === 200) return false;
        expect(body).toEqual({ status: "unavailable", failing: ["audit"] });
        return true;
      });
      expect((await coffer.call(coffer.token).get("/v1/organizations/default/stores")).status).toBe(200);
      rmSync(ballast);
      await until(async () => (await nobody.get("/readyz")).status === 200);
    } finally {
      rmSync(ballast, { force: true });
      await coffer?.stop();
      execFileSync("umount", [folder]);
      rmSync(folder, { recursive: true });
    }
  });
});

/** Whatever the server frees by copying its log back is taken too. */
function fill(folder: string, ballast: string): void {
  const { bavail, bsize } = statfsSync(folder);
  try {
    appendFileSync(ballast, Buffer.alloc(bavail * bsize));
  } catch {
    // The server was faster; then it has the rest.
  }
}

async function until(happened: () => Promise<boolean>): Promise<void> {
  const endMs = performance.now() + 12_000;
  while (!(await happened())) {
    if (performance.now() > endMs) throw new Error("it did not happen");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe.runIf(have("postgresql"))("PostgreSQL that goes away", () => {
  test("makes database and audit fail by name, and no address is told", async () => {
    const instance = await startPostgres();
    coffer = await startCoffer({ database: await instance.database() });
    const nobody = coffer.call(null);
    expect((await nobody.get("/readyz")).status).toBe(200);
    await instance.stop();
    await new Promise((resolve) => setTimeout(resolve, 1_010));
    const answer = await nobody.get("/readyz");
    expect(answer.status).toBe(503);
    expect(answer.body).toMatchObject({ status: "unavailable", failing: ["database", "audit"] });
    expect(answer.text).not.toContain(instance.folder);
    // It cannot store its last heads any more.
    await coffer.stop().catch(() => undefined);
    coffer = null;
  });
});
