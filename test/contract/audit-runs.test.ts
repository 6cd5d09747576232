// Entries that share a row of the audit trail, on both engines: few rows are written, and nobody who
// reads can tell.
import { afterAll, afterEach, describe, expect, test } from "vitest";
import type { StoredEntry } from "../../src/core/audit/entry.ts";
import type { AuditFilter } from "../../src/core/audit/filter.ts";
import { auditPage } from "../../src/core/audit/retention.ts";
import type { Position } from "../../src/core/pagination.ts";
import { openSource, verify } from "../../src/verify/index.ts";
import { freshStore, home, text } from "../support/coffers.ts";
import { sharedPostgres, stopSharedPostgres } from "../support/postgres.ts";
import { have } from "../support/requirements.ts";
import { startCoffer, type TestCoffer } from "../support/server.ts";

afterAll(stopSharedPostgres);

const everything: Omit<AuditFilter, "organizationId"> = {
  ...{ action: "secret.reveal", caller: null, target: null },
  ...{ outcome: null, dialect: null, since: null, until: null },
};

// What a pattern, a quotation mark or an escape would be mistaken for.
const odd = ["100%_!", 'QUOTE"D', "BACK\\SLASH", "ÄÖ"];
const names = [...odd, ...Array.from({ length: 296 }, (_, index) => `NAME_${index}`)];

const engines = have("postgresql") ? ["SQLite", "PostgreSQL"] : ["SQLite"];

describe.each(engines)("a batch on %s", (engine) => {
  let coffer: TestCoffer;
  let database: string | undefined;
  afterEach(() => coffer.stop());

  async function batch(): Promise<void> {
    database = engine === "PostgreSQL" ? await (await sharedPostgres()).database() : undefined;
    coffer = await startCoffer(database === undefined ? {} : { database });
    const store = await freshStore(coffer);
    const { secrets } = coffer.node.operations;
    for (const name of names) await secrets.create(coffer.owner, home, store, { name, value: text("v") });
    const refs = names.map((name) => ({ name }));
    const items = await secrets.revealAll(coffer.owner, home, store, refs);
    expect(items.filter(({ error }) => error !== null)).toEqual([]);
  }

  /** How many rows hold the reveals. */
  async function rows(): Promise<number> {
    const { database: tables } = coffer.node.context;
    const ends = new Set<number>();
    for (const { stream } of tables.heads()) {
      for (const entry of await tables.scan(auditPage, { stream, after: 0, rows: 10_000 })) {
        if (entry.action === "secret.reveal") ends.add(entry.rowEnd);
      }
    }
    return ends.size;
  }

  async function listed(filter: Partial<AuditFilter>, limit: number): Promise<readonly StoredEntry[]> {
    const found: StoredEntry[] = [];
    let before: Position | null = null;
    do {
      const page: { items: readonly StoredEntry[]; next: Position | null } =
        await coffer.node.operations.audit.list(
          coffer.owner,
          home,
          { ...everything, ...filter },
          { before, limit },
        );
      found.push(...page.items);
      before = page.next;
    } while (before !== null);
    return found;
  }

  test("lies in few rows, is listed whole by pages of any length, and is intact", async () => {
    await batch();
    expect(await rows()).toBe(Math.ceil(names.length / 128));
    for (const limit of [7, 128, 129, 1_000]) {
      const entries = await listed({}, limit);
      expect(entries.map(({ targetName }) => targetName)).toEqual(names.toReversed());
      const sequences = entries.map(({ seq }) => seq);
      expect(sequences).toEqual(sequences.toSorted((one, other) => other - one));
    }
    expect(new Set((await listed({}, 50)).map(({ hash }) => Buffer.from(hash).toString("hex"))).size).toBe(
      names.length,
    );
    const source = await openSource(database === undefined ? { data: coffer.data } : { database });
    const { findings } = await verify(source, {});
    await source.close();
    expect(findings).toEqual([]);
  });

  test("is found by each of its targets, and by nothing that only looks like one", async () => {
    await batch();
    for (const name of [...odd, "NAME_0", "NAME_150", "NAME_295"]) {
      const [entry, ...more] = await listed({ target: name }, 10);
      expect([entry?.targetName, more]).toEqual([name, []]);
      const byId = await listed({ target: entry?.targetId ?? "" }, 10);
      expect(byId.map(({ targetName }) => targetName)).toEqual([name]);
    }
    for (const target of ["%", "NAME_", "_", "owner", "v"]) expect(await listed({ target }, 10)).toEqual([]);
  });
});
