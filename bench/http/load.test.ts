import { createServer, Server } from "node:http";
import { type AddressInfo, createServer as createSocketServer, type Server as SocketServer } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { ask, header } from "./answer.ts";
import { startBare } from "./bare.ts";
import { type Job, load, type Requests } from "./load.ts";
import { bytesOf, requestsOf } from "./requests.ts";
import { namesOf, secretName, secretValue, select } from "./secrets.ts";

const servers: SocketServer[] = [];
afterEach(() => {
  for (const server of servers.splice(0))
    if (server instanceof Server) server.closeAllConnections();
    else server.close();
});

/** Answers the first `good` requests well and all others with a failure. */
async function serving(good: number): Promise<string> {
  let asked = 0;
  const server = createServer((request, response) => {
    asked += 1;
    request.resume();
    response.writeHead(asked > good ? 503 : 200, { "Content-Length": 5, ETag: '"7"', "X-Of": "a: b" });
    response.end("value");
  });
  return listening(server);
}

async function listening(server: SocketServer): Promise<string> {
  servers.push(server);
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const whole = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nvalue";

/** Sends its answers in two pieces, cut within the head or within the body. */
async function inPieces(): Promise<string> {
  let asked = 0;
  return listening(
    createSocketServer((socket) => {
      socket.on("data", () => {
        const cut = asked % 2 === 0 ? 25 : whole.length - 2;
        asked += 1;
        socket.write(whole.slice(0, cut));
        setTimeout(() => socket.write(whole.slice(cut)), 5);
      });
    }),
  );
}

const job = (url: string, requests: Requests, until: Job["until"]): Job => ({
  url,
  pid: process.pid,
  token: "a-token",
  connections: 4,
  requests,
  until,
});

describe("one answer as bytes", () => {
  test("keeps status, headers in order and body, and counts them all", async () => {
    const answer = await ask(await serving(1), { method: "GET", path: "/", token: "a-token" });
    expect(answer.status).toBe(200);
    expect(answer.body.toString()).toBe("value");
    expect(answer.headers.slice(0, 6)).toEqual(["Content-Length", "5", "ETag", '"7"', "X-Of", "a: b"]);
    expect(header(answer.headers, "etag")).toBe('"7"');
    expect(header(answer.headers, "vary")).toBeNull();
    const lines = answer.headers.reduce((sum, text) => sum + text.length + 2, 0);
    expect(answer.bytes).toBe("HTTP/1.1 200 OK\r\n".length + lines + "\r\n".length + 5);
  });
});

describe("the yardstick of reading", () => {
  test("sends status, headers and body of the answer it was given, in as many bytes", async () => {
    const original = await ask(await serving(1), { method: "GET", path: "/", token: null });
    const bare = await startBare(original);
    try {
      const copy = await ask(bare.url, { method: "GET", path: "/anything", token: null });
      const undated = (headers: readonly string[]) => headers.filter((text) => !/ GMT$/.test(text));
      expect({ ...copy, headers: undated(copy.headers) }).toEqual({
        ...original,
        headers: undated(original.headers),
      });
    } finally {
      await bare.stop();
    }
  });
});

describe("a load", () => {
  const some = { kind: "reveal", secrets: select(100, 10) } as const;

  test("of so many requests makes exactly as many", async () => {
    const result = await load(job(await serving(1_000), some, { amount: 40 }));
    expect(result.answers).toBe(40);
    expect(result.bytesPerAnswer).toBeGreaterThan(100);
  });

  test("takes answers that come in pieces", async () => {
    const result = await load(job(await inPieces(), some, { amount: 12 }));
    expect([result.answers, result.bytesPerAnswer]).toEqual([12, whole.length]);
  });

  test("in which a connection was closed instead of answered is an error", async () => {
    const server = createServer((request) => request.socket.destroy());
    const url = await listening(server);
    await expect(load(job(url, some, { amount: 1 }))).rejects.toThrow("1 of 1 reveal");
  });

  test("in which one answer was not 2xx is an error", async () => {
    await expect(load(job(await serving(39), some, { amount: 40 }))).rejects.toThrow("1 of 40 reveal");
  });
});

describe("the requests", () => {
  const asked = (requests: Requests, client: number, count: number) => {
    const next = requestsOf(job("http://x", requests, { amount: 1 }))(client);
    return Array.from({ length: count }, () => next());
  };

  test("reveal each secret of the selection from one connection, in equal shares, again and again", () => {
    const requests = { kind: "reveal", secrets: select(1_000, 100) } as const;
    const paths = [0, 1, 2, 3].map((client) => asked(requests, client, 50).map(({ path }) => path));
    for (const own of paths) expect(own.slice(25)).toEqual(own.slice(0, 25));
    expect(new Set(paths.flatMap((own) => own.slice(0, 25))).size).toBe(100);
    expect(paths[1]?.[0]).toMatch(/\/secrets\/SERVICE_0000010_PASSWORD\/value$/);
  });

  test("of fewer secrets than connections are made by all, from different places", () => {
    const requests = { kind: "reveal", secrets: select(9, 3) } as const;
    const names = [0, 1, 2, 3].map((client) =>
      asked(requests, client, 2).map(({ path }) => path.split("/").at(-2)),
    );
    const [one, two, three] = [0, 3, 6].map(secretName);
    expect(names).toEqual([
      [one, two],
      [two, three],
      [three, one],
      [one, two],
    ]);
  });

  test("of batches name every secret once", () => {
    const requests = { kind: "batch", secrets: select(400, 400), size: 100 } as const;
    const names = [0, 1, 2, 3].map((client): string[] => {
      const [{ body } = { body: null }] = asked(requests, client, 1);
      return JSON.parse(String(body)).names;
    });
    expect(names.map((some) => some.length)).toEqual([100, 100, 100, 100]);
    expect(names.flat().toSorted()).toEqual(namesOf(requests.secrets));
  });

  test("that create never use a name twice, whichever connection sends them", () => {
    const next = requestsOf(job("http://x", { kind: "create", from: 7 }, { amount: 1 }));
    const [one, other] = [next(0), next(1)];
    const bodies = [one(), other(), one()].map(({ body }) => JSON.parse(String(body)));
    expect(bodies).toEqual([7, 8, 9].map((at) => ({ name: secretName(at), value: secretValue(at) })));
  });

  test("have names and values of one length, so that all answers have", () => {
    const lengths = [0, 99_999, 5_000_000].map((at) => [secretName(at).length, secretValue(at).length]);
    expect(lengths).toEqual(lengths.map(() => [24, 43]));
  });

  test("carry the token, and say how long their body is", () => {
    const bytes = bytesOf({ url: "http://host:1", token: "a-token" });
    const head = "Host: host:1\r\nConnection: keep-alive\r\nAuthorization: Bearer a-token\r\n";
    expect(bytes({ method: "GET", path: "/a", body: null }).toString()).toBe(
      `GET /a HTTP/1.1\r\n${head}\r\n`,
    );
    expect(bytes({ method: "POST", path: "/b", body: "é" }).toString()).toBe(
      `POST /b HTTP/1.1\r\n${head}Content-Type: application/json\r\nContent-Length: 2\r\n\r\né`,
    );
  });
});
