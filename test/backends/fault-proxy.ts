// Stands between a server and a remote, in the process of the test, which outlives both: it passes every
// request on, but for those for which a fault was planted. It knows http and nothing of what is said in it.
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { listening } from "./kv2-server.ts";

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** One request that the server sent, and what may be done with it. */
export interface Exchange {
  readonly method: string;
  /** As it was sent, with its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Hands it to the remote; the server is told nothing by that. Also when the server is long gone. */
  apply(): Promise<Reply>;
  answer(reply: Reply): void;
  /** Half of the body, then the end of the connection. */
  truncate(reply: Reply): void;
  /** The end of the connection, without a word. */
  drop(): void;
}

export type Fault = (exchange: Exchange) => Promise<void>;

export interface Planted {
  /** Resolves when the first request meets the fault. */
  readonly met: Promise<Exchange>;
  /** How many requests met it. */
  count(): number;
  remove(): void;
}

export interface FaultProxy {
  readonly url: string;
  /** Requests that came so far, whatever became of them. */
  count(): number;
  plant(matches: (exchange: Exchange) => boolean, fault: Fault, times?: number): Planted;
  /** Removes all faults. */
  clear(): void;
  close(): Promise<void>;
}

interface Trap {
  readonly matches: (exchange: Exchange) => boolean;
  readonly fault: Fault;
  readonly meet: (exchange: Exchange) => void;
  left: number;
  met: number;
}

export async function startFaultProxy(upstream: string): Promise<FaultProxy> {
  let traps: Trap[] = [];
  let count = 0;
  const server = createServer((incoming, outgoing) => {
    void (async () => {
      const exchange = exchangeOf(upstream, incoming, outgoing, await bodyOf(incoming));
      count += 1;
      const trap = traps.find(({ matches, left }) => left > 0 && matches(exchange));
      if (trap === undefined) return await passOn(exchange);
      trap.left -= 1;
      trap.met += 1;
      trap.meet(exchange);
      return await trap.fault(exchange);
    })().catch(() => outgoing.destroy());
  });
  await listening(server);
  const { port } = server.address() as AddressInfo; // a TCP server's
  return {
    url: `http://127.0.0.1:${port}`,
    count: () => count,
    plant(matches, fault, times = Number.POSITIVE_INFINITY) {
      const { promise, resolve } = Promise.withResolvers<Exchange>();
      const trap: Trap = { matches, fault, meet: resolve, left: times, met: 0 };
      traps.push(trap);
      return {
        met: promise,
        count: () => trap.met,
        remove() {
          traps = traps.filter((other) => other !== trap);
        },
      };
    },
    clear() {
      traps = [];
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export const passOn: Fault = async (exchange) => exchange.answer(await exchange.apply());

export const dropBefore: Fault = async (exchange) => exchange.drop();

export const applyThenDrop: Fault = async (exchange) => {
  await exchange.apply();
  exchange.drop();
};

export const truncated: Fault = async (exchange) => exchange.truncate(await exchange.apply());

/** Of a remote that is down or has too much to do: nothing is applied. */
export function answers(reply: Reply): Fault {
  return async (exchange) => exchange.answer(reply);
}

/** What was planned happens before the remote hears of it. */
export function first(action: () => Promise<unknown>, then: Fault = passOn): Fault {
  return async (exchange) => {
    await action();
    await then(exchange);
  };
}

/** What was planned happens when the remote has applied it, and its answer is not yet given. */
export function between(action: () => Promise<unknown>): Fault {
  return async (exchange) => {
    const reply = await exchange.apply();
    await action();
    exchange.answer(reply);
  };
}

/** Kept back until it is let go; whoever sent it may be gone by then. */
export function held(then: Fault = passOn): { readonly fault: Fault; letGo(): Promise<void> } {
  const gate = Promise.withResolvers<void>();
  const under: Promise<void>[] = [];
  return {
    fault(exchange) {
      const work = gate.promise.then(() => then(exchange));
      under.push(work);
      return work;
    },
    async letGo() {
      gate.resolve();
      await Promise.all(under);
    },
  };
}

function exchangeOf(
  upstream: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  body: Buffer,
): Exchange {
  const method = incoming.method ?? "GET";
  const path = incoming.url ?? "/";
  const { host, connection, ...headers } = incoming.headers as Record<string, string>;
  return {
    method,
    path,
    headers,
    body,
    apply: () => forward(upstream, method, path, headers, body),
    answer: ({ status, headers: said, body: bytes }) =>
      void outgoing.writeHead(status, { ...said, "content-length": bytes.length }).end(bytes),
    truncate({ status, headers: said, body: bytes }) {
      outgoing.writeHead(status, { ...said, "content-length": bytes.length });
      outgoing.write(bytes.subarray(0, bytes.length / 2), () => outgoing.destroy());
    },
    drop: () => void outgoing.destroy(),
  };
}

function forward(
  upstream: string,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  body: Buffer,
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const sent = request(new URL(path, upstream), { method, headers, agent: false }, (response) => {
      bodyOf(response).then((bytes) => {
        const type = String(response.headers["content-type"] ?? "application/json");
        resolve({ status: response.statusCode ?? 0, headers: { "content-type": type }, body: bytes });
      }, reject);
    });
    sent.once("error", reject);
    sent.end(body);
  });
}

async function bodyOf(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}
