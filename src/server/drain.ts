// The end of a listener: nobody new is let in, what is under way gets its answer, and with it the word
// that the connection closes; who is not done in time is cut off.
import type { IncomingMessage, OutgoingHttpHeader, OutgoingHttpHeaders, Server } from "node:http";
import type { Socket } from "node:net";
import { ServerResponse } from "./node-http.ts";

type Headers = OutgoingHttpHeaders | OutgoingHttpHeader[];

/** A connection that fell idle is closed within this. */
const lookMs = 50;

export interface Draining {
  /** For the listener's options: its answers know when it ends. */
  readonly ServerResponse: typeof ServerResponse;
  /** From its first connection on: none is closed as idle while one has still an answer to read. */
  keepWhole(server: Server): void;
  /**
   * Ends what `close` ends. After `mostMs` every connection that is left goes; answers how many those were.
   */
  drain(server: Server, close: () => Promise<void>, mostMs: number): Promise<number>;
}

export function draining(): Draining {
  let ending = false;

  class EndingResponse<Request extends IncomingMessage = IncomingMessage> extends ServerResponse<Request> {
    // Called once for each answer, also where its headers follow from the first byte of the body.
    override writeHead(status: number, reason?: string, headers?: Headers): this;
    override writeHead(status: number, headers?: Headers): this;
    override writeHead(status: number, reason?: string | Headers, headers?: Headers): this {
      if (ending) this.shouldKeepAlive = false;
      return typeof reason === "string"
        ? super.writeHead(status, reason, headers)
        : super.writeHead(status, reason);
    }
  }

  return {
    ServerResponse: EndingResponse,
    keepWhole(server) {
      const sockets = new Set<Socket>();
      const note = (socket: Socket) => {
        sockets.add(socket);
        socket.once("close", () => sockets.delete(socket));
      };
      server.on("connection", note);
      server.on("secureConnection", note);
      const closeIdle = server.closeIdleConnections.bind(server);
      // To the runtime a connection is idle when its answer was handed over, not when it was sent.
      server.closeIdleConnections = () => {
        if ([...sockets].every(({ writableLength }) => writableLength === 0)) closeIdle();
      };
    },
    async drain(server, close, mostMs) {
      ending = true;
      let cut = 0;
      const idle = setInterval(() => server.closeIdleConnections(), lookMs);
      const late = setTimeout(() => {
        server.getConnections((_, count = 0) => {
          cut = count;
          server.closeAllConnections();
        });
      }, mostMs);
      try {
        await close();
      } finally {
        clearInterval(idle);
        clearTimeout(late);
      }
      return cut;
    },
  };
}
