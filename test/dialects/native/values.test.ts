// Values: put, get, batch; and versions: list, restore.
import { randomUUID } from "node:crypto";
import { afterAll, describe, expect, test } from "vitest";
import { startCoffer } from "../../support/server.ts";
import { aName, aTime, at, created, expectRefused, secrets, store } from "./support.ts";

const coffer = await startCoffer();
afterAll(() => coffer.stop());
const me = coffer.call(coffer.token);
const owner = { kind: "person", id: coffer.bootstrap.person.id, name: "Owner" };

const notThere = "No such secret, or none that this credential may see.";
const noVersion = "The secret has no such version, or it is no longer kept.";

async function revealsOf(id: string): Promise<number> {
  const { body } = await me.get(`/v1/organizations/default/audit?action=secret.reveal&target=${id}`);
  return body.items.length;
}

describe("put-value", () => {
  test("200: a new version each time, also of the same value", async () => {
    const secret = await created(me);
    const first = await me.put(at(secret.name, "/value"), { value: "v" });
    expect(first.status).toBe(200);
    expect(first.body).toEqual({
      ...secret,
      version: 1,
      updatedAt: aTime,
      updatedBy: owner,
      revision: expect.any(Number),
    });
    expect(first.headers.get("etag")).toBe(`"${first.body.revision}"`);
    expect((await me.put(at(secret.name, "/value"), { value: "v" })).body.version).toBe(2);
  });

  test.each([
    ["nothing at all", ""],
    ["spaces and line ends", "  \r\n\n\t "],
    ["U+0000", "\u0000a\u0000"],
    ["what looks like JSON", '{"a":"\\u0041"}'],
    ["quotes and control characters", "\"'\\\u001b\u007f\u2028"],
    ["text that is not normalised", "e\u0301\u00e9 \uFEFF"],
    ["64 KiB of four-byte characters", "\u{1F511}".repeat(16_384)],
    ["64 KiB of quotes", '"'.repeat(65_536)],
  ])("200: %s comes back byte for byte", async (_, value) => {
    const name = aName();
    await created(me, { name, value });
    expect((await me.get(at(name, "/value"))).body).toEqual({ name, version: 1, value });
    expect((await me.put(at(name, "/value"), { value })).status).toBe(200);
    expect((await me.get(at(name, "/value"))).body).toEqual({ name, version: 2, value });
  });

  test("412 for a stale If-Match, and the old value stays", async () => {
    const { name, revision } = await created(me, { value: "kept" });
    const answer = await me.put(at(name, "/value"), { value: "lost" }, { "if-match": '"1"' });
    const message = "The secret has changed since that revision.";
    expectRefused(answer, 412, "precondition.failed", message, { revision });
    expect((await me.get(at(name, "/value"))).body).toEqual({ name, version: 1, value: "kept" });
    const tag = { "if-match": `"${revision}"` };
    expect((await me.put(at(name, "/value"), { value: "new" }, tag)).status).toBe(200);
  });

  test("404", async () => {
    const answer = await me.put(at(aName(), "/value"), { value: "v" });
    expectRefused(answer, 404, "secret.not_found", notThere);
  });
});

describe("get-value", () => {
  test("200 with the revision as tag, and lastReadAt moves without it", async () => {
    const secret = await created(me, { value: "v" });
    const answer = await me.get(at(secret.id, "/value"));
    expect([answer.status, answer.body]).toEqual([200, { name: secret.name, version: 1, value: "v" }]);
    expect(answer.headers.get("etag")).toBe(`"${secret.revision}"`);
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect((await me.get(at(secret.id))).body).toEqual({ ...secret, lastReadAt: aTime });
  });

  test("200 for a past version, each read audited", async () => {
    const { id, name } = await created(me, { value: "one" });
    await me.put(at(name, "/value"), { value: "two" });
    expect((await me.get(at(name, "/value?version=1"))).body).toEqual({ name, version: 1, value: "one" });
    expect((await me.get(at(name, "/value?version=2"))).body).toEqual({ name, version: 2, value: "two" });
    expect(await revealsOf(id)).toBe(2);
  });

  test("304 for the revision held; audited all the same", async () => {
    const { id, name, revision } = await created(me, { value: "v" });
    const tag = `"${revision}"`;
    const answer = await me.get(at(name, "/value"), { "if-none-match": tag });
    expect([answer.status, answer.text, answer.headers.get("etag")]).toEqual([304, "", tag]);
    expect(await revealsOf(id)).toBe(1);
    await me.put(at(name, "/value"), { value: "v" });
    expect((await me.get(at(name, "/value"), { "if-none-match": tag })).status).toBe(200);
  });

  test("404 for a missing secret, a missing value, a missing version", async () => {
    expectRefused(await me.get(at(aName(), "/value")), 404, "secret.not_found", notThere);
    const { name } = await created(me);
    const empty = await me.get(at(name, "/value"));
    expectRefused(empty, 404, "secret.no_value", "The secret has no value yet.");
    await me.put(at(name, "/value"), { value: "v" });
    const beyond = await me.get(at(name, "/value?version=2"));
    expectRefused(beyond, 404, "version.not_found", noVersion);
  });

  test("410 once expired, while the metadata stays", async () => {
    const secret = await created(me, { value: "v", expiresAt: "2020-01-01T00:00:00Z" });
    const message = "The secret has expired; its value is out of reach.";
    for (const more of ["/value", "/value?version=1"]) {
      expectRefused(await me.get(at(secret.name, more)), 410, "secret.expired", message);
    }
    expect((await me.get(at(secret.name))).body).toEqual(secret);
  });
});

describe("get-values", () => {
  test("200: in the order asked, the refused beside the others", async () => {
    const one = await created(me, { value: "one" });
    const empty = await created(me);
    const past = await created(me, { value: "past", expiresAt: "2020-01-01T00:00:00Z" });
    const missing = aName();
    const names = [missing, one.name, empty.name, past.name, one.name, one.id];
    const answer = await me.post(`${store}/values`, { names });
    const error = { code: "secret.not_found", message: notThere };
    expect([answer.status, answer.body]).toEqual([
      200,
      {
        items: [
          { name: missing, error },
          { name: one.name, version: 1, value: "one" },
          {
            name: empty.name,
            error: { code: "secret.no_value", message: "The secret has no value yet." },
          },
          {
            name: past.name,
            error: {
              code: "secret.expired",
              message: "The secret has expired; its value is out of reach.",
            },
          },
          { name: one.name, version: 1, value: "one" },
          // Names are names here, whatever they look like.
          { name: one.id, error },
        ],
      },
    ]);
  });

  test("200 for none", async () => {
    expect((await me.post(`${store}/values`, { names: [] })).body).toEqual({ items: [] });
  });

  test("200 for 10,000 names of 500 characters, a body of over a mebibyte", async () => {
    const { name } = await created(me, { value: "v" });
    const names = Array.from({ length: 10_000 }, () => name.padEnd(500, "-"));
    names[9_999] = name;
    const answer = await me.post(`${store}/values`, { names });
    expect(answer.status).toBe(200);
    expect(answer.body.items).toHaveLength(10_000);
    expect(answer.body.items[0]).toEqual({
      name: names[0],
      error: { code: "secret.not_found", message: notThere },
    });
    expect(answer.body.items[9_999]).toEqual({ name, version: 1, value: "v" });
  });
});

describe("list-versions", () => {
  test("200: newest first, in pages", async () => {
    const { name } = await created(me, { value: "1" });
    for (const value of ["2", "3"]) await me.put(at(name, "/value"), { value });
    const version = (number: number) => ({
      version: number,
      createdAt: aTime,
      createdBy: owner,
      current: number === 3,
    });
    const all = await me.get(at(name, "/versions"));
    expect([all.status, all.body]).toEqual([
      200,
      { items: [version(3), version(2), version(1)], nextCursor: null },
    ]);
    const first = await me.get(at(name, "/versions?limit=2"));
    expect(first.body).toEqual({ items: [version(3), version(2)], nextCursor: expect.any(String) });
    const rest = await me.get(at(name, `/versions?limit=2&cursor=${first.body.nextCursor}`));
    expect(rest.body).toEqual({ items: [version(1)], nextCursor: null });
  });

  test("200: none without a value", async () => {
    const { name } = await created(me);
    expect((await me.get(at(name, "/versions"))).body).toEqual({ items: [], nextCursor: null });
  });

  test("404", async () => {
    expectRefused(await me.get(at(aName(), "/versions")), 404, "secret.not_found", notThere);
  });
});

describe("restore-version", () => {
  test("200: the old value as a new version", async () => {
    const { id, name } = await created(me, { value: "one" });
    await me.put(at(name, "/value"), { value: "two" });
    const answer = await me.post(at(name, "/versions/1/restore"));
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ id, name, version: 3, updatedBy: owner });
    expect(answer.headers.get("etag")).toBe(`"${answer.body.revision}"`);
    expect((await me.get(at(name, "/value"))).body).toEqual({ name, version: 3, value: "one" });
  });

  test("404 for version and secret", async () => {
    const { name } = await created(me, { value: "one" });
    expectRefused(await me.post(at(name, "/versions/2/restore")), 404, "version.not_found", noVersion);
    const answer = await me.post(`${secrets}/${randomUUID()}/versions/1/restore`);
    expectRefused(answer, 404, "secret.not_found", notThere);
  });
});
