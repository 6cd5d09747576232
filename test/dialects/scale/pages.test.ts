// Lists: orders, cursors both ways, and what comes and goes while somebody walks through them.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Answer, Client } from "../../support/server.ts";
import { startCoffer } from "../../support/server.ts";
import {
  type Account,
  aKey,
  all,
  aMachine,
  anAccount,
  aSecret,
  asKey,
  expectRefused,
  nowhere,
  one,
} from "./support.ts";

const dayMs = 24 * 60 * 60 * 1000;
let now = Date.UTC(2026, 0, 1);
const coffer = await startCoffer({ clock: { now: () => now } });
afterAll(() => coffer.stop());

type Item = Readonly<Record<string, string>>;
const ids = ({ body }: Answer): string[] => body.items.map(({ id }: Item) => id);
const keys = ({ body }: Answer): string[] => body.items.map(({ key }: Item) => key);

async function anAccountOf(count: number): Promise<{ account: Account; me: Client; made: readonly Item[] }> {
  const account = await anAccount(coffer);
  const me = asKey(coffer.url, coffer.token, account.id);
  const made: Item[] = [];
  for (let turn = 0; turn < count; turn += 1) {
    now += 1_000;
    made.push(await aSecret(me, { key: `s-${String((turn * 7) % count).padStart(4, "0")}` }));
  }
  return { account, me, made };
}

/** As the clients walk: on from the last item, back from the first, until `has_more` says no. */
async function walk(me: Client, query: string, way: "on" | "back", from?: string): Promise<string[]> {
  const found: string[] = [];
  let cursor = from;
  for (;;) {
    const by = way === "on" ? "starting_after" : "ending_before";
    const page = await me.get(`${all}?${query}${cursor === undefined ? "" : `&${by}=${cursor}`}`);
    expect(page.status, page.text).toBe(200);
    if (way === "on") found.push(...ids(page));
    else found.unshift(...ids(page));
    cursor = way === "on" ? ids(page).at(-1) : ids(page)[0];
    if (!page.body.has_more) return found;
  }
}

describe("a list", () => {
  let me: Client;
  let made: readonly Item[];
  const key = (item: Item) => item.key ?? "";
  beforeAll(async () => {
    ({ me, made } = await anAccountOf(25));
  });

  test("200: newest first, a hundred to a page, and how many there are in all", async () => {
    const page = await me.get(all);
    expect(page.body).toEqual({
      items: made.toReversed(),
      has_more: false,
      total: 25,
      limit: 100,
      object: "list",
    });
    const few = await me.get(`${all}?limit=10`);
    expect(few.body).toMatchObject({ has_more: true, total: 25, limit: 10 });
    expect(ids(few)).toEqual(
      made
        .toReversed()
        .slice(0, 10)
        .map(({ id }) => id),
    );
  });

  test.each([
    ["created_at", "desc", (items: readonly Item[]) => items.toReversed()],
    ["updated_at", "desc", (items: readonly Item[]) => items.toReversed()],
    [
      "id",
      "asc",
      (items: readonly Item[]) => items.toSorted((a, b) => ((a.id ?? "") < (b.id ?? "") ? -1 : 1)),
    ],
    ["key", "asc", (items: readonly Item[]) => items.toSorted((a, b) => (key(a) < key(b) ? -1 : 1))],
  ] as const)("200: by %s, %s unless it is asked for", async (by, otherwise, sorted) => {
    const inOrder = sorted(made).map(({ id }) => id);
    const against = otherwise === "asc" ? "desc" : "asc";
    expect(ids(await me.get(`${all}?sort_by=${by}`))).toEqual(inOrder);
    expect(ids(await me.get(`${all}?sort_by=${by}&sort_order=${against}`))).toEqual(inOrder.toReversed());
    for (const query of [`sort_by=${by}&limit=4`, `sort_by=${by}&limit=5`]) {
      expect(await walk(me, query, "on")).toEqual(inOrder);
      expect(await walk(me, query, "back", inOrder.at(-1))).toEqual(inOrder.slice(0, -1));
      const turned = `${query}&sort_order=${against}`;
      expect(await walk(me, turned, "on")).toEqual(inOrder.toReversed());
      expect(await walk(me, turned, "back", inOrder[0])).toEqual(inOrder.slice(1).toReversed());
    }
  });

  test("200: what stands right before a cursor, in the order of the list", async () => {
    const inOrder = made.toReversed().map(({ id }) => id);
    const page = await me.get(`${all}?limit=3&ending_before=${inOrder[10]}`);
    expect(ids(page)).toEqual(inOrder.slice(7, 10));
    expect(page.body).toMatchObject({ has_more: true, total: 25, limit: 3 });
    const first = await me.get(`${all}?limit=3&ending_before=${inOrder[2]}`);
    expect([ids(first), first.body.has_more]).toEqual([inOrder.slice(0, 2), false]);
  });

  test("200: nothing beyond either end", async () => {
    const [newest, oldest] = [made.at(-1)?.id, made[0]?.id];
    for (const query of [`starting_after=${oldest}`, `ending_before=${newest}`]) {
      const { status, body } = await me.get(`${all}?${query}`);
      expect({ status, body }).toEqual({
        status: 200,
        body: { items: [], has_more: false, total: 25, limit: 100, object: "list" },
      });
    }
  });

  test("400: a cursor that never was in the account", async () => {
    const { made: theirs } = await anAccountOf(1);
    for (const id of [nowhere, theirs[0]?.id, "x", "", "%00", "%ff"]) {
      const detail = "The cursor is no secret of this account";
      expectRefused(await me.get(`${all}?starting_after=${id}`), 400, detail);
      expectRefused(await me.get(`${all}?ending_before=${id}&sort_by=key`), 400, detail);
    }
  });

  const at = (field: string, type: string, msg: string) => ({ loc: ["query", field], msg, type });
  const noNumber = "Input should be a valid integer, unable to parse string as an integer";
  test.each([
    ["limit=0", [at("limit", "greater_than_equal", "Input should be greater than or equal to 1")]],
    ["limit=-1", [at("limit", "greater_than_equal", "Input should be greater than or equal to 1")]],
    ["limit=10001", [at("limit", "less_than_equal", "Input should be less than or equal to 10000")]],
    ["limit=", [at("limit", "int_parsing", noNumber)]],
    ["limit=1.5", [at("limit", "int_parsing", noNumber)]],
    ["limit=1e3", [at("limit", "int_parsing", noNumber)]],
    ["limit=99999999999999999999", [at("limit", "int_parsing", noNumber)]],
    ["limit=1&limit=2", [at("limit", "int_parsing", noNumber)]],
    [
      "sort_by=value&sort_order=ASC",
      [
        at("sort_by", "literal_error", "Input should be 'created_at', 'updated_at', 'key' or 'id'"),
        at("sort_order", "literal_error", "Input should be 'asc' or 'desc'"),
      ],
    ],
    [
      "sort_by=toString",
      [at("sort_by", "literal_error", "Input should be 'created_at', 'updated_at', 'key' or 'id'")],
    ],
    [
      `starting_after=${nowhere}&ending_before=${nowhere}`,
      [at("starting_after", "value_error", "Value error, must not be given with ending_before")],
    ],
    [
      `ending_before=${nowhere}&ending_before=${nowhere}`,
      [at("ending_before", "string_type", "Input should be a valid string")],
    ],
  ])("422: %s", async (query, detail) => {
    expectRefused(await me.get(`${all}?${query}`), 422, detail);
  });
});

describe("while somebody walks through it", () => {
  test.each(["created_at", "key", "id"])("by %s, nothing that stays is missed or seen twice", async (by) => {
    for (const [way, order] of [
      ["on", "asc"],
      ["on", "desc"],
      ["back", "asc"],
    ] as const) {
      const { me, made } = await anAccountOf(12);
      const query = `sort_by=${by}&sort_order=${order}&limit=3`;
      const seen: string[] = [];
      const stay = new Set(made.map(({ id }) => id));
      const inOrder = ids(await me.get(`${all}?sort_by=${by}&sort_order=${order}`));
      let cursor = way === "on" ? undefined : inOrder.at(-1);
      if (cursor !== undefined) seen.push(cursor);
      for (let turn = 0; ; turn += 1) {
        const word = way === "on" ? "starting_after" : "ending_before";
        const page = await me.get(`${all}?${query}${cursor === undefined ? "" : `&${word}=${cursor}`}`);
        expect(page.status, page.text).toBe(200);
        seen.push(...ids(page));
        cursor = way === "on" ? ids(page).at(-1) : ids(page)[0];
        if (!page.body.has_more || cursor === undefined) break;
        // The very item that the next page begins at goes, and others come at both ends.
        await me.delete(one(cursor));
        stay.delete(cursor);
        now += 1_000;
        if (turn > 2) continue;
        for (const key of [`a-${aKey()}`, `s-0005-${aKey()}`, `z-${aKey()}`]) await aSecret(me, { key });
      }
      expect(new Set(seen).size, `${way} ${order}`).toBe(seen.length);
      for (const id of stay) expect(seen, `${way} ${order}`).toContain(id);
    }
  });

  test("a deleted secret keeps its place for a day, for a key that is granted the store alone as well", async () => {
    const { account, me, made } = await anAccountOf(3);
    const machine = asKey(coffer.url, (await aMachine(coffer, account, "read")).key);
    const gone = made[1]?.id ?? "";
    await me.delete(one(gone));
    for (const reader of [me, machine]) {
      for (const by of ["created_at", "updated_at", "id", "key"]) {
        const inOrder = ids(await me.get(`${all}?sort_by=${by}&sort_order=asc`));
        const after = await reader.get(`${all}?sort_by=${by}&sort_order=asc&starting_after=${gone}`);
        expect(after.status, after.text).toBe(200);
        const before = await reader.get(`${all}?sort_by=${by}&sort_order=asc&ending_before=${gone}`);
        expect([...ids(before), ...ids(after)]).toEqual(inOrder);
        expect([ids(before).length, ids(after).length].every((count) => count < 3)).toBe(true);
      }
    }
    now += dayMs + 1;
    await coffer.node.sweep(() => false);
    expectRefused(
      await me.get(`${all}?starting_after=${gone}`),
      400,
      "The cursor is no secret of this account",
    );
  });

  test("by the time of the last change, what was changed comes first", async () => {
    const { me, made } = await anAccountOf(3);
    now += 1_000;
    await me.patch(one(made[0]?.id ?? ""), { description: "changed" });
    expect(keys(await me.get(`${all}?sort_by=updated_at`))).toEqual([
      made[0]?.key,
      made[2]?.key,
      made[1]?.key,
    ]);
  });
});

test("200: 250 secrets by a hundred, on and back, and all on one page", async () => {
  const { me, made } = await anAccountOf(250);
  const inOrder = made.toReversed().map(({ id }) => id);
  expect(await walk(me, "limit=100", "on")).toEqual(inOrder);
  expect(await walk(me, "limit=100", "back", inOrder.at(-1))).toEqual(inOrder.slice(0, -1));
  const whole = await me.get(`${all}?limit=10000`);
  expect(whole.body).toMatchObject({ has_more: false, total: 250, limit: 10_000 });
  expect(ids(whole)).toEqual(inOrder);
});
