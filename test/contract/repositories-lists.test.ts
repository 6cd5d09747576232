// Lists against a model of three lines: filter, sort, cut. What the engines answer must be that.
import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type LabelRequirement,
  type SecretFilter,
  type SecretOrder,
  secretOrders,
} from "../../src/core/secrets/filter.ts";
import type { SecretQuery } from "../../src/core/secrets/port.ts";
import { secretPosition } from "../../src/core/secrets/position.ts";
import type { Labels, Secret } from "../../src/core/secrets/secret.ts";
import type { Store } from "../../src/core/stores/store.ts";
import { onEachEngine } from "../support/repositories.ts";
import { aPlace, aSecret, aStore } from "../support/rows.ts";

const directions = ["asc", "desc"] as const;

// Few values, so that ties are common; some that only bytes can order, some cut short by the sort.
const anyText = fc.constantFrom("", "a", "A", "b", "é", "e\u0301", "Z", "ß", "\u{1F511}", "\uFFFD", "a\nb");
const anyDescription = fc.oneof(
  fc.constant(null),
  anyText,
  anyText.map((end) => "\u{1F511}".repeat(499) + end),
);
const anyMoment = fc.integer({ min: 1, max: 4 });
const anyLabels = fc.option(
  fc.dictionary(fc.constantFrom("a", "b"), fc.constantFrom("", "1", "2"), { noNullPrototype: true }),
);
const anyConsumers = fc.option(fc.uniqueArray(fc.constantFrom("x", "y", "z")));

interface Drawn {
  readonly name: string;
  readonly description: string | null;
  readonly createdAt: number;
  readonly updatedAt: number | null;
  readonly state: "active" | "trashed" | "creating";
  readonly elsewhere: boolean;
  readonly labels: Labels | null;
  readonly consumers: readonly string[] | null;
}

const anySecrets: fc.Arbitrary<Drawn[]> = fc.array(
  fc.record({
    name: anyText.map((text) => text.replace("\n", "")),
    description: anyDescription,
    createdAt: anyMoment,
    updatedAt: fc.option(anyMoment),
    state: fc.constantFrom("active", "active", "active", "trashed", "creating"),
    elsewhere: fc.boolean(),
    labels: anyLabels,
    consumers: anyConsumers,
  }),
  { maxLength: 14 },
);

const anyRequirement: fc.Arbitrary<LabelRequirement> = fc.record({
  key: fc.constantFrom("a", "b"),
  operator: fc.constantFrom("in", "not in", "exists", "not exists"),
  values: fc.uniqueArray(fc.constantFrom("", "1", "2", "3")),
});

function everything(store: Store): SecretFilter {
  return {
    organizationId: store.organizationId,
    storeIds: [store.id],
    state: "active",
    search: null,
    labels: [],
    consumersAnyOf: null,
  };
}

/** As both engines compare: by bytes of UTF-8. */
function compare(a: string | number | null, b: string | number | null): number {
  if (typeof a === "string" && typeof b === "string") return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return Number(a) - Number(b);
}

function sorted(secrets: readonly Secret[], order: SecretOrder, direction: "asc" | "desc"): string[] {
  const places = secrets.map((secret) => secretPosition(order, secret));
  const sign = direction === "asc" ? 1 : -1;
  return places.sort((a, b) => sign * (compare(a.key, b.key) || compare(a.id, b.id))).map(({ id }) => id);
}

function satisfies(labels: Labels | null, { key, operator, values }: LabelRequirement): boolean {
  const value = labels?.[key];
  if (operator === "exists") return value !== undefined;
  if (operator === "not exists") return value === undefined;
  const among = value !== undefined && values.includes(value);
  return operator === "in" ? among : !among;
}

onEachEngine("lists of what lies in many places", (bench) => {
  /** More than either engine binds parameters. */
  const others = Array.from({ length: 40_000 }, () => randomUUID());

  test("show all that is in any of them, however many are asked for", async () => {
    const { store } = await aPlace(bench.tx);
    const secret = aSecret(store);
    await bench.tx.secrets.insert(secret);
    for (const at of [0, 1_023, 1_024, others.length]) {
      const only = [...others.slice(0, at), store.id, ...others.slice(at, at + 5)];
      const filter = { ...everything(store), storeIds: only };
      expect(await bench.tx.secrets.count(filter)).toBe(1);
      expect(
        await bench.tx.secrets.count({ ...filter, storeIds: only.filter((id) => id !== store.id) }),
      ).toBe(0);
      const stores = await bench.tx.stores.list(store.organizationId, {
        after: null,
        offset: 0,
        limit: 9,
        only,
      });
      expect(stores.map(({ id }) => id)).toEqual([store.id]);
    }
  });
});

onEachEngine("lists of secrets", (bench) => {
  test("pages in every order and direction show each secret once, in the order of the model", () =>
    fc.assert(
      fc.asyncProperty(
        anySecrets,
        fc.integer({ min: 1, max: 5 }),
        fc.boolean(),
        async (drawn, limit, wide) => {
          const { store, secrets } = await written(drawn);
          for (const state of ["active", "trashed"] as const) {
            const filter = { ...everything(store), state, storeIds: wide ? null : [store.id] };
            const shown = secrets.filter((it) => it.state === state && (wide || it.storeId === store.id));
            expect(await bench.tx.secrets.count(filter)).toBe(shown.length);
            for (const order of secretOrders) {
              for (const direction of directions) {
                const query = { filter, order, direction, limit };
                const expected = sorted(shown, order, direction);
                expect(await byPosition(query)).toEqual(expected);
                expect(await byOffset(query)).toEqual(expected);
              }
            }
          }
        },
      ),
      { numRuns: 30 },
    ));

  test("label requirements and consumers select what the model selects", () =>
    fc.assert(
      fc.asyncProperty(
        anySecrets,
        fc.array(anyRequirement, { maxLength: 3 }),
        anyConsumers,
        async (drawn, labels, consumersAnyOf) => {
          const { store, secrets } = await written(drawn);
          const filter = { ...everything(store), labels, consumersAnyOf };
          const shown = secrets.filter(
            (it) =>
              it.state === "active" &&
              it.storeId === store.id &&
              labels.every((requirement) => satisfies(it.labels, requirement)) &&
              (consumersAnyOf === null || consumersAnyOf.some((name) => it.consumers?.includes(name))),
          );
          expect(await byPosition({ filter, order: "name", direction: "asc", limit: 4 })).toEqual(
            sorted(shown, "name", "asc"),
          );
          expect(await bench.tx.secrets.count(filter)).toBe(shown.length);
        },
      ),
      { numRuns: 100 },
    ));

  describe("search", () => {
    const cases: [what: string, search: string, names: readonly string[], found: readonly string[]][] = [
      ["a percent sign is itself", "0%", ["100%", "100", "0x%"], ["100%"]],
      ["an underscore is itself", "a_c", ["a_c", "abc"], ["a_c"]],
      ["a backslash is itself", "\\", ["a\\b", "a/b"], ["a\\b"]],
      ["a backslash before a percent sign is itself", "\\%", ["a\\%b", "a%b", "a\\b"], ["a\\%b"]],
      ["a quote is itself", "'", ["it's", "its"], ["it's"]],
      ["letter case does not count", "KEY", ["api-key", "Key", "ke"], ["Key", "api-key"]],
      ["nor beyond ASCII", "ÄRGER", ["ärger", "arger"], ["ärger"]],
      ["nor where a letter becomes two", "strasse", ["STRAẞE", "Straße", "strase"], ["STRAẞE", "Straße"]],
      ["nor at the end of a Greek word", "ΟΔΟΣ", ["οδοσα", "ΟΔΟΣ", "οδός"], ["ΟΔΟΣ", "οδοσα"]],
      ["any part counts", "b", ["abc", "b", "ac"], ["abc", "b"]],
      ["an empty search finds all", "", ["a", "b"], ["a", "b"]],
    ];
    for (const [what, search, names, expected] of cases) {
      test(what, async () => {
        const { store } = await aPlace(bench.tx);
        for (const name of names) await bench.tx.secrets.insert(aSecret(store, { name }));
        expect(await namesFor(store, search)).toEqual(expected);
      });
    }

    test("looks into descriptions too, and follows an update", async () => {
      const { store } = await aPlace(bench.tx);
      const secret = aSecret(store, { name: "n", description: "For the Mailer" });
      await bench.tx.secrets.insert(secret);
      expect(await namesFor(store, "mailer")).toEqual(["n"]);
      await bench.tx.secrets.update({ ...secret, description: null, revision: 2 }, 1);
      expect(await namesFor(store, "mailer")).toEqual([]);
    });

    test("any part of a name finds it, in whatever letter case", () =>
      fc.assert(
        fc.asyncProperty(
          fc.array(fc.constantFrom(..."aß%_\\ΣςσİıǅŉK'\"", "\u{1F511}"), { minLength: 1, maxLength: 12 }),
          fc.nat(11),
          fc.nat(11),
          async (letters, from, length) => {
            const { store } = await aPlace(bench.tx);
            const name = letters.join("");
            await bench.tx.secrets.insert(aSecret(store, { name }));
            const part = letters.slice(from, from + length).join("");
            for (const search of [part, part.toUpperCase(), part.toLowerCase()]) {
              expect(await namesFor(store, search)).toEqual([name]);
            }
          },
        ),
        { numRuns: 100 },
      ));
  });

  test("a cursor whose key is none of the list's is refused before an engine sees it", async () => {
    const { store } = await aPlace(bench.tx);
    const query = { filter: everything(store), direction: "asc", offset: 0, limit: 1 } as const;
    const forged = [
      { order: "created", after: { key: "1", id: "i" } },
      { order: "created", after: { key: null, id: "i" } },
      { order: "updated", after: { key: 0.5, id: "i" } },
      { order: "name", after: { key: 1, id: "i" } },
      { order: "name", after: { key: "\u0000", id: "i" } },
      { order: "name", after: { key: "\ud800", id: "i" } },
      { order: "description", after: { key: "", id: "\u0000" } },
    ] as const;
    for (const one of forged) {
      await expect(bench.tx.secrets.list({ ...query, ...one })).rejects.toMatchObject({
        code: "cursor.invalid",
      });
    }
  });

  /** Live names are unique: what is drawn twice gets a number. */
  async function written(drawn: readonly Drawn[]): Promise<{ store: Store; secrets: Secret[] }> {
    const { organization, store } = await aPlace(bench.tx);
    const other = aStore(organization);
    await bench.tx.stores.insert(other);
    const taken = new Set<string>();
    const secrets: Secret[] = [];
    for (const { elsewhere, ...parts } of drawn) {
      const home = elsewhere ? other : store;
      let name = parts.name || "0";
      while (parts.state !== "trashed" && taken.has(`${elsewhere}${name}`)) name += "1";
      taken.add(`${elsewhere}${name}`);
      const secret = aSecret(home, { ...parts, name });
      await bench.tx.secrets.insert(secret);
      secrets.push(secret);
    }
    return { store, secrets };
  }

  type Walk = Omit<SecretQuery, "after" | "offset">;

  async function byPosition(query: Walk): Promise<string[]> {
    const ids: string[] = [];
    let after: SecretQuery["after"] = null;
    for (;;) {
      const page: readonly Secret[] = await bench.tx.secrets.list({ ...query, after, offset: 0 });
      ids.push(...page.map(({ id }) => id));
      const last = page.at(-1);
      if (last === undefined || ids.length > 100) return ids;
      after = secretPosition(query.order, last);
    }
  }

  async function byOffset(query: Walk): Promise<string[]> {
    const ids: string[] = [];
    for (;;) {
      const page = await bench.tx.secrets.list({ ...query, after: null, offset: ids.length });
      if (page.length === 0) return ids;
      ids.push(...page.map(({ id }) => id));
    }
  }

  async function namesFor(store: Store, search: string): Promise<string[]> {
    const filter = { ...everything(store), search };
    const query = { filter, order: "name", direction: "asc", after: null, offset: 0, limit: 100 } as const;
    return (await bench.tx.secrets.list(query)).map(({ name }) => name);
  }
});
