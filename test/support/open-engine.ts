// A database on each engine, over the scratch bodies, that can be opened again after it was closed.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach } from "vitest";
import type { Database } from "../../src/core/ports.ts";
import type { EngineLimits, EngineLog } from "../../src/storage/engine.ts";
import { openPostgres } from "../../src/storage/postgres/open.ts";
import { openSqlite } from "../../src/storage/sqlite/open.ts";
import * as bodies from "./engine-bodies.ts";
import { fault } from "./engine-faults.ts";
import { sharedPostgres, stopSharedPostgres } from "./postgres.ts";
import { have } from "./requirements.ts";

export interface Opening {
  readonly limits?: Partial<EngineLimits>;
  readonly node?: string;
  readonly log?: EngineLog;
  readonly pagesMax?: number;
  readonly readers?: number;
  readonly connections?: number;
}

/** One place where data lies: opened as often as wanted, one at a time or, on PostgreSQL, at once. */
export interface Place {
  open(opening?: Opening): Promise<Database>;
  readonly where: string;
}

export interface EngineUnderTest {
  readonly name: "SQLite" | "PostgreSQL";
  place(): Promise<Place>;
}

export const bodiesUrl = new URL("./engine-bodies.ts", import.meta.url);
export const faultsUrl = new URL("./engine-faults.ts", import.meta.url);

const opened: Database[] = [];
const folders: string[] = [];

afterEach(async () => {
  for (const database of opened.splice(0)) await database.close();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});
afterAll(stopSharedPostgres);

function keeping(open: Place["open"]): Place["open"] {
  return async (opening) => {
    const database = await open(opening);
    opened.push(database);
    return database;
  };
}

export function sqlitePlace(folder = mkdtempSync(join(tmpdir(), "coffer-engine-"))): Place {
  folders.push(folder);
  return {
    where: folder,
    open: keeping((opening) =>
      openSqlite({ file: join(folder, "coffer.db"), bodies: bodiesUrl, faults: faultsUrl, ...opening }),
    ),
  };
}

export async function postgresPlace(): Promise<Place> {
  const url = await (await sharedPostgres()).database();
  return {
    where: url,
    open: keeping((opening) => openPostgres({ url, bodies, fault, ...opening })),
  };
}

export const engines: readonly EngineUnderTest[] = [
  { name: "SQLite", place: async () => sqlitePlace() },
  ...(have("postgresql") ? [{ name: "PostgreSQL" as const, place: postgresPlace }] : []),
];
