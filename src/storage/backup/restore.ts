// From a backup to a database: the schema as it was, the rows, the migrations that came since, and last the
// mark by which the next start starts anew. It is one transaction, or a file that nobody opens before its
// end: what is found afterwards is all of it or nothing.
import { CofferError } from "../../core/errors.ts";
import { type Migration, type MigrationTarget, migrate } from "../migrate.ts";
import { restoreMark } from "../repositories/restores.ts";
import { rootReader } from "../repositories/root-keys.ts";
import { BackupFlaw, type Header, type Row, type Table, type Totals } from "./format.ts";
import type { Backup } from "./read.ts";
import { carried, type FoundTable } from "./tables.ts";

/** An empty database, inside a transaction. */
export interface Target extends MigrationTarget {
  tables(): Promise<readonly FoundTable[]>;
  insert(table: Table, rows: readonly Row[]): Promise<void>;
  commit(): Promise<void>;
}

export interface Restored extends Totals {
  readonly header: Header;
  /** Without these root keys it does not open. */
  readonly rootKeys: readonly string[];
}

export async function restoreInto(
  target: Target,
  backup: Backup,
  { known, at }: { readonly known: readonly Migration[]; readonly at: number },
  onRows: (rows: number) => void = () => {},
): Promise<Restored> {
  const { header } = backup;
  await migrate(target, upTo(known, header.migrations), at);
  const expected = new Map(carried(await target.tables()).map((table) => [table.name, table]));
  const parts = backup.parts();
  let rows = 0;
  let next = await parts.next();
  for (; next.done !== true; next = await parts.next()) {
    const part = next.value;
    if (part.kind === "table") {
      demandSame(part.table, expected.get(part.table.name));
      expected.delete(part.table.name);
    } else {
      await inserted(target, part.table, part.rows);
      rows += part.rows.length;
      onRows(rows);
    }
  }
  const [missing] = expected.keys();
  if (missing !== undefined) throw new BackupFlaw(`the backup lacks the table ${missing}`);
  await migrate(target, known, at);
  await restoreMark(target.db, { backup: header.id, takenAt: header.takenAt, at });
  const rootKeys = await rootReader(target.db).neededRoots();
  await target.commit();
  return { header, rootKeys, ...next.value };
}

/** The migrations that the backup's database had. */
function upTo(known: readonly Migration[], done: readonly string[]): readonly Migration[] {
  const strange = done.find((id, index) => known[index]?.id !== id);
  if (strange === undefined) return known.slice(0, done.length);
  throw new CofferError(
    "storage.unavailable",
    `The backup has the migration "${strange}", which this version of Coffer does not know in that place; ` +
      "it was made by a newer version.",
  );
}

function demandSame(found: Table, expected: Table | undefined): void {
  const { name } = found;
  if (expected === undefined)
    throw new BackupFlaw(`the backup holds a table ${name} that its schema does not have`);
  const spelt = ({ columns }: Table) => columns.map((column) => `${column.name}:${column.kind}`).join();
  if (spelt(found) !== spelt(expected)) throw new BackupFlaw(`the backup's table ${name} has other columns`);
}

/** What an engine says of a row could quote it. */
async function inserted(target: Target, table: Table, rows: readonly Row[]): Promise<void> {
  try {
    await target.insert(table, rows);
  } catch (cause) {
    throw new BackupFlaw(`the database does not take the backup's rows of ${table.name}`, { cause });
  }
}
