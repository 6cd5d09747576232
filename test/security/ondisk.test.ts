// A 2xx is on disk. SIGKILL cannot show it, because the page cache outlives the process: strace shows
// the sync between the request and its answer, for writes and for the record of a reveal.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { startServer } from "../crash/child.ts";
import { wireTo } from "../crash/wire.ts";
import { have } from "../support/requirements.ts";
import { callsIn, durability } from "./trace.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

const secrets = "/v1/organizations/default/stores/default/secrets";
const traced = "read,recvfrom,recvmsg,write,writev,sendto,sendmsg,pwrite64,pwritev,fsync,fdatasync";
/** The requests whose durability is asked for, each with the status it must have. */
const requests = [
  ["POST", secrets, 201, { name: "made", value: "one" }],
  ["PUT", `${secrets}/made/value`, 200, { value: "two" }],
  ["PATCH", `${secrets}/made`, 200, { description: "three" }],
  ["GET", `${secrets}/made/value`, 200],
  // From here on nothing but the record of the reveal is written.
  ["GET", `${secrets}/made/value?by=name`, 200],
  ["POST", "/v1/organizations/default/stores/default/values", 200, { names: ["made"] }],
  ["DELETE", `${secrets}/made`, 204],
] as const;

async function verdicts(faults?: URL): Promise<string[]> {
  const out = mkdtempSync(join(tmpdir(), "coffer-ondisk-"));
  folders.push(out);
  const data = join(out, "data");
  const trace = join(out, "trace");
  const under = ["strace", "-f", "-y", "-s", "200", "-e", `trace=${traced}`, "-o", trace];
  // No commits but those of the requests.
  const env = { COFFER_TEST_HEAD_EVERY_MS: "3600000" };
  const starting = { under, env, ...(faults === undefined ? {} : { faults }) };
  const server = startServer({ out, data, database: null }, starting);
  const url = await server.ready;
  const { token } = JSON.parse(readFileSync(join(data, "bootstrap.json"), "utf8"));
  const wire = wireTo(url, token, 1);
  // The first write into a new log syncs its header whatever else is set.
  await wire.send("POST", secrets, { name: "warm", value: "up" });
  for (const [method, path, status, body] of requests) {
    expect((await wire.send(method, path, body))?.status).toBe(status);
  }
  wire.close();
  await server.kill();
  const calls = callsIn(readFileSync(trace, "utf8"));
  return requests.map(([method, path]) => `${method} ${durability(calls, `${method} ${path} HTTP`)}`);
}

describe.runIf(have("strace"))("between a request and its 2xx", () => {
  test("the log is written and synced, for writes and for reveals", async () => {
    expect(await verdicts()).toEqual(requests.map(([method]) => `${method} synced`));
  });

  test("the proof fails under synchronous=NORMAL", async () => {
    const lax = await verdicts(new URL("./lax-sync.ts", import.meta.url));
    expect(lax).toEqual(requests.map(([method]) => `${method} no sync`));
  });
});

test("the trace is read as it is meant: a sync that ends after the answer began counts for nothing", () => {
  const read = '7 read(20<TCP:[1]>, "PUT /x HTTP/1.1", 65536) = 90';
  const log = "</data/coffer.db-wal>";
  const written = `8 pwrite64(11${log}, "..."..., 4096, 0) = 4096`;
  const sync = `8 fdatasync(11${log}) = 0`;
  const answer = '7 write(20<TCP:[1]>, "HTTP/1.1 200 OK", 200) = 200';
  const verdict = (...lines: string[]) => durability(callsIn(lines.join("\n")), "PUT /x HTTP");
  expect(verdict(read, written, sync, answer)).toBe("synced");
  expect(verdict(read, sync, written, answer)).toBe("no sync");
  expect(verdict(read, written, answer, sync)).toBe("no sync");
  expect(verdict(read, answer)).toBe("nothing written");
  expect(verdict(written, sync, answer)).toBe("no such request");
  const late = ["8 <... fdatasync resumed>) = 0"];
  const begun = `8 fdatasync(11${log} <unfinished ...>`;
  expect(verdict(read, written, begun, answer, ...late)).toBe("no sync");
  expect(verdict(read, written, begun, ...late, answer)).toBe("synced");
  expect(verdict(read, written, sync.replace("= 0", "= -1 EIO (Input/output error)"), answer)).toBe(
    "no sync",
  );
});
