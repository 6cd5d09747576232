// Secrets that one request of the Cloudflare dialect creates, while the server is killed at its commit.
import { mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { Place } from "./child.ts";
import { startServer } from "./child.ts";
import { reading } from "./tables.ts";
import { wireTo } from "./wire.ts";

const out = mkdtempSync(join(tmpdir(), "coffer-bulk-"));
const place: Place = { out, data: join(out, "data"), database: null };
afterAll(() => rmSync(out, { recursive: true, force: true }));

const wireId = (uuid: string) => uuid.replaceAll("-", "");

async function createAt(killAt: string | null, prefix: string): Promise<number> {
  const server = startServer(place, { killAt });
  const url = await server.ready;
  const { token, organization, store } = JSON.parse(
    await readFile(join(place.data, "bootstrap.json"), "utf8"),
  );
  const wire = wireTo(url, token, 1);
  const path = `/client/v4/accounts/${wireId(organization.id)}/secrets_store/stores/${wireId(store.id)}/secrets`;
  const body = Array.from({ length: 50 }, (_, index) => ({
    name: `${prefix}_${index}`,
    value: "v",
    scopes: ["workers"],
  }));
  const answer = await wire.send("POST", path, body);
  expect(answer === null).toBe(killAt !== null);
  wire.close();
  await server.kill();
  const rows = await reading(place, (ask) =>
    ask(
      `SELECT s.id FROM secrets s JOIN secret_versions v ON v.secret_id = s.id WHERE s.name LIKE '${prefix}%'`,
    ),
  );
  return rows.length;
}

test("killed before the commit there is none of them, after it there are all", async () => {
  expect(await createAt(null, "FIRST")).toBe(50);
  expect(await createAt("secret.create.before-commit:1", "BEFORE")).toBe(0);
  expect(await createAt("secret.create.after-commit:1", "AFTER")).toBe(50);
}, 60_000);
