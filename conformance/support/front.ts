// A way to a server that shows what a client sent and what it was answered, can hold requests back while the
// server behind it is changed for another, and can lose answers. It changes nothing on the way.
import { createServer, type IncomingHttpHeaders, request } from "node:http";
import type { AddressInfo } from "node:net";

export interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly status: number;
}

export interface Front {
  readonly url: string;
  /** What was answered since the last look, in order. */
  seen(): readonly Exchange[];
  /** Called after each answer; the next request waits until it is done. */
  after: (exchange: Exchange) => Promise<void>;
  /** Asked once the server has done it: true, and the client hears nothing more on that connection. */
  loses: (asked: Pick<Exchange, "method" | "path">) => boolean;
  close(): void;
}

/** `behind` answers where the server is now. */
export async function openFront(behind: () => string): Promise<Front> {
  let exchanges: Exchange[] = [];
  let turn = Promise.resolve();
  const server = createServer((asked, answered) => {
    const { method = "", url: path = "", headers } = asked;
    turn = turn.then(async () => {
      const { promise, resolve, reject } = Promise.withResolvers<number>();
      const onward = request(behind() + path, { method, headers }, (answer) => {
        if (front.loses({ method, path })) {
          answer.resume();
          answered.destroy();
        } else {
          answered.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
          answer.pipe(answered);
        }
        answer.on("end", () => resolve(answer.statusCode ?? 502));
      });
      onward.on("error", reject);
      asked.pipe(onward);
      const exchange = { method, path, headers, status: await promise.catch(() => 0) };
      if (exchange.status === 0) answered.destroy();
      exchanges.push(exchange);
      await front.after(exchange);
    });
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const { port } = server.address() as AddressInfo; // a TCP server that listens has one
  const front: Front = {
    url: `http://127.0.0.1:${port}`,
    seen() {
      const seen = exchanges;
      exchanges = [];
      return seen;
    },
    after: async () => {},
    loses: () => false,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
  return front;
}
