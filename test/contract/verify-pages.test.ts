// Verifying a trail reads every secret, a page at a time: a page must cost the same wherever it lies.
import { expect, onTestFinished, test } from "vitest";
import { SeenAuthorities } from "../../src/storage/authorities.ts";
import { sql } from "../../src/storage/sql.ts";
import { AuditStream } from "../../src/storage/stream.ts";
import { transactionOn } from "../../src/storage/transaction.ts";
import { secretsAfter } from "../../src/verify/statements.ts";
import { engines } from "../support/engines.ts";
import { aPlace, aSecret, aValue, aVersion } from "../support/rows.ts";

/** So many that the engine would rather join two tables in their order than look rows up. */
const count = 20_000;
const perPage = 10;

interface Plan {
  readonly Plan: { readonly "Shared Hit Blocks": number; readonly "Shared Read Blocks": number };
}

for (const engine of engines.filter(({ name }) => name === "PostgreSQL")) {
  test("the last page of secrets on PostgreSQL reads no versions but its own", async () => {
    const connection = await engine.open();
    onTestFinished(() => connection.close());
    const { db } = connection;
    await connection.begin();
    const tx = transactionOn(db, AuditStream.start("stream-1"), new SeenAuthorities());
    const { organization, store } = await aPlace(tx);
    const secret = aSecret(store, { name: "first" });
    const version = aVersion(secret, 1);
    await tx.secrets.insert({ ...secret, version: 1, versionId: version.id });
    await tx.versions.insert(version, organization.id, aValue(1));
    const numbered = `generate_series(1, ${count}) AS n`;
    await db.run(
      sql`INSERT INTO secrets SELECT (jsonb_populate_record(s, jsonb_build_object('id', 's' || 100000 + n,
        'name', 's' || n, 'version_id', 'v' || 100000 + n))).* FROM secrets s, ${numbered}`,
      [],
    );
    await db.run(
      sql`INSERT INTO secret_versions SELECT (jsonb_populate_record(v, jsonb_build_object('id', 'v' || 100000 + n,
        'secret_id', 's' || 100000 + n))).* FROM secret_versions v, ${numbered}`,
      [],
    );
    await db.run(sql`ANALYZE secrets, secret_versions`, []);
    const after = `s${100_000 + count - perPage}`;

    const page = await db.all(sql<{ sealed: Uint8Array | null }>`${secretsAfter}`, [after, perPage]);
    expect(page.filter(({ sealed }) => sealed !== null)).toHaveLength(perPage);

    // As after some pages, when the engine plans no longer for each of them.
    await db.run(sql`SET LOCAL plan_cache_mode = force_generic_plan`, []);
    await db.run(sql`PREPARE page AS ${secretsAfter}`, []);
    const explained = sql<{ "QUERY PLAN": readonly Plan[] }>`
      EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE page ('${after}', ${String(perPage)})`;
    const plan = (await db.one(explained, []))?.["QUERY PLAN"][0]?.Plan;
    const blocks = (plan?.["Shared Hit Blocks"] ?? 0) + (plan?.["Shared Read Blocks"] ?? 0);
    expect(blocks).toBeGreaterThan(perPage);
    expect(blocks).toBeLessThan(perPage * 10);
  });
}
