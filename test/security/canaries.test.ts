// No value, token or key stands anywhere it should not: logs at level trace, the database and its WAL,
// errors of every kind, the process's arguments and environment. The scanner is shown to see first.
import { randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { backup } from "../../src/server/backup.ts";
import { logFile, type Server, startServer, withParameter } from "../crash/child.ts";
import { tokenSecretOf } from "../support/server.ts";
import { type Canary, findCanaries } from "./canary.ts";

const secrets = "/v1/organizations/default/stores/default/secrets";

/** Text that every encoding writes differently. */
const canary = (name: string): Canary => ({
  name,
  bytes: Buffer.from(`cnry ${name} "${randomBytes(9).toString("hex")}" äß/\u{1F511}&+%\\ end`),
});
const textOf = ({ bytes }: Canary) => bytes.toString("utf8");

/** Written without the scanner's own code. */
const encoders: Readonly<Record<string, (text: string) => string | Buffer>> = {
  plain: (text) => text,
  hex: (text) => Buffer.from(text).toString("hex"),
  "hex in capitals": (text) => Buffer.from(text).toString("hex").toUpperCase(),
  base64: (text) => Buffer.from(text).toString("base64"),
  base64url: (text) => Buffer.from(text).toString("base64url"),
  URL: (text) => new URL(`http://x/?y=${encodeURIComponent(text)}`).href,
  "form field": (text) => String(new URLSearchParams({ y: text })),
  "URL, each byte": (text) => Buffer.from(text).toString("hex").replaceAll(/../g, "%$&"),
  JSON: (text) => JSON.stringify({ y: text }),
  "JSON in ASCII": (text) =>
    JSON.stringify(text).replaceAll(
      /[\u0080-\uffff]/g,
      (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
    ),
  "JSON, all escaped": (text) =>
    text.replaceAll(
      /[\s\S]/g,
      (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0").toUpperCase()}`,
    ),
  "JSON within JSON": (text) => JSON.stringify({ log: JSON.stringify({ y: text }) }),
  "UTF-16": (text) => Buffer.from(text, "utf16le"),
  "Latin-1": (text) => Buffer.from(text, "latin1"),
};

describe("the scanner", () => {
  test.each(Object.entries(encoders))("finds a planted canary as %s, wherever it starts", (_, encode) => {
    const it = canary("planted");
    const encoded = ["", "a", "ab", "abc"].flatMap((before) =>
      ["", "z", "yz"].map((after) => encode(before + textOf(it) + after)),
    );
    for (const planted of encoded) {
      const content = Buffer.concat([randomBytes(5_000), Buffer.from(planted), randomBytes(5_000)]);
      expect(findCanaries("here", content, [it])).not.toEqual([]);
      expect(findCanaries("here", content, [canary("planted")])).toEqual([]);
    }
  });

  test("finds bytes that are no text", () => {
    const key: Canary = { name: "key", bytes: randomBytes(32) };
    for (const form of ["hex", "base64", "base64url"] as const) {
      expect(findCanaries(form, Buffer.from(`x${key.bytes.toString(form)}`), [key])).not.toEqual([]);
    }
    expect(findCanaries("raw", Buffer.concat([Buffer.from("x"), key.bytes]), [key])).not.toEqual([]);
  });
});

describe("a server at log level trace", () => {
  const values = { value: canary("value"), second: canary("second value"), past: canary("past value") };
  const rejected = canary("rejected input");
  // Short, because the runtime quotes only short texts whole.
  const quoted: Canary = {
    name: "quoted by an error",
    bytes: Buffer.from(`q${randomBytes(6).toString("hex")}`),
  };
  let out: string;
  let data: string;
  let url: string;
  let token: string;
  let pid: number;
  let server: Server;
  const answers: string[] = [];
  let keys: Canary[];

  beforeAll(async () => {
    out = mkdtempSync(join(tmpdir(), "coffer-canaries-"));
    data = join(out, "data");
    server = startServer(
      { out, data, database: null },
      {
        faults: withParameter(
          "../security/leaky-faults.ts",
          "quoted",
          [...textOf(quoted)].reverse().join(""),
        ),
        env: { COFFER_LOG_LEVEL: "trace", COFFER_TEST_SEEN: textOf(quoted) },
      },
    );
    url = await server.ready;
    pid = await server.pid;
    token = JSON.parse(readFileSync(join(data, "bootstrap.json"), "utf8")).token;
    const secret = tokenSecretOf(token);
    const root = / ([A-Za-z0-9+/]{43}=)/.exec(readFileSync(join(data, "root.key"), "utf8"))?.[1] ?? "";
    keys = [
      { name: "the token", bytes: Buffer.from(secret) },
      { name: "the token's bytes", bytes: Buffer.from(secret, "base64url") },
      { name: "the root key", bytes: Buffer.from(root, "base64") },
    ];
    expect(keys.map(({ bytes }) => bytes.length)).toEqual([43, 32, 32]);
  });

  afterAll(async () => {
    await server.kill();
    rmSync(out, { recursive: true, force: true });
  });

  /** Raw, so that anything can be sent; the answer with its headers as text. */
  async function send(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; text: string }> {
    const raw = typeof body === "string" ? body : body === undefined ? undefined : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const sent = request(url + path, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(raw === undefined ? {} : { "content-type": "application/json" }),
          ...headers,
        },
      });
      sent.once("error", reject);
      sent.once("response", (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.once("end", () => {
          const text = JSON.stringify(response.rawHeaders) + Buffer.concat(chunks).toString();
          resolve({ status: response.statusCode ?? 0, text });
        });
      });
      sent.end(raw);
    });
  }

  /** An answer that must not repeat what was sent. */
  async function refused(status: number, ...asked: Parameters<typeof send>): Promise<void> {
    const answer = await send(...asked);
    expect(`${asked[0]} ${asked[1].slice(0, 80)} ${answer.status}`).toBe(
      `${asked[0]} ${asked[1].slice(0, 80)} ${status}`,
    );
    answers.push(answer.text);
  }

  /** Everything the process wrote or shows, but the two files whose purpose it is. */
  function everywhere(all: readonly Canary[]): string[] {
    const files = readdirSync(data)
      .filter((name) => name !== "root.key" && name !== "bootstrap.json")
      .map((name) => join(data, name));
    const places = [...files, join(out, "heads.log"), logFile({ out, data, database: null })];
    const seen = places.flatMap((place) => findCanaries(place, readFileSync(place), all));
    return [...seen, ...findCanaries("the arguments", readFileSync(`/proc/${pid}/cmdline`), all)];
  }

  test("keeps values out of everything it writes", async () => {
    expect((await send("POST", secrets, { name: "kept", value: textOf(values.past) })).status).toBe(201);
    const put = { value: textOf(values.value) };
    expect((await send("PUT", `${secrets}/kept/value`, put)).status).toBe(200);
    expect((await send("PATCH", `${secrets}/kept`, { ...put, description: "d" })).status).toBe(200);
    expect((await send("POST", secrets, { name: "other", value: textOf(values.second) })).status).toBe(201);
    for (const path of ["/kept/value", "/kept/value?version=1", "/other/value"]) {
      expect((await send("GET", secrets + path)).status).toBe(200);
    }
    const batch = await send("POST", "/v1/organizations/default/stores/default/values", {
      names: ["kept", "no"],
    });
    expect(batch.text).toContain(JSON.stringify(textOf(values.value)));
    expect((await send("POST", `${secrets}/kept/versions/1/restore`)).status).toBe(200);
    expect((await send("POST", `${secrets}/other/move`, { store: "default", name: "moved" })).status).toBe(
      200,
    );
    expect((await send("DELETE", `${secrets}/moved`)).status).toBe(204);
    const shown = ["", "/kept", "/kept/versions"].map((path) => send("GET", secrets + path));
    shown.push(
      send("GET", "/v1/organizations/default/audit"),
      send("GET", "/v1/organizations/default/changes?since=1"),
    );
    shown.push(send("GET", "/v1/organizations/default/trash"), send("GET", "/v1/whoami"));
    for (const { status, text } of await Promise.all(shown)) {
      expect(status).toBe(200);
      answers.push(text);
    }
  });

  test("echoes no rejected input, whatever field it comes in", async () => {
    const it = textOf(rejected);
    const long = it + "x".repeat(70_000);
    const path = encodeURIComponent(it);
    const body = { name: "n", value: "v" };
    for (const wrong of [
      { ...body, name: `${it}\u0000` },
      { ...body, name: long },
      { ...body, name: [it] },
      { ...body, value: { [it]: it } },
      { ...body, value: long },
      { ...body, value: `${it}\ud800` },
      { ...body, description: [it] },
      { ...body, description: long },
      { ...body, policy: { [it]: it } },
      { ...body, policy: long },
      { ...body, policy: it },
      { ...body, policy: `- ${it}: x` },
      { ...body, policy: `- build_branch: [[${it}]]` },
      { ...body, policy: `- build_branch: *${it}` },
      { ...body, policy: `- build_branch: "${it}` },
      { ...body, consumers: it },
      { ...body, consumers: [it, it] },
      { ...body, consumers: [long] },
      { ...body, labels: { [it]: "x" } },
      { ...body, labels: { x: it } },
      { ...body, annotations: { [it]: "x" } },
      { ...body, annotations: { x: [it] } },
      { ...body, expiresAt: it },
      // A short name of an unknown member is told, so that a slip of the pen is found; no long one is.
      { ...body, [it + it]: it },
    ]) {
      await refused(400, "POST", secrets, wrong);
      const { name: _, ...patch } = wrong;
      if (wrong.name === "n") await refused(400, "PATCH", `${secrets}/kept`, patch);
    }
    await refused(400, "POST", secrets, `{"name":"n","value":"${it}`);
    await refused(400, "PUT", `${secrets}/kept/value`, `"${it}`);
    await refused(400, "PUT", `${secrets}/kept/value`, { value: [it] });
    await refused(413, "PUT", `${secrets}/kept/value`, { value: it.repeat(40_000) });
    await refused(415, "PUT", `${secrets}/kept/value`, it, { "content-type": "text/x-unheard-of" });
    await refused(400, "GET", `${secrets}?limit=${path}`);
    await refused(400, "GET", `${secrets}?cursor=${path}`);
    await refused(400, "GET", `${secrets}?${path}${path}=1`);
    await refused(400, "GET", `${secrets}/kept/value?version=${path}`);
    await refused(400, "GET", `${secrets}/kept?by=${path}`);
    await refused(404, "GET", `/v1/${path}`);
    await refused(404, "GET", `/${path}`);
    await refused(404, "GET", `${secrets}/${path}/value/${path}`);
    await refused(401, "GET", "/v1/whoami", undefined, {
      authorization: `Bearer ${rejected.bytes.toString("hex")}`,
    });
    await refused(401, "GET", "/v1/whoami", undefined, { authorization: `Bearer ${token}x` });
    await refused(401, "GET", "/v1/whoami", undefined, {
      authorization: `Basic ${rejected.bytes.toString("base64")}`,
    });
    await refused(409, "POST", secrets, { name: "kept", value: it });
    await refused(404, "PUT", `${secrets}/not-there/value`, { value: it });
    await refused(412, "PUT", `${secrets}/kept/value`, { value: it }, { "if-match": '"1"' });
  });

  test("says nothing of what its own errors quote", async () => {
    const url = encodeURIComponent(textOf(rejected));
    // What a client sends beside: none of it belongs into a log, whatever fails.
    const beside = {
      cookie: `session=${rejected.bytes.toString("base64")}`,
      referer: `https://example.org/${url}`,
      "user-agent": rejected.bytes.toString("hex"),
      "x-forwarded-for": url,
      tracestate: `vendor=${rejected.bytes.toString("base64url")}`,
      traceparent: `00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01`,
    };
    // The engine fails while a copy is committed: 503.
    await refused(503, "POST", `${secrets}/kept/duplicate`, { name: "copy" }, beside);
    // A row that cannot be read: an error of the runtime quotes it. 500.
    const db = new DatabaseSync(join(data, "coffer.db"), { timeout: 5_000 });
    const set = (labels: string | null) =>
      db.prepare("UPDATE secrets SET labels = ? WHERE name = 'kept'").run(labels);
    set(textOf(quoted));
    expect(() => JSON.parse(textOf(quoted))).toThrow(textOf(quoted));
    await refused(500, "GET", `${secrets}/kept`, undefined, beside);
    await refused(500, "PATCH", `${secrets}/kept`, { description: textOf(rejected) }, beside);
    await refused(500, "GET", `${secrets}`, undefined, beside);
    set(null);
    // A value that does not open: 500.
    db.exec("UPDATE secret_versions SET sealed = zeroblob(60) WHERE number = 4");
    await refused(500, "GET", `${secrets}/kept/value`);
    db.close();
    // Metadata is not sealed, so the database may keep for a while what was planted there.
    const log = readFileSync(logFile({ out, data, database: null }));
    expect(findCanaries("the log", log, [quoted])).toEqual([]);
    expect(log.includes("request failed") && log.includes("a reading body failed")).toBe(true);
    expect(log.includes('"traceId":"4bf92f3577b34da6a3ce929d0e0e4736"')).toBe(true);
    expect(findCanaries("the log", log, [rejected])).toEqual([]);
  });

  test("and so nothing is found anywhere, nor in a backup", async () => {
    const all = [...Object.values(values), rejected, ...keys];
    expect(everywhere(all)).toEqual([]);
    const copy = join(out, "all.backup");
    await backup({ data }, copy, { stdout: process.stdout, onRows: () => {} });
    expect(findCanaries("the backup", readFileSync(copy), all)).toEqual([]);
    // Names are in the clear: the scan has read what it should.
    expect(
      findCanaries("the backup", readFileSync(copy), [{ name: "a name", bytes: Buffer.from("moved") }]),
    ).not.toEqual([]);
    for (const answer of answers) {
      expect(findCanaries("an answer", Buffer.from(answer), [...all, quoted])).toEqual([]);
    }
    const environment = readFileSync(`/proc/${pid}/environ`);
    expect(findCanaries("the environment", environment, all)).toEqual([]);
    // The scan would have seen it there: this one was put into the environment.
    expect(findCanaries("the environment", environment, [quoted])).not.toEqual([]);
    expect(answers.length).toBeGreaterThan(50);
    const wal = readdirSync(data).filter((name) => name.startsWith("coffer.db"));
    expect(wal).toEqual(expect.arrayContaining(["coffer.db", "coffer.db-wal"]));
  });
});
