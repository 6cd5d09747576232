// The embedded database, looked at from beside a server that may be running on it.
import { existsSync, statSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { type ExamineInput, examineInstallation } from "../../core/vitals.ts";
import * as bodies from "../bodies.ts";
import type { EngineLog } from "../engine.ts";
import { type Examined, stateOf } from "../examined.ts";
import { Snapshots } from "./snapshots.ts";

const cacheKiB = 1_024;

export async function examineSqlite(file: string, asked: ExamineInput, log: EngineLog): Promise<Examined> {
  if (!existsSync(file) || statSync(file).size === 0) return nothing("absent");
  const state = stateOf(
    bodies.migrations.map(({ id }) => id),
    appliedIn(file),
  );
  if (state !== "current") return nothing(state);
  const snapshots = new Snapshots(file, { cacheKiB }, bodies, log);
  try {
    const found = await snapshots.read(examineInstallation.name, asked);
    return { state, installation: found as NonNullable<Examined["installation"]>, server: null };
  } finally {
    snapshots.close();
  }
}

function nothing(state: Examined["state"]): Examined {
  return { state, installation: null, server: null };
}

function appliedIn(file: string): readonly string[] {
  const db = new DatabaseSync(file, { readOnly: true, timeout: 1_000 });
  try {
    const table = db
      .prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'migrations'")
      .get();
    if (table === undefined) return [];
    const rows = db.prepare("SELECT id FROM migrations ORDER BY id").all();
    return rows.map(({ id }) => String(id));
  } finally {
    db.close();
  }
}
