// Bad input: each bound from both sides, wrong types, unknown members, ill-formed text and bodies.
// Whatever is refused leaves nothing behind and is not repeated in the answer.
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { type Answer, startCoffer } from "../../support/server.ts";
import {
  aName,
  anId,
  at,
  created,
  createdStore,
  expectInvalid,
  expectRefused,
  organization,
  organizations,
  secrets,
  store,
  stores,
} from "./support.ts";

const coffer = await startCoffer();
afterAll(() => coffer.stop());
const me = coffer.call(coffer.token);

/** Stands in every rejected input below, and in no answer. */
const mark = "zqx-rejected";

function marked(length: number): string {
  return mark.padEnd(length, "x");
}

function keyed(count: number, value: string): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, value]));
}

async function revisionNow(): Promise<number> {
  return (await me.get(organization)).body.revision;
}

/** A refusal of form: the rule, no echo, and nothing done. */
async function refuses(
  send: () => Promise<Answer>,
  field: string,
  rule: string,
  limit?: number,
): Promise<void> {
  const before = await revisionNow();
  const answer = await send();
  expectInvalid(answer, field, rule, limit);
  expect(answer.text).not.toContain(mark);
  expect(await revisionNow()).toBe(before);
}

const most = (count: number, what: string) => `must have at most ${count} ${what}`;
const controls = "must not contain control characters";
const illFormed = "must be well-formed Unicode text";

describe("the name of a secret", () => {
  test.each([
    ["500 characters", marked(500)],
    ["500 characters of four bytes", "\u{1F511}".repeat(500)],
    ["one character", "\u00e9"],
    ["dots", "..."],
  ])("may be %s", async (_, name) => {
    await created(me, { name });
    expect((await me.delete(at(name, "?purge=true"))).status).toBe(204);
  });

  test.each([
    ["501 characters", marked(501), most(500, "characters"), 500],
    ["501 characters of four bytes", "\u{1F511}".repeat(501), most(500, "characters"), 500],
    ["nothing", "", "must not be empty", undefined],
    ["a line break", `${mark}\n`, controls, undefined],
    ["U+0000", `\u0000${mark}`, controls, undefined],
    ["U+007F", `${mark}\u007f`, controls, undefined],
    ["U+0085", `${mark}\u0085`, controls, undefined],
    [".", ".", 'must not be "." or ".."', undefined],
    ["..", "..", 'must not be "." or ".."', undefined],
    ["half a surrogate pair", `${mark}\ud83d`, illFormed, undefined],
  ])("400 for %s", async (_, name, rule, limit) => {
    const { name: source } = await created(me);
    await refuses(() => me.post(secrets, { name, value: mark }), "name", rule, limit);
    await refuses(() => me.patch(at(source), { name }), "name", rule, limit);
    await refuses(() => me.post(at(source, "/duplicate"), { name }), "name", rule, limit);
  });

  test("400 where it stands in the path", async () => {
    await refuses(() => me.get(at(marked(501))), "secret", most(500, "characters"), 500);
    await refuses(() => me.get(at(`${mark}\u0000`, "/value")), "secret", controls);
    await refuses(() => me.delete(at(`${mark}\n`)), "secret", controls);
    await refuses(() => me.get(`${stores}/${marked(64)}`), "store", most(63, "characters"), 63);
    await refuses(() => me.get(`${organizations}/${mark}%00`), "organization", controls);
  });

  test("400 for a path that is no text, or has a part that nothing has", async () => {
    for (const path of [`${secrets}/%ff`, `${secrets}/%zz${mark}`, `${secrets}/%ed%a0%80`]) {
      const answer = await me.get(path);
      expect([answer.status, answer.body.error]).toEqual([
        400,
        {
          code: "request.invalid",
          message: "The URL is not well-formed.",
          requestId: anId,
          details: { field: "url" },
        },
      ]);
      expect(answer.text).not.toContain(mark);
    }
    const endless = await me.get(`${secrets}/${marked(7_000)}`);
    expect([endless.status, endless.body.error]).toMatchObject([
      400,
      { code: "request.invalid", message: "A part of the path is too long." },
    ]);
    expect(endless.text).not.toContain(mark);
  });
});

describe("a value", () => {
  const rule = "must have at most 65536 bytes of UTF-8";

  test.each([
    ["65,536 bytes", marked(65_536)],
    ["65,536 bytes of two-byte characters", "\u00e9".repeat(32_768)],
    ["65,536 bytes that are six each as JSON", "\u0000".repeat(65_536)],
  ])("may be %s", async (_, value) => {
    const { name } = await created(me, { value });
    expect((await me.get(at(name, "/value"))).body.value).toBe(value);
  });

  test.each([
    ["65,537 bytes", marked(65_537), rule, 65_536],
    ["65,537 bytes in fewer characters", `${mark}${"\u00e9".repeat(32_763)}`, rule, 65_536],
    ["half a surrogate pair", `\udc00${mark}`, illFormed, undefined],
  ])("400 for %s", async (_, value, broken, limit) => {
    const { name } = await created(me);
    await refuses(() => me.post(secrets, { name: aName(), value }), "value", broken, limit);
    await refuses(() => me.put(at(name, "/value"), { value }), "value", broken, limit);
    await refuses(() => me.patch(at(name), { value }), "value", broken, limit);
  });

  test("400 where a write has none", async () => {
    const path = at((await created(me)).name, "/value");
    await refuses(() => me.put(path, {}), "value", "is required");
    for (const value of [null, 1, true, [mark], { [mark]: mark }]) {
      await refuses(() => me.put(path, { value }), "value", "must be of type string");
    }
  });
});

describe("metadata", () => {
  const consumers = Array.from({ length: 64 }, (_, index) => `c${index}`);
  const halfAnnotation = "a".repeat(131_072 - 2);

  test.each([
    ["a description of 65,535 characters", { description: "\u{1F511}".repeat(65_535) }],
    ["a description with line breaks", { description: "a\r\n\tb\u0001" }],
    ["an empty description", { description: "" }],
    ["a policy of 65,536 bytes", { policy: `##${"é".repeat(32_767)}` }],
    ["a policy of blanks and comments", { policy: " \n# every job\n" }],
    ["an empty policy", { policy: "" }],
    ["64 consumers", { consumers }],
    ["no consumers", { consumers: [] }],
    ["a consumer of 255 characters", { consumers: ["\u{1F511}".repeat(255)] }],
    ["64 labels", { labels: keyed(64, "v") }],
    ["labels at their longest", { labels: { [`${"p".repeat(253)}/${"k".repeat(63)}`]: "v".repeat(63) } }],
    ["annotations of 262,144 bytes", { annotations: { aa: halfAnnotation, bb: halfAnnotation } }],
    ["a time with a zone", { expiresAt: "2099-12-31T23:59:59.999999999-08:00" }],
  ])("may be %s", async (_, metadata) => {
    const { name } = await created(me, metadata);
    expect((await me.patch(at(name), metadata)).status).toBe(200);
  });

  const labelKeys = "must have keys that are qualified names";
  const labelValues = "must have values of at most 63 letters, digits and inner . _ -";
  const aTime = "must be a time like 2026-01-31T12:00:00Z";

  test.each<[string, Record<string, unknown>, string, string, number?]>([
    [
      "a description of 65,536 characters",
      { description: marked(65_536) },
      "description",
      most(65_535, "characters"),
      65_535,
    ],
    [
      "a description with U+0000",
      { description: `${mark}\u0000` },
      "description",
      "must not contain the character U+0000",
    ],
    ["a description with half a pair", { description: `\ud800${mark}` }, "description", illFormed],
    ["a description that is no text", { description: [mark] }, "description", "must be string or null"],
    ["a policy of 65,537 bytes", { policy: marked(65_537) }, "policy", most(65_536, "characters"), 65_536],
    [
      "a policy of 65,537 bytes in fewer characters",
      { policy: `${mark}${"é".repeat(32_763)}` },
      "policy",
      most(65_536, "bytes"),
      65_536,
    ],
    ["a policy with U+0000", { policy: `${mark}\u0000` }, "policy", "must not contain the character U+0000"],
    ["65 consumers", { consumers: [...consumers, mark] }, "consumers", most(64, "entries"), 64],
    [
      "a consumer given twice",
      { consumers: [mark, mark] },
      "consumers[1]",
      "must not repeat an earlier entry",
    ],
    [
      "a consumer of 256 characters",
      { consumers: [marked(256)] },
      "consumers[0]",
      most(255, "characters"),
      255,
    ],
    ["an empty consumer", { consumers: ["a", ""] }, "consumers[1]", "must not be empty"],
    ["a consumer with a line break", { consumers: [`${mark}\n`] }, "consumers[0]", controls],
    ["a consumer that is no text", { consumers: ["a", 7] }, "consumers.1", "must be of type string"],
    ["consumers that are no list", { consumers: mark }, "consumers", "must be array or null"],
    ["65 labels", { labels: keyed(65, "v") }, "labels", most(64, "entries"), 64],
    ["a label's value of 64 characters", { labels: { a: marked(64) } }, "labels", labelValues],
    ["a label's value with a space", { labels: { a: `${mark} x` } }, "labels", labelValues],
    ["a label's value with half a pair", { labels: { a: `${mark}\ud800` } }, "labels", labelValues],
    ["a label's key of 64 characters", { labels: { [marked(64)]: "v" } }, "labels", labelKeys],
    ["a label's key with a line break", { labels: { [`${mark}\n`]: "v" } }, "labels", labelKeys],
    ["a label's prefix of 254 characters", { labels: { [`${marked(254)}/a`]: "v" } }, "labels", labelKeys],
    ["an empty label's key", { labels: { "": mark } }, "labels", labelKeys],
    ["a label that is no text", { labels: { a: 1 } }, "labels.a", "must be of type string"],
    ["a long label that is no text", { labels: { [marked(65)]: 1 } }, "labels", "must be of type string"],
    ["labels that are a list", { labels: [mark] }, "labels", "must be object or null"],
    [
      "annotations of 262,145 bytes",
      { annotations: { aa: halfAnnotation, bb: `${halfAnnotation}x` } },
      "annotations",
      most(262_144, "bytes in all"),
      262_144,
    ],
    [
      "an annotation with U+0000",
      { annotations: { a: `${mark}\u0000` } },
      "annotations",
      "must not contain the character U+0000",
    ],
    ["an annotation's key with a space", { annotations: { [`${mark} x`]: "v" } }, "annotations", labelKeys],
    [
      "an annotation that is no text",
      { annotations: { a: null } },
      "annotations.a",
      "must be of type string",
    ],
    ["a time without a zone", { expiresAt: "2099-01-01T00:00:00" }, "expiresAt", aTime],
    ["a date alone", { expiresAt: "2099-01-01" }, "expiresAt", aTime],
    ["a month that is none", { expiresAt: "2099-13-01T00:00:00Z" }, "expiresAt", aTime],
    ["a time that is no time", { expiresAt: mark }, "expiresAt", aTime],
    ["a time as a number", { expiresAt: 4_070_908_800 }, "expiresAt", "must be string or null"],
    ["an unknown member", { colour: mark }, "colour", "is not a member known here"],
    ["a member that is only shown", { version: 7 }, "version", "is not a member known here"],
  ])("400 for %s", async (_, metadata, field, rule, limit) => {
    const { name } = await created(me);
    await refuses(() => me.post(secrets, { name: aName(), ...metadata }), field, rule, limit);
    await refuses(() => me.patch(at(name), metadata), field, rule, limit);
  });

  test("an unknown member with a long name is not named", async () => {
    const answer = await me.post(secrets, { name: aName(), [marked(65)]: 1 });
    expectInvalid(answer, "body", "is not a member known here");
    expect(answer.text).not.toContain(mark);
  });

  test("400 for a name of a wrong type, or none", async () => {
    for (const name of [null, 1, [mark], { a: mark }]) {
      await refuses(() => me.post(secrets, { name }), "name", "must be of type string");
    }
    await refuses(() => me.post(secrets, {}), "name", "is required");
    const path = at((await created(me)).name);
    await refuses(() => me.patch(path, { name: null }), "name", "must be of type string");
  });
});

describe("other bodies", () => {
  const slugRule = "must be lower-case letters, digits and inner hyphens";

  test("of organizations", async () => {
    const make = (body: unknown) => me.post(organizations, body);
    const acme = { slug: "acme", name: "Acme" };
    await refuses(() => make({ ...acme, slug: `${mark}_` }), "slug", slugRule);
    await refuses(() => make({ ...acme, slug: "-a" }), "slug", slugRule);
    await refuses(() => make({ ...acme, slug: "" }), "slug", slugRule);
    await refuses(() => make({ ...acme, slug: marked(64) }), "slug", most(63, "characters"), 63);
    const id = "0190a0a0-1111-7000-8000-000000000001";
    await refuses(() => make({ ...acme, slug: id }), "slug", "must not have the form of an id");
    await refuses(() => make({ slug: "acme", name: "" }), "name", "must not be empty");
    await refuses(() => make({ ...acme, name: marked(256) }), "name", most(255, "characters"), 255);
    await refuses(() => make({ name: "Acme" }), "slug", "is required");
    await refuses(() => make({ ...acme, custody: mark }), "custody", 'must be one of "server", "client"');
    await refuses(() => make({ ...acme, [mark.slice(0, 3)]: 1 }), "zqx", "is not a member known here");
    const change = (body: unknown) => me.patch(organization, body);
    await refuses(() => change({ trash: mark }), "trash", 'must be one of "dialect", "always", "never"');
    await refuses(() => change({ membersCreate: "true" }), "membersCreate", "must be of type boolean");
    await refuses(() => change({ limits: { secrets: -1 } }), "limits.secrets", "must be at least 0");
    await refuses(() => change({ limits: { secrets: 1.5 } }), "limits.secrets", "must be integer or null");
    await refuses(() => change({ limits: { people: 1 } }), "limits.people", "is not a member known here");
    await refuses(() => change({ limits: null }), "limits", "must be of type object");
    const unsafe = "must be null or a whole number of at least 0";
    await refuses(() => change({ limits: { stores: 1e300 } }), "limits.stores", unsafe);
    await refuses(() => change({ slug: "other" }), "slug", "is not a member known here");
    await refuses(() => change({ name: `${mark}\n` }), "name", controls);
  });

  test("of stores", async () => {
    await refuses(() => me.post(stores, {}), "name", "is required");
    await refuses(() => me.post(stores, { name: marked(501) }), "name", most(500, "characters"), 500);
    await refuses(() => me.post(stores, { name: "" }), "name", "must not be empty");
    await refuses(() => me.post(stores, { name: `${mark}\u0000` }), "name", controls);
    await refuses(() => me.post(stores, { name: "a", slug: "A" }), "slug", slugRule);
    await refuses(() => me.post(stores, { name: "a", colour: mark }), "colour", "is not a member known here");
    const { slug } = await createdStore(me);
    await refuses(() => me.patch(`${stores}/${slug}`, { slug: "b" }), "slug", "is not a member known here");
    await refuses(() => me.delete(`${stores}/${slug}?force=1`), "force", 'must be "true" or "false"');
    await refuses(() => me.delete(`${stores}/${slug}?force=`), "force", 'must be "true" or "false"');
  });

  test("of duplicate, move and restore", async () => {
    const { name } = await created(me, { value: "v" });
    await refuses(() => me.post(at(name, "/duplicate"), {}), "name", "is required");
    const labels = { name: aName(), labels: { a: "b" } };
    await refuses(() => me.post(at(name, "/duplicate"), labels), "labels", "is not a member known here");
    const nowhere = { name: aName(), store: marked(64) };
    await refuses(() => me.post(at(name, "/duplicate"), nowhere), "store", most(63, "characters"), 63);
    await refuses(() => me.post(at(name, "/move"), { name }), "store", "is required");
    await refuses(() => me.post(at(name, "/move"), { store: "" }), "store", "must not be empty");
    const version = "must be a whole number from 1 to 2147483647";
    for (const number of ["0", "-1", "x", "1.0", "2147483648"]) {
      await refuses(
        () => me.post(at(name, `/versions/${number}/restore`)),
        "version",
        version,
        2_147_483_647,
      );
      await refuses(() => me.get(at(name, `/value?version=${number}`)), "version", version, 2_147_483_647);
    }
    await refuses(
      () => me.post(at(name, "/versions/1/restore"), { a: 1 }),
      "a",
      "is not a member known here",
    );
    await refuses(() => me.delete(at(name), { a: 1 }), "a", "is not a member known here");
    const restore = `${organization}/trash/0190a0a0-1111-7000-8000-000000000001/restore`;
    await refuses(() => me.post(restore, { name: 1 }), "name", "must be string or null");
  });

  test("of a batch", async () => {
    const ask = (body: unknown) => me.post(`${store}/values`, body);
    await refuses(() => ask({}), "names", "is required");
    await refuses(() => ask({ names: mark }), "names", "must be of type array");
    await refuses(() => ask({ names: ["a", 1] }), "names.1", "must be of type string");
    await refuses(() => ask({ names: ["a", ""] }), "names[1]", "must not be empty");
    await refuses(() => ask({ names: [marked(501)] }), "names[0]", most(500, "characters"), 500);
    await refuses(() => ask({ names: [`${mark}\ud800`] }), "names[0]", illFormed);
    const names = Array.from({ length: 10_001 }, () => mark);
    await refuses(() => ask({ names }), "names", most(10_000, "entries"), 10_000);
  });
});

describe("queries", () => {
  const limitRule = "must be a whole number from 1 to 1000";

  test.each(["0", "1001", "-1", "1.5", "1e2", "0x10", "", "+5", " 5", mark])(
    "400 for limit=%j",
    async (limit) => {
      for (const path of [secrets, stores, organizations, `${organization}/trash`, `${organization}/audit`]) {
        const answer = await me.get(`${path}?limit=${encodeURIComponent(limit)}`);
        expectInvalid(answer, "limit", limitRule, 1_000);
        expect(answer.text).not.toContain(mark);
      }
    },
  );

  test("400 for what is given twice, unknown, or of a wrong form", async () => {
    await refuses(() => me.get(`${secrets}?limit=1&limit=2`), "limit", "must be of type string");
    await refuses(() => me.get(`${secrets}?offset=1`), "offset", "is not a member known here");
    await refuses(() => me.get(`${stores}?search=${mark}`), "search", "is not a member known here");
    await refuses(() => me.get(`/v1/whoami?colour=${mark}`), "colour", "is not a member known here");
    const orders = 'must be one of "created", "updated", "name", "description", "status"';
    await refuses(() => me.get(`${secrets}?order=${mark}`), "order", orders);
    await refuses(() => me.get(`${secrets}?direction=up`), "direction", 'must be one of "asc", "desc"');
    await refuses(() => me.get(at("x", `?by=${mark}`)), "by", 'must be one of "name"');
    await refuses(() => me.delete(at("x", `?purge=${mark}`)), "purge", 'must be "true" or "false"');
  });

  test("400 for search and labels out of bounds", async () => {
    expect((await me.get(`${secrets}?search=${marked(500)}`)).status).toBe(200);
    const long = () => me.get(`${secrets}?search=${marked(501)}`);
    await refuses(long, "search", most(500, "characters"), 500);
    await refuses(() => me.get(`${secrets}?search=${mark}%00`), "search", "must be well-formed text");
    const rule = "must be KEY=VALUE with a qualified name and a label value";
    for (const label of [mark, "=v", `${mark} =v`, `a=${marked(64)}`, ""]) {
      await refuses(() => me.get(`${secrets}?label=${encodeURIComponent(label)}`), "label", rule);
    }
    const labels = (count: number) => Array.from({ length: count }, (_, i) => `label=k${i}=v`).join("&");
    expect((await me.get(`${secrets}?${labels(20)}`)).status).toBe(200);
    await refuses(() => me.get(`${secrets}?${labels(21)}`), "label", "must be given at most 20 times", 20);
  });
});

describe("bodies as such", () => {
  const json = "The body must be valid JSON.";

  test.each([
    ["cut short", `{"name":"${mark}`],
    ["with a trailing comma", `{"name":"${mark}",}`],
    ["with a comment", `{"name":"${mark}"/* */}`],
    ["in single quotes", `{'name':'${mark}'}`],
    ["with a raw line break in text", `{"name":"${mark}\n"}`],
    ["two of them", `{"name":"${mark}"}{}`],
  ])("400 for JSON %s", async (_, body) => {
    const answer = await me.post(secrets, body);
    expectRefused(answer, 400, "request.invalid", json, { field: "body" });
    expect(answer.text).not.toContain(mark);
  });

  test.each([
    ["a byte that never stands in UTF-8", [0xff]],
    ["an overlong form", [0xc0, 0xaf]],
    ["a surrogate", [0xed, 0xa0, 0x80]],
    ["half a character", [0xf0, 0x9f, 0x94]],
  ])("400 for UTF-8 with %s", async (_, bytes) => {
    const body = Buffer.concat([Buffer.from(`{"name":"${mark}`), Buffer.from(bytes), Buffer.from('"}')]);
    const answer = await me.post(secrets, body);
    expectRefused(answer, 400, "request.invalid", "The body must be well-formed UTF-8.", { field: "body" });
    expect(answer.text).not.toContain(mark);
  });

  test("400 for a member that would reach the prototype", async () => {
    for (const body of [
      `{"name":"${mark}","__proto__":{"value":"x"}}`,
      `{"name":"${mark}","labels":{"\\u005f_proto__":"x"}}`,
    ]) {
      await refuses(() => me.post(secrets, body), "body", 'must not have a member "__proto__"');
    }
  });

  test.each([
    ["a list", `["${mark}"]`],
    ["text", `"${mark}"`],
    ["a number", "1"],
    ["null", "null"],
  ])("400 for a body that is %s", async (_, body) => {
    await refuses(() => me.post(secrets, body), "body", "must be of type object");
  });

  test("400 for no body", async () => {
    await refuses(() => me.post(secrets), "body", "must be of type object");
  });

  test.each(["text/plain", "application/x-www-form-urlencoded", "application/jsonp", "text/json", mark])(
    "415 for a body that calls itself %s",
    async (type) => {
      const answer = await me.post(secrets, `{"name":"${mark}"}`, { "content-type": type });
      const message = "The body must be application/json.";
      expectRefused(answer, 415, "request.media_type", message, { field: "content-type" });
      expect(answer.text).not.toContain(mark);
    },
  );

  test("201 with a charset behind the type", async () => {
    const type = { "content-type": "application/json; charset=utf-8" };
    expect((await me.post(secrets, { name: aName() }, type)).status).toBe(201);
  });

  test("413 past one mebibyte, past sixteen for a batch", async () => {
    const message = "The body is larger than this route takes.";
    const fill = (bytes: number, start: string) => start.padEnd(bytes - 2, "x").concat('"}');
    const mebibyte = 1024 * 1024;
    const most = await me.post(secrets, fill(mebibyte, `{"name":"${mark}`));
    expectInvalid(most, "name", "must have at most 500 characters", 500);
    const over = await me.post(secrets, fill(mebibyte + 1, `{"name":"${mark}`));
    expectRefused(over, 413, "request.too_large", message, { field: "body" });
    const batch = (bytes: number) => me.post(`${store}/values`, fill(bytes, '{"names":"'));
    expectInvalid(await batch(16 * mebibyte), "names", "must be of type array");
    expectRefused(await batch(16 * mebibyte + 1), 413, "request.too_large", message, { field: "body" });
  });
});

describe("conditions", () => {
  const rule = "must be an ETag that this server gave";

  test.each([
    ["a bare number", "7"],
    ["other text", `"${mark}"`],
    ["a weak tag", 'W/"7"'],
    ["an empty one", ""],
    ["a list with a hole", '"7",,"8"'],
    ["half a tag", '"7'],
  ])("400 for an If-Match that is %s", async (_, tag) => {
    const { name } = await created(me, { value: "v" });
    const headers = { "if-match": tag };
    await refuses(() => me.patch(at(name), { description: "x" }, headers), "if-match", rule);
    await refuses(() => me.put(at(name, "/value"), { value: "x" }, headers), "if-match", rule);
    await refuses(() => me.delete(at(name), undefined, headers), "if-match", rule);
    await refuses(() => me.post(at(name, "/move"), { store: "default" }, headers), "if-match", rule);
  });

  test("400 for an If-None-Match that is none, before anything is revealed", async () => {
    const { id, name } = await created(me, { value: "v" });
    for (const more of ["", "/value"]) {
      await refuses(() => me.get(at(name, more), { "if-none-match": mark }), "if-none-match", rule);
    }
    const { body } = await me.get(`${organization}/audit?action=secret.reveal&target=${id}`);
    expect(body.items).toEqual([]);
  });
});

afterEach(async () => {
  // Whatever a test sent: the server is there and answers.
  expect((await me.get("/v1/whoami")).status).toBe(200);
});
