// The process behind `bare.ts`: node:http and nothing else.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Canned } from "./bare.ts";

process.once("message", ({ status, headers, bodyBase64, keepAliveSeconds }: Canned) => {
  const body = Buffer.from(bodyBase64, "base64");
  const sent = [...headers];
  const server = createServer((_request, response) => {
    response.writeHead(status, sent);
    response.end(body);
  });
  server.keepAliveTimeout = keepAliveSeconds * 1_000;
  server.listen(0, "127.0.0.1", () => {
    const { port } = server.address() as AddressInfo; // a TCP server that listens has one
    process.send?.(port);
  });
});
