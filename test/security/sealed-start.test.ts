// A server without its root key starts sealed: it says which key it wants, answers every request with
// 503, writes nothing, and makes no key. With the key back everything is there.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { newRootKeyFile } from "../../src/server/keys.ts";
import { startServer } from "../crash/child.ts";
import { wireTo } from "../crash/wire.ts";
import { clientOf } from "../support/server.ts";

const root = join(import.meta.dirname, "..", "..");
const secrets = "/v1/organizations/default/stores/default/secrets";
const value = "still here";

let out: string;
let data: string;
let token: string;
let keyId: string;

/** A server that was killed: its log still holds what the database file does not. */
beforeAll(async () => {
  out = mkdtempSync(join(tmpdir(), "coffer-sealed-"));
  data = join(out, "data");
  const server = startServer({ out, data, database: null });
  const url = await server.ready;
  token = JSON.parse(readFileSync(join(data, "bootstrap.json"), "utf8")).token;
  const wire = wireTo(url, token, 1);
  expect((await wire.send("POST", secrets, { name: "kept", value }))?.status).toBe(201);
  wire.close();
  await server.kill();
  keyId = /rk_[0-9a-f]{16}/.exec(keyFile())?.[0] ?? "no key id";
  expect(statSync(join(data, "coffer.db-wal")).size).toBeGreaterThan(0);
});

afterAll(() => rmSync(out, { recursive: true, force: true }));

const running: Started[] = [];
afterEach(async () => {
  for (const started of running.splice(0)) await started.stop();
});

const keyPath = () => join(data, "root.key");
const keyFile = () => readFileSync(keyPath(), "utf8");

interface Started {
  readonly url: string;
  readonly stdout: () => string;
  readonly stderr: () => string;
  stop(): Promise<void>;
}

/** As an operator starts it, by `bin/coffer`. */
async function serve(env: Record<string, string> = {}): Promise<Started> {
  const child = spawn(join(root, "bin/coffer"), ["serve", "--data", data, "--listen", "127.0.0.1:0"], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: `${join(root, "node_modules/.bin")}:${process.env.PATH}`, ...env },
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const stop = async () => {
    child.kill("SIGTERM");
    await ended;
  };
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.on("data", () => {
      const found = /http:\/\/[^\s:]+:\d+/.exec(stdout)?.[0];
      if (found !== undefined && stdout.endsWith("\n")) resolve(found);
    });
    void ended.then(() => reject(new Error(`it ended: ${stdout}${stderr}`)));
  });
  const started = { url, stdout: () => stdout, stderr: () => stderr, stop };
  running.push(started);
  return started;
}

/** Everything in the folder but what is nobody's data: shared memory and locks. */
function fingerprints(): Record<string, string> {
  const files = readdirSync(data).filter((name) => !/(-shm|\.lock(-journal)?)$/.test(name));
  return Object.fromEntries(
    files.map((name) => [
      name,
      createHash("sha256")
        .update(readFileSync(join(data, name)))
        .digest("hex"),
    ]),
  );
}

type Undo = () => void;

/** What an operator may get wrong; each answers how to put it right. */
const mistakes: readonly (readonly [string, () => Undo])[] = [
  ["the key file is missing", () => aside(() => undefined)],
  ["the key is another one", () => aside(() => writeFileSync(keyPath(), newRootKeyFile(), { mode: 0o600 }))],
  [
    "the key file is cut short",
    () => aside((text) => writeFileSync(keyPath(), text.slice(0, -30), { mode: 0o600 })),
  ],
  [
    "the key has a mistyped letter",
    () => aside((text) => writeFileSync(keyPath(), mistyped(text), { mode: 0o600 })),
  ],
  ["the key file is empty", () => aside(() => writeFileSync(keyPath(), "", { mode: 0o600 }))],
  [
    "others may read the key file",
    () => {
      chmodSync(keyPath(), 0o640);
      return () => chmodSync(keyPath(), 0o600);
    },
  ],
  ["the key file is a link", () => aside((_, kept) => symlinkSync(kept, keyPath()))],
];

function aside(instead: (text: string, kept: string) => void): Undo {
  const kept = join(out, "root.key.kept");
  const text = keyFile();
  renameSync(keyPath(), kept);
  instead(text, kept);
  return () => {
    rmSync(keyPath(), { force: true });
    renameSync(kept, keyPath());
  };
}

function mistyped(text: string): string {
  return text.replace(/ ([A-Za-z0-9+/])([A-Za-z0-9+/]{42}=)/, (_, first: string, rest: string) =>
    first === "A" ? ` B${rest}` : ` A${rest}`,
  );
}

const requests: readonly (readonly [string, string, unknown?, Record<string, string>?])[] = [
  ["GET", "/v1/whoami"],
  ["GET", `${secrets}/kept/value`],
  ["PUT", `${secrets}/kept/value`, { value: "new" }],
  ["POST", secrets, { name: "more", value: "x" }],
  ["DELETE", `${secrets}/kept`],
  ["GET", "/v1/openapi.json"],
  ["GET", "/v1/there/is/no/such/route"],
  ["GET", "/nothing"],
  ["GET", "/"],
  ["POST", "/v2/organizations/default/clusters", "{ not json"],
  ["GET", "/v3/jobs/0198c2a0-0000-7000-8000-00000000dead/secrets?key=KEPT"],
  ["POST", "/client/v4//accounts/0198c2a000007000800000000000dead/secrets_store/stores", "{ not json"],
  ["PATCH", "/v1/%zz"],
];

describe("a sealed start", () => {
  test.each(mistakes)("when %s", async (_, mistake) => {
    const undo = mistake();
    try {
      const before = fingerprints();
      const started = await serve();
      expect(started.stdout()).toContain("SEALED");
      expect(started.stdout()).toContain(keyId);
      for (const credential of [token, null, "nonsense"]) {
        for (const [method, path, body] of requests) {
          const answer = await send(started.url, credential, method, path, body);
          expect(`${method} ${path} ${answer.status}`).toBe(`${method} ${path} 503`);
          expect(answer.headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
          if (/^\/v[23]\//.test(path)) {
            expect(answer.body).toEqual({ message: "Service Unavailable" });
            continue;
          }
          if (path.startsWith("/client/v4/")) {
            const errors = [{ code: 1002, message: "service_unavailable" }];
            expect(answer.body).toEqual({ success: false, errors, messages: [], result: null });
            continue;
          }
          const { code, message, requestId } = answer.body.error;
          expect(code).toBe("server.sealed");
          expect(message).toBe("The server is sealed: it was started without its root key.");
          expect(requestId).toBe(answer.headers.get("x-request-id"));
        }
      }
      const ready = await send(started.url, null, "GET", "/readyz");
      expect(ready).toMatchObject({ status: 503, body: { status: "sealed", expects: keyId } });
      expect((await send(started.url, null, "GET", "/healthz")).status).toBe(200);
      await started.stop();
      expect(started.stderr()).toContain(`"expects":"${keyId}"`);
      expect(fingerprints()).toEqual(before);
    } finally {
      undo();
    }
  });

  test("and with the key back everything is there", () => everythingIsThere({}));

  test("with a wrong key from the environment, and then the right one from there", async () => {
    const text = keyFile();
    const undo = aside(() => undefined);
    try {
      const before = fingerprints();
      const started = await serve({ COFFER_ROOT_KEY: newRootKeyFile() });
      expect(started.stdout()).toContain(keyId);
      expect((await send(started.url, token, "GET", "/v1/whoami")).status).toBe(503);
      await started.stop();
      expect(fingerprints()).toEqual(before);
      expect(existsSync(keyPath())).toBe(false);
      await everythingIsThere({ COFFER_ROOT_KEY: text });
    } finally {
      undo();
    }
  });

  test("with a wrong passphrase, and then the right one", async () => {
    const place = { out, data: join(out, "by-passphrase"), database: null };
    const env = { COFFER_ROOT_PASSPHRASE: "correct horse battery staple" };
    const first = startServer(place, { env });
    const url = await first.ready;
    const own = JSON.parse(readFileSync(join(place.data, "bootstrap.json"), "utf8")).token;
    const wire = wireTo(url, own, 1);
    expect((await wire.send("POST", secrets, { name: "kept", value }))?.status).toBe(201);
    wire.close();
    await first.kill();
    expect(readdirSync(place.data)).not.toContain("root.key");
    const wanted = /rk_[0-9a-f]{16}/.exec(readFileSync(join(place.data, "root.passphrase"), "utf8"))?.[0];
    const home = data;
    data = place.data;
    try {
      const before = fingerprints();
      for (const wrong of [{ COFFER_ROOT_PASSPHRASE: "correct horse battery stable" }, {}]) {
        const started = await serve(wrong);
        expect(started.stdout()).toContain("SEALED");
        const ready = await send(started.url, null, "GET", "/readyz");
        expect(ready).toMatchObject({ status: 503, body: { status: "sealed", expects: wanted } });
        expect((await send(started.url, own, "GET", "/v1/whoami")).status).toBe(503);
        await started.stop();
        expect(started.stdout() + started.stderr()).not.toContain("battery");
      }
      expect(fingerprints()).toEqual(before);
      const started = await serve(env);
      const answer = await send(started.url, own, "GET", `${secrets}/kept/value`);
      expect(answer).toMatchObject({ status: 200, body: { value } });
      await started.stop();
    } finally {
      data = home;
    }
  });

  test("a sealed server still has the folder to itself", async () => {
    const undo = aside(() => undefined);
    try {
      const started = await serve();
      await expect(serve()).rejects.toThrow("Another server is running");
      await started.stop();
    } finally {
      undo();
    }
  });
});

/** Read on a copy, so that the next mistake meets the same killed server's folder. */
async function everythingIsThere(env: Record<string, string>): Promise<void> {
  const kept = join(out, "data.kept");
  cpSync(data, kept, { recursive: true });
  try {
    const started = await serve(env);
    expect(started.stdout()).not.toContain("SEALED");
    const answer = await send(started.url, token, "GET", `${secrets}/kept/value`);
    expect(answer).toMatchObject({ status: 200, body: { value } });
    await started.stop();
  } finally {
    rmSync(data, { recursive: true });
    renameSync(kept, data);
  }
}

function send(url: string, credential: string | null, method: string, path: string, body?: unknown) {
  const client = clientOf(url, credential);
  switch (method) {
    case "GET":
      return client.get(path);
    case "POST":
      return client.post(path, body);
    case "PUT":
      return client.put(path, body);
    case "PATCH":
      return client.patch(path, body);
    default:
      return client.delete(path);
  }
}
