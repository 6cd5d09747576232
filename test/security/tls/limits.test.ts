// Slow and rude clients of a TLS listener: they are let go of, others are served meanwhile, and the
// bounds of plain http hold.
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer, type Server, type ServerOptions } from "node:https";
import { type AddressInfo, connect, type Socket } from "node:net";
import { join } from "node:path";
import { afterAll, expect, onTestFinished, test } from "vitest";
import { createApp } from "../../../src/server/app.ts";
import { loadConfig } from "../../../src/server/config.ts";
import { draining } from "../../../src/server/drain.ts";
import { serverLog } from "../../../src/server/log.ts";
import { metricsOf } from "../../../src/server/metrics/metrics.ts";
import { healthOf } from "../../../src/server/ready.ts";
import { openTls } from "../../../src/server/tls/open.ts";
import { selfSigned } from "../../support/certificate.ts";
import { heldClock } from "../../support/coffers.ts";
import { startCoffer } from "../../support/server.ts";
import { ask, folder, handshake } from "./support.ts";

const coffer = await startCoffer();
afterAll(() => coffer.stop());

test("the bounds of requests and connections are those of plain http, and a handshake has one too", () => {
  let given: ServerOptions = {};
  const serverFactory = (bounds: ServerOptions) => (handler: Parameters<typeof createServer>[1]) => {
    given = bounds;
    return createServer(bounds, handler);
  };
  const boundsWith = (tls: Parameters<typeof createApp>[1]["tls"]) => {
    const { config } = loadConfig({}, {});
    const metrics = metricsOf({ version: "test", engine: "sqlite" }, Date.now);
    const watched = { metrics, health: healthOf(coffer.node), draining: draining(), tracing: null };
    const parts = { ...config, ...watched, log: serverLog("silent"), publicUrl: coffer.url };
    const { server } = createApp(coffer.node, { ...parts, tls });
    const { requestTimeout, headersTimeout, keepAliveTimeout, maxConnections } = server;
    return { requestTimeout, headersTimeout, keepAliveTimeout, maxConnections };
  };
  expect(boundsWith({ serverFactory })).toEqual(boundsWith(null));
  expect(given).toMatchObject({ joinDuplicateHeaders: true, handshakeTimeout: 15_000 });
});

/** A listener of ours with bounds that a test can wait for. */
async function listen(bounds: ServerOptions): Promise<{ port: number; certificate: string }> {
  const place = await folder();
  const files = { tlsCert: join(place, "server.pem"), tlsKey: join(place, "server.key") };
  const { certificate, key } = selfSigned(["127.0.0.1"]);
  await writeFile(files.tlsCert, certificate);
  await writeFile(files.tlsKey, key, { mode: 0o600 });
  const { config } = loadConfig(files, {});
  const parts = { config, url: "https://127.0.0.1", clock: heldClock(Date.now()), log: serverLog("silent") };
  const factory = (await openTls(coffer.node, parts))?.serverFactory(bounds);
  const server = factory?.((_, response) => void response.end("served"), {}) as Server;
  server.on("clientError", (_, socket) => void socket.destroy());
  server.listen(0, "127.0.0.1");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, "listening");
  return { port: (server.address() as AddressInfo).port, certificate: files.tlsCert };
}

async function plain(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  onTestFinished(() => void socket.destroy());
  await once(socket, "connect");
  return socket;
}

test("who does not end his handshake is let go of, and holds up nobody", async () => {
  const { port, certificate } = await listen({ handshakeTimeout: 500 });
  const idlers = await Promise.all(Array.from({ length: 200 }, () => plain(port)));
  const ended = idlers.map((socket) => once(socket, "close"));
  // The beginning of a ClientHello, and no more of it.
  for (const socket of idlers.slice(0, 100)) socket.write(Buffer.from("160301020001000", "hex"));
  expect(await ask(`https://127.0.0.1:${port}`, certificate)).toBe("200 served");
  await Promise.all(ended);
});

test("who does not end his headers is let go of", async () => {
  const { port } = await listen({
    headersTimeout: 200,
    requestTimeout: 400,
    connectionsCheckingInterval: 50,
  });
  const socket = await handshake(port, { rejectUnauthorized: false });
  socket.on("error", () => {});
  const dripping = setInterval(() => socket.write("x: y\r\n"), 20);
  onTestFinished(() => clearInterval(dripping));
  socket.write("GET / HTTP/1.1\r\nhost: 127.0.0.1\r\n");
  socket.resume();
  // What still drips in is answered with a reset, which `once` would take for a failure.
  await new Promise((closed) => socket.on("close", closed));
});

test("who speaks plain http, or begins his handshake anew, is let go of", async () => {
  const { port, certificate } = await listen({});
  const rude = await plain(port);
  const ended = once(rude, "close");
  rude.resume();
  rude.write("GET / HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n");
  await ended;
  const again = await handshake(port, { rejectUnauthorized: false, maxVersion: "TLSv1.2" });
  const refused = once(again, "close").catch((error: unknown) => error);
  again.renegotiate({}, () => {});
  expect(await refused).toMatchObject({ code: "ERR_SSL_NO_RENEGOTIATION" });
  expect(await ask(`https://127.0.0.1:${port}`, certificate)).toBe("200 served");
});
