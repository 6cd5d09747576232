// A job's requests, for each connection its own, and how they look on the wire.
import type { Job } from "./load.ts";
import { namesOf, secretName, secretValue, storePath } from "./secrets.ts";

export interface Asked {
  readonly method: "GET" | "POST" | "PUT";
  readonly path: string;
  readonly body: string | null;
}

/** For each connection what gives its next request, again and again. */
export function requestsOf({ requests, connections }: Job): (client: number) => () => Asked {
  switch (requests.kind) {
    case "reveal":
      return inTurn(
        namesOf(requests.secrets).map((name) => ({ method: "GET", path: valuePath(name), body: null })),
        connections,
      );
    case "batch": {
      const { secrets, size } = requests;
      const names = namesOf(secrets);
      const batches = Array.from({ length: Math.floor(names.length / size) }, (_, index): Asked => {
        const some = names.slice(index * size, (index + 1) * size);
        return { method: "POST", path: `${storePath}/values`, body: JSON.stringify({ names: some }) };
      });
      return inTurn(batches, connections);
    }
    case "rewrite":
      return inTurn(
        namesOf(requests.secrets).map((name, index) => ({
          method: "PUT",
          path: valuePath(name),
          body: JSON.stringify({ value: secretValue(index) }),
        })),
        connections,
      );
    case "create": {
      let index = requests.from - 1;
      return () => () => {
        index += 1;
        const body = JSON.stringify({ name: secretName(index), value: secretValue(index) });
        return { method: "POST", path: `${storePath}/secrets`, body };
      };
    }
  }
}

function valuePath(name: string): string {
  return `${storePath}/secrets/${name}/value`;
}

/**
 * Connections start in step, so one list for all would ask for the same secret at the same time.
 * Each takes every n-th of the list; a list too short for that is gone through from different places.
 */
function inTurn(all: readonly Asked[], connections: number): (client: number) => () => Asked {
  const [first] = all;
  if (first === undefined) throw new Error("a load without requests");
  const apart = all.length >= connections;
  return (client) => {
    let at = client - (apart ? connections : 1);
    return () => {
      at += apart ? connections : 1;
      if (apart && at >= all.length) at = client;
      return all[at % all.length] ?? first;
    };
  };
}

/** What is sent for a request; one that is sent again is written once. */
export function bytesOf({ url, token }: Pick<Job, "url" | "token">): (asked: Asked) => Buffer {
  const head = `Host: ${new URL(url).host}\r\nConnection: keep-alive\r\nAuthorization: Bearer ${token}\r\n`;
  const written = new WeakMap<Asked, Buffer>();
  return (asked) => {
    const before = written.get(asked);
    if (before !== undefined) return before;
    const { method, path, body } = asked;
    const about =
      body === null ? "" : `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n`;
    const bytes = Buffer.from(`${method} ${path} HTTP/1.1\r\n${head}${about}\r\n${body ?? ""}`);
    written.set(asked, bytes);
    return bytes;
  };
}
