// Thousands of small requests over a few connections that stay open.
import { Agent, request } from "node:http";

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly ifMatch?: string;
  /** Where a credential stands elsewhere than a Bearer's, and what else a dialect's clients send. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Answered {
  readonly status: number;
  readonly text: string;
}

export type Ask = (token: string | null, asked: Asked) => Promise<Answered>;

export interface Wire {
  readonly ask: Ask;
  close(): void;
}

export function wireTo(url: string, connections: number): Wire {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const ask: Ask = (token, { method, path, body, ifMatch, headers: more }) =>
    new Promise((resolve, reject) => {
      const payload = body === undefined ? null : JSON.stringify(body);
      const headers = {
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(payload === null
          ? {}
          : { "content-type": "application/json", "content-length": Buffer.byteLength(payload) }),
        ...(ifMatch === undefined ? {} : { "if-match": ifMatch }),
        ...more,
      };
      const sent = request(url + path, { method, headers, agent }, (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (part) => {
          text += part;
        });
        response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
        response.on("error", reject);
      });
      sent.on("error", reject);
      sent.end(payload ?? undefined);
    });
  return { ask, close: () => agent.destroy() };
}

/** Runs all, some at once, and keeps their order. */
export async function inParallel<I, O>(
  items: readonly I[],
  width: number,
  work: (item: I) => Promise<O>,
): Promise<O[]> {
  const done: O[] = new Array(items.length);
  const queue = items.entries();
  const worker = async () => {
    for (const [index, item] of queue) done[index] = await work(item);
  };
  await Promise.all(Array.from({ length: width }, worker));
  return done;
}
