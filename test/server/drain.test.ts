// The end of a server, seen from real sockets: who is being served is served to the end, who waits is let
// go, nobody new comes in, and none of it takes longer than it may.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { Agent, type IncomingMessage, request } from "node:http";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startCoffer, type TestCoffer } from "../support/server.ts";

const launcher = fileURLToPath(new URL("../../bin/coffer", import.meta.url));
const org = "/v1/organizations/default";

let coffer: TestCoffer;
beforeEach(async () => {
  coffer = await startCoffer({ env: { COFFER_DRAIN_SECONDS: "5" } });
});
afterEach(() => coffer.stop());

/** A request by hand, so that it can be half sent. */
async function dial(): Promise<{ socket: Socket; received: () => string; ended: Promise<void> }> {
  const { port, hostname } = new URL(coffer.url);
  const socket = connect(Number(port), hostname);
  await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  let text = "";
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  socket.on("error", () => undefined);
  return {
    socket,
    received: () => text,
    ended: new Promise((resolve) => void socket.once("close", () => resolve())),
  };
}

const head = (method: string, path: string, more = "") =>
  `${method} ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${coffer.token}\r\n${more}\r\n`;

test("what is under way is answered whole and told that the connection closes", async () => {
  const { socket, received, ended } = await dial();
  const body = JSON.stringify({ name: "late", value: "v" });
  const length = `content-type: application/json\r\ncontent-length: ${body.length}\r\n`;
  socket.write(head("POST", `${org}/stores/default/secrets`, length) + body.slice(0, 5));
  // It is with the server: another request after it is answered.
  expect((await coffer.call(null).get("/healthz")).status).toBe(200);
  const stopped = coffer.stop();
  await new Promise((resolve) => setTimeout(resolve, 100));
  socket.write(body.slice(5));
  await ended;
  expect(received()).toMatch(/^HTTP\/1\.1 201 /);
  expect(received().toLowerCase()).toContain("\r\nconnection: close\r\n");
  await stopped;
});

test("nobody new comes in, and idle connections are closed", async () => {
  const agent = new Agent({ keepAlive: true });
  const asked = (path: string) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      request(coffer.url + path, { agent }, (answer) => {
        answer.resume();
        answer.once("end", () => resolve(answer));
      })
        .once("error", reject)
        .end();
    });
  expect((await asked("/healthz")).headers.connection).toBe("keep-alive");
  const silent = await dial();
  await coffer.stop();
  await silent.ended;
  await expect(dial()).rejects.toThrow();
  agent.destroy();
});

test("who waits for changes is let go at once", async () => {
  const { revision } = (await coffer.call(coffer.token).get(`${org}/changes?since=0`)).body;
  const waiting = coffer.call(coffer.token).get(`${org}/changes?since=${revision}&wait=60`);
  while (coffer.node.operations.feed.waiters === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  const startedMs = performance.now();
  await coffer.stop();
  expect((await waiting).status).toBe(200);
  expect(performance.now() - startedMs).toBeLessThan(4_000);
});

test("who reads slowly gets the whole of his answer", async () => {
  const call = coffer.call(coffer.token);
  const names = Array.from({ length: 120 }, (_, index) => `n${index}`);
  const secrets = `${org}/stores/default/secrets`;
  const made = names.map((name) => call.post(secrets, { name, value: "v".repeat(65_536) }));
  for (const { status } of await Promise.all(made)) expect(status).toBe(201);
  const { socket, received, ended } = await dial();
  socket.pause();
  const body = JSON.stringify({ names });
  const length = `content-type: application/json\r\ncontent-length: ${body.length}\r\n`;
  socket.write(head("POST", `${org}/stores/default/values`, length) + body);
  // All of it was handed over, and is more than the system takes.
  while ((await revealed()) < names.length) await new Promise((resolve) => setTimeout(resolve, 20));
  await new Promise((resolve) => setTimeout(resolve, 200));
  const stopped = coffer.stop();
  await new Promise((resolve) => setTimeout(resolve, 300));
  socket.resume();
  await Promise.all([ended, stopped]);
  const [, size] = /content-length: (\d+)/i.exec(received()) ?? [];
  expect(Number(size)).toBeGreaterThan(120 * 65_536);
  expect(received().length - received().indexOf("\r\n\r\n") - 4).toBe(Number(size));
});

async function revealed(): Promise<number> {
  const { body } = await coffer.call(coffer.token).get(`${org}/audit?action=secret.reveal&limit=1000`);
  return body.items.length;
}

test("a watch ends whole, and its connection does not keep the server", async () => {
  const { socket, received, ended } = await dial();
  socket.write(head("GET", "/apis/secret.grafana.app/v1beta1/namespaces/default/securevalues?watch=true"));
  // Its headers are out long before it ends, so they cannot say that the connection closes.
  while (!received().startsWith("HTTP/1.1 200") || coffer.node.operations.feed.waiters === 0)
    await new Promise((resolve) => setTimeout(resolve, 5));
  const startedMs = performance.now();
  await coffer.stop();
  await ended;
  expect(received()).toMatch(/\r\n0\r\n\r\n$/);
  expect(performance.now() - startedMs).toBeLessThan(4_000);
});

test("who is not done in time is cut off, and the server ends", async () => {
  const { socket, ended } = await dial();
  socket.write(head("POST", `${org}/stores/default/secrets`, "content-length: 100\r\n"));
  expect((await coffer.call(null).get("/healthz")).status).toBe(200);
  const startedMs = performance.now();
  await coffer.stop();
  await ended;
  const tookMs = performance.now() - startedMs;
  expect(tookMs).toBeGreaterThan(4_500);
  expect(tookMs).toBeLessThan(15_000);
});

test("a second signal ends the process at once", async () => {
  const folder = mkdtempSync(join(tmpdir(), "coffer-drain-"));
  const args = [launcher, "serve", "--data", join(folder, "data"), "--listen", "127.0.0.1:0"];
  const child: ChildProcess = spawn(process.execPath, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env.PATH, COFFER_DRAIN_SECONDS: "60" },
  });
  try {
    let log = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      log += chunk.toString();
    });
    const seen = async (text: string) => {
      while (!log.includes(text)) await new Promise((resolve) => setTimeout(resolve, 10));
    };
    await seen('"msg":"listening"');
    const { url, token } = JSON.parse(readFileSync(join(folder, "data", "bootstrap.json"), "utf8"));
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    socket.on("error", () => undefined);
    socket.write(
      `POST ${org}/groups HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\ncontent-length: 9\r\n\r\n`,
    );
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    child.kill("SIGTERM");
    await seen("draining");
    const ended = new Promise<number | null>((resolve) => void child.once("exit", resolve));
    child.kill("SIGTERM");
    expect(await ended).toBe(143);
  } finally {
    child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
});
