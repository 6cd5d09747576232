// The stand-in and the proxy before it do what the harness relies on.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  answers,
  applyThenDrop,
  between,
  dropBefore,
  type FaultProxy,
  first,
  held,
  startFaultProxy,
  truncated,
} from "./fault-proxy.ts";
import type { Remote } from "./remote.ts";
import { type Kv2Remote, startKv2Remote } from "./remote-kv2.ts";

let remote: Kv2Remote;
let proxy: FaultProxy;
let path: string;
const installation = crypto.randomUUID();

beforeAll(async () => {
  remote = await startKv2Remote();
  proxy = await startFaultProxy(remote.url);
});

beforeEach(() => {
  proxy.clear();
  path = `coffer/${installation}/${crypto.randomUUID()}`;
});

afterAll(async () => {
  await proxy?.close();
  await remote?.stop();
});

async function ask(method: string, target: string, body?: object) {
  const response = await fetch(`${proxy.url}/v1/secret/${target}`, {
    method,
    headers: { "x-vault-token": remote.token },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === "" ? null : JSON.parse(text) };
}

const write = (value: string, cas?: number) =>
  ask("PUT", `data/${path}`, { data: { value }, ...(cas === undefined ? {} : { options: { cas } }) });

async function versionsThere(): Promise<readonly (string | null)[]> {
  const objects = await remote.content(installation);
  return objects.find(({ secretId }) => path.endsWith(secretId))?.versions.map(({ stored }) => stored) ?? [];
}

const writes = (exchange: Parameters<Remote["doing"]>[0]) => remote.doing(exchange) === "write";
const held1 = '{"value":"one"}';

describe("the rules of KV version 2", () => {
  test("versions are numbered, read by their number, and destroyed for good", async () => {
    expect((await write("one", 0)).body.data.version).toBe(1);
    expect((await write("two", 1)).body.data.version).toBe(2);
    expect((await ask("GET", `data/${path}?version=1`)).body.data.data).toEqual({ value: "one" });
    expect((await ask("PUT", `destroy/${path}`, { versions: [1] })).status).toBe(204);
    const gone = await ask("GET", `data/${path}?version=1`);
    expect(gone.status).toBe(404);
    expect(gone.body.data).toMatchObject({ data: null, metadata: { version: 1, destroyed: true } });
    expect(await ask("GET", `data/${path}?version=9`)).toEqual({ status: 404, body: { errors: [] } });
  });

  test("a check-and-set that does not match is refused, a repeated one too", async () => {
    expect((await write("one", 0)).status).toBe(200);
    const again = await write("one", 0);
    expect(again.status).toBe(400);
    expect(again.body.errors).toEqual(["check-and-set parameter did not match the current version"]);
  });

  test("without a bound of its own a path keeps ten versions", async () => {
    for (let number = 1; number <= 12; number += 1) await write(`v${number}`);
    expect(await versionsThere()).toHaveLength(10);
    expect((await ask("GET", `data/${path}?version=2`)).status).toBe(404);
    await ask("POST", `metadata/${path}`, { max_versions: 20 });
    for (let number = 13; number <= 22; number += 1) await write(`v${number}`);
    expect(await versionsThere()).toHaveLength(20);
  });

  test("the metadata go with everything; an absent path is no error, and lists are paged", async () => {
    const below = `metadata/coffer/${crypto.randomUUID()}`;
    for (const name of ["a", "b", "c/d"]) await ask("POST", `${below}/${name}`, { max_versions: 5 });
    expect((await ask("GET", `${below}?list=true`)).body.data.keys).toEqual(["a", "b", "c/"]);
    expect((await ask("GET", `${below}?list=true&limit=1&after=a`)).body.data.keys).toEqual(["b"]);
    expect((await ask("DELETE", `${below}/a`)).status).toBe(204);
    expect((await ask("DELETE", `${below}/a`)).status).toBe(204);
    expect((await ask("GET", `${below}?list=true`)).body.data.keys).toEqual(["b", "c/"]);
  });

  test("who has no token is refused", async () => {
    expect((await fetch(`${proxy.url}/v1/secret/data/${path}`)).status).toBe(403);
  });
});

describe("the faults", () => {
  test("dropped before: nothing is applied, and the next request passes", async () => {
    const planted = proxy.plant(writes, dropBefore, 1);
    await expect(write("one")).rejects.toThrow();
    expect(await versionsThere()).toEqual([]);
    expect((await write("two")).status).toBe(200);
    expect(planted.count()).toBe(1);
  });

  test("applied, then dropped", async () => {
    proxy.plant(writes, applyThenDrop, 1);
    await expect(write("one")).rejects.toThrow();
    expect(await versionsThere()).toEqual([held1]);
  });

  test("kept back, and applied when nobody waits any more", async () => {
    const late = held();
    const planted = proxy.plant(writes, late.fault, 1);
    const client = new AbortController();
    const sent = fetch(`${proxy.url}/v1/secret/data/${path}`, {
      method: "PUT",
      headers: { "x-vault-token": remote.token },
      body: JSON.stringify({ data: { value: "one" } }),
      signal: client.signal,
    });
    await planted.met;
    client.abort();
    await expect(sent).rejects.toThrow();
    expect(await versionsThere()).toEqual([]);
    await late.letGo();
    expect(await versionsThere()).toEqual([held1]);
  });

  test("answered in its place, without being asked", async () => {
    proxy.plant(writes, answers(remote.refusal(429)));
    expect((await write("one")).status).toBe(429);
    expect(await versionsThere()).toEqual([]);
  });

  test("cut in the middle of the answer", async () => {
    proxy.plant(writes, truncated);
    await expect(write("one")).rejects.toThrow();
    expect(await versionsThere()).toEqual([held1]);
  });

  test("something happens first, or in between", async () => {
    const seen: unknown[] = [];
    const look = async () => seen.push(await versionsThere());
    proxy.plant(writes, first(look), 1);
    await write("one");
    proxy.plant(writes, between(look), 1);
    await write("one");
    expect(seen).toEqual([[], [held1, held1]]);
  });
});
