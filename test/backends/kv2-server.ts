// KV version 2 on a port of this machine. Started as a program it is a process of its own, which lives
// as long as its input stays open, and says where it listens; the token comes from its environment.
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Kv2, type Kv2Reply } from "./kv2.ts";

const requestBytesMax = 32 * 1_048_576;

export interface Kv2Server {
  readonly url: string;
  close(): Promise<void>;
}

export async function serveKv2(options: {
  readonly token: string;
  readonly mount?: string;
}): Promise<Kv2Server> {
  const kv2 = new Kv2(options);
  const server = createServer((request, response) => {
    void answerTo(kv2, request).then(({ status, body }) => {
      const text = body === null ? "" : `${JSON.stringify(body)}\n`;
      response.writeHead(status, { "content-type": "application/json" }).end(text);
    });
  });
  await listening(server);
  const { port } = server.address() as AddressInfo; // a TCP server's
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function answerTo(kv2: Kv2, request: IncomingMessage): Promise<Kv2Reply> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > requestBytesMax) return { status: 413, body: { errors: ["request body too large"] } };
    chunks.push(chunk);
  }
  const url = new URL(request.url ?? "/", "http://localhost");
  const token = request.headers["x-vault-token"];
  try {
    const text = Buffer.concat(chunks).toString();
    return kv2.answer({
      method: request.method ?? "GET",
      path: decodeURIComponent(url.pathname).replace(/^\/v1\//, ""),
      query: url.searchParams,
      token: typeof token === "string" ? token : null,
      body: text === "" ? null : JSON.parse(text),
    });
  } catch {
    return { status: 400, body: { errors: ["error parsing JSON"] } };
  }
}

export function listening(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => resolve());
  });
}

if (import.meta.main) {
  const { url } = await serveKv2({ token: process.env.KV2_TOKEN ?? "" });
  process.stdout.write(`${url}\n`);
  // Whoever started it may be killed; then nobody closes anything, but the pipe ends.
  process.stdin.resume().once("end", () => process.exit(0));
}
