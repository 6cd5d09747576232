// Requests of the crash test. It tells three ends apart: answered, answered that nobody knows, and
// no answer; what they mean for the history is not its business.
import { Agent, request } from "node:http";

export interface Answer {
  readonly status: number;
  readonly requestId: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever the wire carried
  readonly body: any;
}

export interface Wire {
  /** Null: the connection ended before the answer did. */
  send(method: string, path: string, body?: unknown): Promise<Answer | null>;
  /** Whether any answer failed to come: then the server is gone. */
  readonly lost: boolean;
  close(): void;
}

/** Longer than the server itself may wait for a commit. */
const answerMsMax = 15_000;

export function wireTo(url: string, token: string, connections: number): Wire {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const { hostname, port } = new URL(url);
  let lost = false;
  return {
    get lost() {
      return lost;
    },
    close: () => agent.destroy(),
    send(method, path, body) {
      return new Promise((resolve, reject) => {
        const fail = () => {
          lost = true;
          resolve(null);
        };
        const text = body === undefined ? undefined : JSON.stringify(body);
        const sent = request(
          {
            agent,
            hostname,
            port,
            method,
            path,
            headers: {
              authorization: `Bearer ${token}`,
              ...(text === undefined
                ? {}
                : { "content-type": "application/json", "content-length": Buffer.byteLength(text) }),
            },
          },
          (response) => {
            const chunks: Buffer[] = [];
            response.on("data", (chunk: Buffer) => chunks.push(chunk));
            response.once("error", fail);
            response.once("aborted", fail);
            response.once("end", () => {
              const received = Buffer.concat(chunks).toString();
              resolve({
                status: response.statusCode ?? 0,
                requestId: String(response.headers["x-request-id"] ?? ""),
                body: received === "" ? undefined : JSON.parse(received),
              });
            });
          },
        );
        sent.setTimeout(answerMsMax, () => {
          sent.destroy();
          reject(new Error(`${method} ${path} was not answered within ${answerMsMax} ms`));
        });
        sent.once("error", fail);
        sent.end(text);
      });
    },
  };
}
