// A server comes to its end whatever fails on the way there, and lets go of what it held.

import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import pg from "pg";
import { expect, test } from "vitest";
import { coffers, home, text } from "../support/coffers.ts";
import type { TestCoffer } from "../support/server.ts";

const headOf = "SELECT seq FROM audit_heads WHERE stream = ";

/** Up to where a stored head vouches for the stream. */
async function vouchedFor({ data, databaseUrl }: TestCoffer, stream: string): Promise<number> {
  if (databaseUrl === null) {
    const db = new DatabaseSync(join(data, "coffer.db"), { readOnly: true });
    try {
      return Number(db.prepare(`${headOf} ?`).get(stream)?.seq);
    } finally {
      db.close();
    }
  }
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    return Number((await client.query(`${headOf} $1`, [stream])).rows[0]?.seq);
  } finally {
    await client.end();
  }
}

for (const engine of coffers) {
  test(`on ${engine.name} the last heads are stored although the file for them is full`, async () => {
    const coffer = await engine.start({ env: { COFFER_AUDIT_HEAD_FILE: "/dev/full" } });
    const { operations, context } = coffer.node;
    await operations.secrets.create(coffer.owner, home, home, { name: "A", value: text("v") });
    const before = context.database.heads();
    const again = await coffer.restart();
    try {
      for (const { stream, seq } of before) expect(await vouchedFor(again, stream)).toBeGreaterThan(seq);
    } finally {
      await again.stop();
    }
  });
}
