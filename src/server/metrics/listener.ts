// A listener of its own for whoever watches: metrics and health, to all who reach its address, without a
// credential. It knows nothing of the API.
import type { Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createServer } from "../node-http.ts";
import type { Health } from "../ready.ts";
import { contentType } from "./page.ts";

/** A scrape is short; whoever is slower than this is not Prometheus. */
const requestMs = 10_000;
const connectionsMax = 64;

export interface Watched {
  readonly health: Health;
  scrape(): Promise<string>;
}

export interface Listening {
  readonly url: string;
  close(): Promise<void>;
}

export async function listenForMetrics(
  { host, port }: { readonly host: string; readonly port: number },
  watched: Watched,
): Promise<Listening> {
  const server = metricsServer(watched);
  await new Promise<void>((ready, failed) => {
    server.once("error", failed);
    server.listen(port, host, ready);
  });
  const bound = server.address() as AddressInfo; // a TCP server that listens has one
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${bound.port}`,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

function metricsServer({ health, scrape }: Watched): Server {
  const json = (response: ServerResponse, status: number, body: object) =>
    response
      .writeHead(status, { "content-type": "application/json; charset=utf-8" })
      .end(JSON.stringify(body));
  const answer = async (path: string, response: ServerResponse): Promise<void> => {
    if (path === "/healthz") return void json(response, 200, { status: "ok" });
    if (path === "/readyz") {
      const { status, body } = await health.ready();
      return void json(response, status, body);
    }
    if (path !== "/metrics") return void json(response, 404, { error: "not found" });
    const text = await scrape();
    response.writeHead(200, { "content-type": contentType }).end(text);
  };
  const server = createServer((request, response) => {
    request.resume();
    response.setHeader("cache-control", "no-store");
    if (request.method !== "GET") return void json(response, 405, { error: "only GET" });
    const [path = ""] = (request.url ?? "").split("?");
    answer(path, response).catch(() => {
      if (response.headersSent) response.destroy();
      else json(response, 500, { error: "internal" });
    });
  });
  server.requestTimeout = requestMs;
  server.headersTimeout = requestMs;
  server.maxConnections = connectionsMax;
  return server;
}
