// What a database holds before it is opened: read without writing a byte of it, so that a server
// without its root key leaves everything as it was.
import { existsSync, statSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { readKeys, type StoredKeys } from "../../core/installation.ts";
import * as bodies from "../bodies.ts";
import type { EngineLog } from "../engine.ts";
import { outstanding } from "../migrate.ts";
import { Snapshots } from "./snapshots.ts";

const cacheKiB = 256;

/** Null where there is no database yet, or one whose first start never came to its end. */
export async function peekSqlite(file: string, log: EngineLog): Promise<StoredKeys | null> {
  if (!existsSync(file) || statSync(file).size === 0 || !isInstalled(file)) return null;
  const snapshots = new Snapshots(file, { cacheKiB }, bodies, log);
  try {
    return (await snapshots.read(readKeys.name, null)) as StoredKeys;
  } finally {
    snapshots.close();
  }
}

/** Throws where a newer version was here: its tables may look otherwise. */
function isInstalled(file: string): boolean {
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    const found = db
      .prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'installation'")
      .get();
    if (found === undefined) return false;
    const done = db.prepare("SELECT id FROM migrations ORDER BY id").all();
    outstanding(
      bodies.migrations,
      done.map(({ id }) => String(id)),
    );
    return true;
  } finally {
    db.close();
  }
}
