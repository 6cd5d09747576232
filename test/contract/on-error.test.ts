// When the engine fails: whatever writes is answered 503 in the proper form, what only reads goes on,
// nothing half done is seen, and all recovers without a restart. Under load, on disks that are full
// or failing for real, and with the crash test's comparison at the end.
import { execFileSync } from "node:child_process";
import { appendFileSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { logged, verified } from "../crash/checker.ts";
import { type Server, type Starting, startServer, withParameter } from "../crash/child.ts";
import { type Installation, install, load, remove, roundRandom } from "../crash/rounds.ts";
import { wireTo } from "../crash/wire.ts";
import { have } from "../support/requirements.ts";

const cleanup: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const undo of cleanup.splice(0).reverse()) await undo();
});

const secrets = "/v1/organizations/default/stores/default/secrets";
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
/** Long enough for the writer's most patient retry. */
const recoveryMsMax = 4_000;

interface Disk {
  readonly starting: Starting;
  fail(server: Server): Promise<void>;
  heal(server: Server): Promise<void>;
}

/** Load before, while and after the disk fails, with requests of our own in the middle of it. */
async function strained(it: Installation, disk: Disk): Promise<void> {
  const server = startServer(it.place, disk.starting);
  cleanup.push(() => server.kill());
  const url = await server.ready;
  const wire = wireTo(url, it.token, 2);
  const send = async (method: string, path: string, body?: object) => {
    const answer = await wire.send(method, `${secrets}${path}`, body);
    if (answer === null) throw new Error("the connection was lost");
    return answer;
  };
  expect((await send("POST", "", { name: "steady", value: "one" })).status).toBe(201);
  let stopped = false;
  const working = load(it, { url, round: 1, random: roundRandom("disk", 1), stopped: () => stopped });
  await pause(300);

  await disk.fail(server);
  const before = { ...it.history.counts };
  const value = "v".repeat(60_000);
  expectUnavailable(await untilRefused(() => send("PUT", "/steady/value", { value })));
  expectUnavailable(await untilRefused(() => send("GET", "/steady/value")));
  let tried = 0;
  const refusedCreate = await untilRefused(() => {
    tried += 1;
    return send("POST", "", { name: `never-${tried}`, value });
  });
  const never = expectUnavailable(refusedCreate);
  expect(await send("GET", "/steady")).toMatchObject({ status: 200, body: { name: "steady" } });
  const missing = await send("GET", `/never-${tried}`);
  expect([404, 503]).toContain(missing.status); // a refusal is recorded first, and cannot be
  await pause(200);
  const { refused, unknown } = it.history.counts;
  expect(refused + unknown).toBeGreaterThan(before.refused + before.unknown);

  await disk.heal(server);
  await untilServed(() => send("PUT", "/steady/value", { value: "two" }));
  const after = it.history.counts.acknowledged;
  await pause(500);
  stopped = true;
  await working;
  expect(it.history.counts.acknowledged).toBeGreaterThan(after);
  expect(await send("GET", "/steady/value")).toMatchObject({ status: 200, body: { value: "two" } });
  const there = (await send("GET", `/never-${tried}`)).status;
  // What was answered as unknown may have happened; what was refused must not.
  if (never === "storage.unavailable") expect(there).toBe(404);
  else expect([200, 404]).toContain(there);
  wire.close();
  await server.stop();
  // The load's own history knows nothing of "steady"; all else it knows.
  expect(await it.checker.check(it.history)).toEqual([]);
  expect(await verified(it.place)).toEqual([]);
  expect(logged(it.place)).toEqual([]);
}

/** The whole answer of a 503; a COMMIT that failed leaves more open than a statement that did. */
function expectUnavailable(answer: { status: number; requestId: string; body: unknown }): string {
  const code = expect.stringMatching(/^storage\.(unavailable|outcome_unknown)$/);
  const message = expect.stringMatching(
    /^The database (cannot be used right now|did not confirm the commit)/,
  );
  const { requestId } = answer;
  expect(answer).toEqual({
    status: 503,
    requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    body: { error: { code, message, requestId, details: {} } },
  });
  return (answer.body as { error: { code: string } }).error.code;
}

/** A little room may be left at first, and again when the log was copied back. */
async function untilRefused<A extends { status: number }>(send: () => Promise<A>): Promise<A> {
  for (let tries = 0; tries < 500; tries += 1) {
    const answer = await send();
    if (answer.status === 503) return answer;
  }
  throw new Error("the disk does not fail");
}

async function untilServed(send: () => Promise<{ status: number }>): Promise<void> {
  const endMs = performance.now() + recoveryMsMax;
  while ((await send()).status !== 200) {
    if (performance.now() > endMs) throw new Error("it did not recover");
    await pause(50);
  }
}

async function installation(folder: string | null = null): Promise<Installation> {
  const it = await install(null, 8, folder);
  cleanup.push(() => remove(it));
  return it;
}

describe("when the engine cannot write", () => {
  test("because the database may not grow", async () => {
    const it = await installation();
    const file = join(it.place.out, "pages");
    writeFileSync(file, "1000000");
    await strained(it, {
      starting: {
        faults: withParameter("../contract/on-error-disk.ts", "pages", file),
      },
      fail: async () => writeFileSync(file, "1"),
      heal: async () => writeFileSync(file, "1000000"),
    });
  });

  test("because every write of a file fails", async () => {
    const it = await installation();
    const limit = async (server: Server, bytes: string) => {
      execFileSync("prlimit", ["--pid", String(await server.pid), `--fsize=${bytes}:`]);
    };
    await strained(it, {
      starting: {},
      fail: (server) => limit(server, "4096"),
      heal: (server) => limit(server, "unlimited"),
    });
  });

  test.runIf(have("mount"))("because the file system is full", async () => {
    const folder = mkdtempSync(join(tmpdir(), "coffer-full-"));
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=16m", "none", folder]);
    cleanup.push(() => {
      execFileSync("umount", [folder]);
      rmSync(folder, { recursive: true });
    });
    const it = await installation(join(folder, "data"));
    const ballast = join(folder, "ballast");
    let filling: NodeJS.Timeout | undefined;
    cleanup.push(() => clearInterval(filling));
    await strained(it, {
      starting: {},
      async fail() {
        // Whatever the server frees by copying its log back is taken at once.
        filling = setInterval(() => fill(folder, ballast), 5);
        fill(folder, ballast);
      },
      async heal() {
        clearInterval(filling);
        rmSync(ballast);
      },
    });
  });
});

function fill(folder: string, ballast: string): void {
  const { bavail, bsize } = statfsSync(folder);
  try {
    appendFileSync(ballast, Buffer.alloc(bavail * bsize));
  } catch {
    // The server was faster; then it has the rest.
  }
}
