// The offline audit verifier as others see it. It imports nothing of the server, so that it can
// be read, trusted and run on its own.
import { closeSync, existsSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { exportSource } from "./export.ts";
import { signingKey } from "./format.ts";
import { postgresSource } from "./postgres.ts";
import { type AuditSource, AuditUnreadable } from "./source.ts";
import { sqliteSource } from "./sqlite.ts";

export { readAnchors } from "./anchors.ts";
export { type ArchiveParts, exportAudit, exportSegment, exportSource } from "./export.ts";
export type { Finding, FindingKind } from "./findings.ts";
export type { SignedHead } from "./format.ts";
export { postgresSource } from "./postgres.ts";
export { exitCode, formatReport } from "./report.ts";
export { entryOf } from "./rows.ts";
export { type AuditSource, AuditUnreadable } from "./source.ts";
export { sqliteSource } from "./sqlite.ts";
export { type Report, type VerifyOptions, verify } from "./verify.ts";

export interface SourcePlace {
  /** The server's data folder. */
  readonly data?: string | undefined;
  /** An export, `-` for one on standard input, or a copy of the SQLite file. */
  readonly file?: string | undefined;
  /** A PostgreSQL address. */
  readonly database?: string | undefined;
}

/** One of the three; a file goes before a database, and a database before the folder. */
export async function openSource(place: SourcePlace): Promise<AuditSource> {
  if (place.file === "-") return exportSource(process.stdin);
  if (place.file !== undefined) {
    return isSqlite(place.file) ? sqliteSource(place.file) : exportSource(place.file);
  }
  if (place.database !== undefined) return postgresSource(place.database);
  if (place.data !== undefined) return sqliteSource(join(place.data, "coffer.db"));
  throw new AuditUnreadable("no data folder, file or database was named");
}

/** The fingerprint of the newest signing key: what an operator writes down and pins. */
export async function auditKey(source: AuditSource): Promise<string> {
  const newest = (await source.keys()).at(-1);
  const key = newest === undefined ? null : signingKey(newest);
  if (key === null) throw new AuditUnreadable(`${source.label} holds no audit signing key`);
  return key.fingerprint;
}

function isSqlite(file: string): boolean {
  if (!existsSync(file)) throw new AuditUnreadable(`${file} does not exist`);
  const start = Buffer.alloc(16);
  const handle = openSync(file, "r");
  try {
    readSync(handle, start, 0, 16, 0);
  } finally {
    closeSync(handle);
  }
  return start.toString("latin1") === "SQLite format 3\0";
}
