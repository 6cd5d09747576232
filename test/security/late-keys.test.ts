// An installation of an earlier release has no keys for what came later: its next start makes them, once.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, expect, test } from "vitest";
import { startCoffer, type TestCoffer } from "../support/server.ts";
import { readTrail } from "../support/trail.ts";

const data = mkdtempSync(join(tmpdir(), "coffer-late-"));
let coffer: TestCoffer;
afterAll(async () => {
  await coffer.stop();
  rmSync(data, { recursive: true, force: true });
});

test("keys that came with a later release are made at the next start, and stay", async () => {
  coffer = await startCoffer({ data });
  await coffer.stop();
  const purposes = (change?: string): readonly string[] => {
    const db = new DatabaseSync(join(data, "coffer.db"));
    try {
      if (change !== undefined) db.exec(change);
      return db
        .prepare("SELECT purpose FROM internal_keys ORDER BY purpose")
        .all()
        .map(({ purpose }) => String(purpose));
    } finally {
      db.close();
    }
  };
  const all = ["audit-signing", "fingerprint", "token-signing", "transport"];
  expect(purposes().filter((each) => all.includes(each))).toEqual(all);
  purposes("DELETE FROM internal_keys WHERE purpose IN ('token-signing', 'transport')");
  coffer = await coffer.restart();
  const key = "/v1/organizations/default/bitwarden/transport-key";
  const { body } = await coffer.call(coffer.token).get(key);
  const made = async () =>
    (await readTrail(coffer, null)).filter(({ details }) => details?.includes('"purpose":'));
  const entry = (purpose: string) => ({
    organization_id: null,
    caller_kind: "system",
    caller_name: "start",
    action: "key.manage",
    target_kind: "key",
    outcome: "allowed",
    details: JSON.stringify({ change: "added", purpose }),
  });
  expect(await made()).toMatchObject([entry("token-signing"), entry("transport")]);
  coffer = await coffer.restart();
  expect(await made()).toHaveLength(2);
  expect((await coffer.call(coffer.token).get(key)).body).toEqual(body);
  expect(purposes().filter((each) => all.includes(each))).toEqual(all);
});
