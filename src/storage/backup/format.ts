// The lines of a backup, one JSON text each: a header, then every table with its rows behind a line that
// names it, then the sum of it all. It knows no engine and no file. docs/reference/backup-format.md is the
// written definition.
import type { SqlValue } from "../sql.ts";

export const backupFormat = "coffer/backup/1";

/** The longest row holds one value, sealed, or a run of audit entries; both lie far below. */
export const lineBytesMax = 16 * 1024 * 1024;

export type Kind = "integer" | "text" | "bytes";

export interface Column {
  readonly name: string;
  readonly kind: Kind;
}

export interface Table {
  readonly name: string;
  readonly columns: readonly Column[];
}

export type Row = readonly SqlValue[];

export interface Header {
  /** Of this backup. */
  readonly id: string;
  readonly takenAt: number;
  readonly installation: string;
  /** The schema, by the ids of the migrations that made it. */
  readonly migrations: readonly string[];
}

export interface Totals {
  readonly tables: number;
  readonly rows: number;
}

/** What was given is no whole backup. The message says where and never what stands there. */
export class BackupFlaw extends Error {
  override readonly name = "BackupFlaw";
}

export const headerLine = (header: Header): string => line({ format: backupFormat, ...header });

export const tableLine = ({ name, columns }: Table): string =>
  line({ table: name, columns: columns.map((column) => [column.name, column.kind]) });

export const endLine = (totals: Totals, sha256: string): string => line({ end: totals, sha256 });

export function rowLine(row: Row): string {
  return line(row.map((cell) => (cell instanceof Uint8Array ? base64(cell) : cell)));
}

function line(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

export type Line =
  | { readonly kind: "table"; readonly table: Table }
  | { readonly kind: "row"; readonly cells: readonly unknown[] }
  | { readonly kind: "end"; readonly totals: Totals; readonly sha256: string };

export function parseHeader(text: string): Header {
  const value = parsed(text);
  if (!isRecord(value) || value.format !== backupFormat) {
    throw new BackupFlaw(`this does not begin like a backup (${backupFormat})`);
  }
  const { id, takenAt, installation, migrations } = value;
  const whole =
    isName(id) && isWhole(takenAt) && isName(installation) && isList(migrations) && migrations.every(isName);
  if (!whole) throw new BackupFlaw("the backup's first line is damaged");
  return { id, takenAt, installation, migrations };
}

export function parseLine(text: string, number: number): Line {
  const value = parsed(text);
  if (Array.isArray(value)) return { kind: "row", cells: value };
  if (isRecord(value) && isName(value.table) && isList(value.columns)) {
    const columns = value.columns.map((column) => columnOf(column, number));
    return { kind: "table", table: { name: value.table, columns } };
  }
  if (isRecord(value) && isRecord(value.end) && isName(value.sha256)) {
    const { tables, rows } = value.end;
    if (isWhole(tables) && isWhole(rows))
      return { kind: "end", totals: { tables, rows }, sha256: value.sha256 };
  }
  throw flaw(number, "is damaged");
}

/** The cells as what a statement takes; throws where they are not what the columns hold. */
export function rowOf(cells: readonly unknown[], { columns }: Table, number: number): Row {
  if (cells.length !== columns.length) throw flaw(number, "has another number of columns than its table");
  return columns.map(({ name, kind }, index) => {
    const value = cellOf(cells[index], kind);
    if (value === undefined) throw flaw(number, `holds no ${kind} in the column "${name}"`);
    return value;
  });
}

export function flaw(number: number, what: string): BackupFlaw {
  return new BackupFlaw(`line ${number} of the backup ${what}`);
}

function cellOf(cell: unknown, kind: Kind): SqlValue | undefined {
  if (cell === null) return null;
  if (kind === "integer") return isWhole(cell) ? cell : undefined;
  if (typeof cell !== "string") return undefined;
  // What no text column may hold: see values.ts.
  if (kind === "text") return cell.isWellFormed() && !cell.includes("\0") ? cell : undefined;
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(cell) || cell.length % 4 !== 0) return undefined;
  return new Uint8Array(Buffer.from(cell, "base64"));
}

function columnOf(value: unknown, number: number): Column {
  const [name, kind]: readonly unknown[] = isList(value) ? value : [];
  if (!isName(name) || (kind !== "integer" && kind !== "text" && kind !== "bytes")) {
    throw flaw(number, "names a column wrongly");
  }
  return { name, kind };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value);
const isName = (value: unknown): value is string =>
  typeof value === "string" && /^[\w.-]{1,100}$/.test(value);
const isWhole = (value: unknown): value is number => Number.isSafeInteger(value);
