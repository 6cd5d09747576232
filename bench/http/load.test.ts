import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { ask, header } from "./answer.ts";
import { startBare } from "./bare.ts";
import { type Job, load, type Requests } from "./load.ts";
import { pace } from "./pace.ts";
import { requestsOf } from "./requests.ts";
import { namesOf, secretName, secretValue, select } from "./secrets.ts";

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.closeAllConnections();
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
  servers.push(server);
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
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

  test("in which one answer was not 2xx is an error", async () => {
    await expect(load(job(await serving(39), some, { amount: 40 }))).rejects.toThrow("1 of 40 reveal");
  });
});

describe("a pace", () => {
  test("is kept whatever the server does, and counts the time that a request waited", async () => {
    const server = createServer((_, response) => void setTimeout(() => response.end("value"), 5));
    servers.push(server);
    await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const secrets = select(10, 10);
    const paced = { url, token: "t", connections: 1, secrets, perSecond: 400, warmSeconds: 0, seconds: 0.5 };
    // One connection carries 200 a second at most: half of them wait, the last ones for half a second.
    expect((await pace(paced)).p99Ms).toBeGreaterThan(200);
  });

  test("in which one answer was not 200 is an error", async () => {
    const url = await serving(3);
    const secrets = select(10, 10);
    const paced = { url, token: "t", connections: 2, secrets, perSecond: 100, warmSeconds: 0, seconds: 0.1 };
    await expect(pace(paced)).rejects.toThrow("an answer of 503");
  });
});

describe("the requests", () => {
  test("of tokens are made once by each, on one path", () => {
    const tokens = Array.from({ length: 10 }, (_, index) => `token-${index}`);
    const list = requestsOf(job("http://x", { kind: "tokens", path: "/p", tokens }, { amount: 10 }));
    const made = [0, 1, 2, 3].flatMap((client) => list(client));
    expect(made.map((request) => request.headers?.authorization).toSorted()).toEqual(
      tokens.map((token) => `Bearer ${token}`),
    );
    expect(new Set(made.map((request) => request.path))).toEqual(new Set(["/p"]));
  });

  test("reveal each secret of the selection from one connection, in equal shares", () => {
    const selection = select(1_000, 100);
    const list = requestsOf(job("http://x", { kind: "reveal", secrets: selection }, { amount: 1 }));
    const paths = [0, 1, 2, 3].map((client) => list(client).map((request) => request.path));
    expect(paths.map((own) => own.length)).toEqual([25, 25, 25, 25]);
    expect(new Set(paths.flat()).size).toBe(100);
    expect(paths[1]?.[0]).toMatch(/\/secrets\/SERVICE_0000010_PASSWORD\/value$/);
  });

  test("of fewer secrets than connections are made by all, from different places", () => {
    const list = requestsOf(job("http://x", { kind: "reveal", secrets: select(9, 3) }, { amount: 1 }));
    const first = [0, 1, 2, 3].map((client) => list(client)[0]?.path?.split("/").at(-2));
    expect(first).toEqual([secretName(0), secretName(3), secretName(6), secretName(0)]);
  });

  test("of batches name every secret once", () => {
    const secrets = select(400, 400);
    const list = requestsOf(job("http://x", { kind: "batch", secrets, size: 100 }, { amount: 1 }));
    const asked = [0, 1, 2, 3].flatMap((client) =>
      list(client).map(({ body }): string[] => JSON.parse(String(body)).names),
    );
    expect(asked.map((names) => names.length)).toEqual([100, 100, 100, 100]);
    expect(asked.flat().toSorted()).toEqual(namesOf(secrets));
  });

  test("that create never use a name twice, whichever connection sends them", () => {
    const list = requestsOf(job("http://x", { kind: "create", from: 7 }, { amount: 1 }));
    const [one, other] = [list(0)[0], list(1)[0]];
    const bodies = [one, other, one].map((request) => {
      const setup = request?.setupRequest;
      return typeof setup === "function" ? JSON.parse(String(setup({ ...request }, {}).body)) : null;
    });
    expect(bodies).toEqual([7, 8, 9].map((at) => ({ name: secretName(at), value: secretValue(at) })));
  });

  test("have names and values of one length, so that all answers have", () => {
    const lengths = [0, 99_999, 5_000_000].map((at) => [secretName(at).length, secretValue(at).length]);
    expect(lengths).toEqual(lengths.map(() => [24, 43]));
  });
});
