// The verifier shares no code with the server: these properties hold the two against each other.
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type AuditEntry,
  canonicalEntry,
  chain,
  chainHash as coreChainHash,
  chainStart as coreChainStart,
  type StoredEntry,
} from "../core/audit/entry.ts";
import { StreamChain } from "./chain.ts";
import { Findings } from "./findings.ts";
import { canonicalText, chainHash, type Entry, entryColumns } from "./format.ts";
import { entryOf, type Row } from "./rows.ts";

const text = fc.string({ unit: "binary", maxLength: 12 });
const maybe = fc.option(text, { nil: null });
const details = fc.option(
  fc.dictionary(fc.string(), fc.oneof(fc.integer(), fc.string(), fc.constant(null))),
  {
    nil: null,
  },
);

const anyEntry: fc.Arbitrary<AuditEntry> = fc.record({
  at: fc.nat(2 ** 40),
  organizationId: maybe,
  caller: fc.record({
    kind: fc.constantFrom("person" as const, "machine" as const, "system" as const),
    id: text,
    name: text,
    tokenId: maybe,
  }),
  dialect: text,
  action: fc.constantFrom("secret.reveal" as const, "secret.update" as const),
  target: fc.record({ kind: text, id: maybe, name: maybe, storeId: maybe }),
  outcome: fc.constantFrom("allowed" as const, "refused" as const, "failed" as const),
  because: maybe,
  details,
  address: maybe,
  requestId: maybe,
});

/** As a table or an export has it. */
function rowOf(entry: StoredEntry): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(entry).map(([member, value]) => [
      member.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      value,
    ]),
  );
}

function chained(entries: readonly AuditEntry[]): StoredEntry[] {
  const rows: StoredEntry[] = [];
  let head = { stream: "s", seq: 0, hash: coreChainStart };
  for (const entry of entries) {
    const stored = chain(head, entry);
    rows.push(stored);
    head = { stream: "s", seq: stored.seq, hash: stored.hash };
  }
  return rows;
}

/** What is found in one stream, of which nothing is known but its rows and where it should end. */
function check(rows: readonly Row[]): Findings {
  const findings = new Findings();
  const stream = new StreamChain("s", new Set(), findings);
  for (const row of rows) stream.take(entryOf(row));
  stream.finish();
  return findings;
}

test("both write the same canonical text and the same hash", () => {
  fc.assert(
    fc.property(anyEntry, fc.uint8Array({ minLength: 32, maxLength: 32 }), (entry, before) => {
      const stored = chain({ stream: "s", seq: 6, hash: before }, entry);
      const read: Entry = entryOf(rowOf(stored));
      expect(canonicalText(read)).toBe(canonicalEntry(stored));
      expect(chainHash(Buffer.from(before).toString("hex"), canonicalText(read))).toBe(
        Buffer.from(coreChainHash(before, canonicalEntry(stored))).toString("hex"),
      );
    }),
  );
});

const someEntries = fc.array(anyEntry, { minLength: 1, maxLength: 12 });

test("a chain that nobody touched has no findings", () => {
  fc.assert(
    fc.property(someEntries, (entries) => {
      expect(check(chained(entries).map(rowOf)).list).toEqual([]);
    }),
  );
});

test("any change of any one field of any entry is found", () => {
  const other = fc.oneof(
    text,
    fc.integer(),
    fc.double(),
    fc.constant(null),
    fc.boolean(),
    fc.constant(undefined),
    fc.uint8Array({ maxLength: 40 }),
    fc.bigInt(),
    fc.constantFrom("", "0", "null", "1"),
  );
  const column = fc.constantFrom(...entryColumns.filter((it) => it !== "stream"), "hash");
  fc.assert(
    fc.property(someEntries, fc.nat(), column, other, (entries, at, field, value) => {
      const rows = chained(entries).map(rowOf);
      const index = at % rows.length;
      const before = rows[index]?.[field];
      const same = field === "hash" ? isSame(before, value) : before === value || asNumber(before) === value;
      fc.pre(!same);
      rows[index] = { ...rows[index], [field]: value };
      expect(check(rows).list.length).toBeGreaterThan(0);
    }),
    { numRuns: 1_000 },
  );
});

test("any two entries exchanged, and any one left out before the last, are found", () => {
  fc.assert(
    fc.property(fc.array(anyEntry, { minLength: 2, maxLength: 12 }), fc.nat(), fc.nat(), (entries, a, b) => {
      const rows = chained(entries).map(rowOf);
      const one = a % rows.length;
      const two = b % rows.length;
      const left = rows.toSpliced(one % (rows.length - 1), 1);
      expect(check(left).list.map(({ kind }) => kind)).toEqual(["missing"]);
      fc.pre(one !== two);
      const exchanged = rows.map((row, index) => {
        if (index === one) return { ...rows[two], seq: one + 1 };
        return index === two ? { ...rows[one], seq: two + 1 } : row;
      });
      const message = `entries ${Math.min(one, two) + 1} and ${Math.max(one, two) + 1} were exchanged`;
      expect(check(exchanged).list).toMatchObject([{ kind: "reordered", message }]);
    }),
  );
});

function isSame(hash: unknown, value: unknown): boolean {
  return hash instanceof Uint8Array && value instanceof Uint8Array && Buffer.compare(hash, value) === 0;
}

/** A driver may hand a whole number over as a big one: that is the same number. */
function asNumber(value: unknown): unknown {
  return typeof value === "number" && Number.isSafeInteger(value) ? BigInt(value) : value;
}
