// Watches over real sockets: what one is told, in which order, and how it ends.
import { afterAll, describe, expect, test } from "vitest";
import { startCoffer } from "../../support/server.ts";
import { aMember, aNamespace, api, asMerge, asTable, made, type Namespace, text } from "./support.ts";

const coffer = await startCoffer();
afterAll(() => coffer.stop());
const me = coffer.call(coffer.token);

interface Told {
  readonly type: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever the wire carried
  readonly object: any;
}

interface Watch {
  /** The next events, this many. */
  next(count: number): Promise<readonly Told[]>;
  /** All that comes until the server ends it. */
  rest(): Promise<readonly Told[]>;
  readonly type: string | null;
  readonly seen: () => string;
  close(): Promise<void>;
}

async function open(
  path: string,
  query: Record<string, string>,
  more: { token?: string; accept?: string } = {},
): Promise<Watch> {
  const { token = coffer.token, accept = "application/json" } = more;
  const url = `${coffer.url}${path}?${new URLSearchParams({ watch: "true", ...query })}`;
  const ending = new AbortController();
  const answer = await fetch(url, {
    headers: { authorization: `Bearer ${token}`, accept },
    signal: ending.signal,
  });
  expect(answer.status).toBe(200);
  const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
  const decoder = new TextDecoder();
  let [whole, rest] = ["", ""];
  const waiting: Told[] = [];
  const read = async (): Promise<boolean> => {
    const { done, value } = await reader.read();
    if (done) return false;
    const text = decoder.decode(value, { stream: true });
    whole += text;
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    waiting.push(...lines.map((line): Told => JSON.parse(line)));
    return true;
  };
  return {
    type: answer.headers.get("content-type"),
    seen: () => whole,
    async next(count) {
      while (waiting.length < count)
        if (!(await read())) throw new Error(`it ended after ${waiting.length} events`);
      return waiting.splice(0, count);
    },
    async rest() {
      while (await read());
      return waiting.splice(0);
    },
    async close() {
      ending.abort();
      await reader.closed.catch(() => {});
    },
  };
}

const brief = (told: readonly Told[]) => told.map(({ type, object }) => `${type} ${object.metadata.name}`);
const native = ({ name }: Namespace) => `/v1/organizations/default/stores/${name}/secrets`;

test("first what there is, then what any dialect does", async () => {
  const here = await aNamespace(coffer);
  await made(me, here, "first");
  const watch = await open(here.securevalues, {});
  expect(watch.type).toBe("application/json");
  expect(brief(await watch.next(1))).toEqual(["ADDED first"]);
  await me.patch(`${here.securevalues}/first`, { spec: { value: `${text}-2` } }, asMerge);
  await me.post(native(here), { name: "second", value: text });
  await me.patch(`${native(here)}/first`, { description: "elsewhere" });
  await made(me, await aNamespace(coffer), "not-here");
  await me.patch(`${native(here)}/second`, { name: "renamed" });
  const told = await watch.next(5);
  expect(brief(told)).toEqual([
    "MODIFIED first",
    "ADDED second",
    "MODIFIED first",
    "DELETED second",
    "ADDED renamed",
  ]);
  expect(told[2]?.object).toEqual((await me.get(`${here.securevalues}/first`)).body);
  const versions = told.map(({ object }) => Number(object.metadata.resourceVersion));
  expect(versions).toEqual(versions.toSorted((one, other) => one - other));
  await me.delete(`${native(here)}/renamed`);
  const before = (await me.get(`${here.securevalues}/first`)).body;
  await me.delete(`${here.securevalues}/first`);
  const [trashed, purged] = await watch.next(2);
  expect(brief([trashed as Told, purged as Told])).toEqual(["DELETED renamed", "DELETED first"]);
  // The last state, of a new version.
  expect(purged?.object.spec).toEqual(before.spec);
  expect(Number(purged?.object.metadata.resourceVersion)).toBeGreaterThan(
    Number(before.metadata.resourceVersion),
  );
  expect(watch.seen()).not.toContain(text);
  await watch.close();
});

test("from a version on: only what came after", async () => {
  const here = await aNamespace(coffer);
  await made(me, here, "before");
  const { body } = await me.get(here.securevalues);
  await made(me, here, "after");
  const watch = await open(here.securevalues, { resourceVersion: body.metadata.resourceVersion });
  expect(brief(await watch.next(1))).toEqual(["ADDED after"]);
  await watch.close();
});

test("who begins to match is added, who ceases is deleted", async () => {
  const here = await aNamespace(coffer);
  await made(me, here, "one", { metadata: { labels: { on: "1" } } });
  await made(me, here, "two");
  const watch = await open(here.securevalues, { labelSelector: "on=1", resourceVersion: "0" });
  const named = await open(here.securevalues, { fieldSelector: "metadata.name=two" });
  expect(brief(await watch.next(1))).toEqual(["ADDED one"]);
  expect(brief(await named.next(1))).toEqual(["ADDED two"]);
  await me.patch(`${here.securevalues}/two`, { metadata: { labels: { on: "1" } } }, asMerge);
  await me.patch(`${here.securevalues}/one`, { metadata: { labels: { on: "0" } } }, asMerge);
  const told = await watch.next(2);
  expect(brief(told)).toEqual(["ADDED two", "DELETED one"]);
  expect(told[1]?.object.metadata.labels).toEqual({ on: "1" });
  expect(brief(await named.next(1))).toEqual(["MODIFIED two"]);
  await Promise.all([watch.close(), named.close()]);
});

test("what is purged from the trash takes nothing away that lives", async () => {
  const here = await aNamespace(coffer);
  await me.post(native(here), { name: "same" });
  const { id } = (await me.get(`${native(here)}/same`)).body;
  await me.delete(`${native(here)}/same`);
  await me.post(native(here), { name: "same" });
  const { body } = await me.get(here.securevalues);
  const watch = await open(here.securevalues, { resourceVersion: body.metadata.resourceVersion });
  await me.delete(`/v1/organizations/default/trash/${id}`);
  await made(me, here, "next");
  expect(brief(await watch.next(1))).toEqual(["ADDED next"]);
  await watch.close();
});

test("over all namespaces, each object in its own; a move between them starts over", async () => {
  const [one, other] = [await aNamespace(coffer), await aNamespace(coffer)];
  const { body } = await me.get(`${api}/securevalues?limit=1`);
  const watch = await open(`${api}/securevalues`, { resourceVersion: body.metadata.resourceVersion });
  await made(me, one, "x");
  await made(me, other, "x");
  const told = await watch.next(2);
  expect(told.map(({ object }) => object.metadata.namespace)).toEqual([one.name, other.name]);
  await me.post(`${native(one)}/x/move`, { store: other.name, name: "y" });
  expect(await watch.rest()).toEqual([
    { type: "ERROR", object: expect.objectContaining({ code: 410, reason: "Expired" }) },
  ]);
});

describe("how a watch ends", () => {
  test("after the seconds that the client gave", async () => {
    const here = await aNamespace(coffer);
    await made(me, here, "a");
    const watch = await open(here.securevalues, { timeoutSeconds: "1" });
    expect(brief(await watch.rest())).toEqual(["ADDED a"]);
  });

  test("with an error where the version is too old, or of no history here", async () => {
    const here = await aNamespace(coffer);
    const watch = await open(here.securevalues, { resourceVersion: "999999999" });
    const [told] = await watch.rest();
    expect(told).toEqual({
      type: "ERROR",
      object: {
        kind: "Status",
        apiVersion: "v1",
        metadata: {},
        status: "Failure",
        message: expect.stringMatching(/^too old resource version: 999999999 \(\d+\)$/),
        reason: "Expired",
        code: 410,
      },
    });
    expect((await me.get(`${here.securevalues}?watch=true&resourceVersion=x`)).status).toBe(400);
  });

  test("when its caller may not list any more, or is nobody any more", async () => {
    const here = await aNamespace(coffer);
    const member = await aMember(coffer);
    const grant = { subject: { kind: "person", id: member.id }, object: { kind: "store", id: here.id } };
    const give = () => me.put("/v1/organizations/default/grants", { ...grant, level: "read" });
    expect((await give()).status).toBe(200);
    const { body } = await coffer.call(member.token).get(here.securevalues);
    const query = { resourceVersion: body.metadata.resourceVersion };
    const watch = await open(here.securevalues, query, { token: member.token });
    await me.delete("/v1/organizations/default/grants", grant);
    expect(await watch.rest()).toEqual([
      { type: "ERROR", object: expect.objectContaining({ reason: "Expired" }) },
    ]);
  });

  test("when the server stops", async () => {
    const other = await startCoffer();
    const url = `${other.url}${api}/namespaces/default/securevalues?watch=true`;
    const answer = await fetch(url, { headers: { authorization: `Bearer ${other.token}` } });
    const ended = answer.text();
    await other.stop();
    expect(await ended).toBe("");
  });
});

test("sendInitialEvents ends the beginning with a bookmark", async () => {
  const here = await aNamespace(coffer);
  await made(me, here, "a");
  const watch = await open(here.securevalues, {
    sendInitialEvents: "true",
    allowWatchBookmarks: "true",
    resourceVersionMatch: "NotOlderThan",
  });
  const [, mark] = await watch.next(2);
  expect(mark).toMatchObject({
    type: "BOOKMARK",
    object: { kind: "SecureValue", metadata: { annotations: { "k8s.io/initial-events-end": "true" } } },
  });
  await watch.close();
});

test("as tables of one row each", async () => {
  const here = await aNamespace(coffer);
  await made(me, here, "a");
  const watch = await open(here.securevalues, {}, asTable);
  const [told] = await watch.next(1);
  expect(told?.object).toMatchObject({ kind: "Table", rows: [{ cells: ["a", "About it", "system", ""] }] });
  await watch.close();
});
