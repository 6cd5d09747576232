// Writes a backup: one snapshot of a database, as lines. What is held in memory is a page of rows.
import { createHash } from "node:crypto";
import {
  endLine,
  type Header,
  headerLine,
  type Row,
  rowLine,
  type Table,
  type Totals,
  tableLine,
} from "./format.ts";

/** A database as it stood at one moment. */
export interface Snapshot {
  readonly installation: string;
  readonly migrations: readonly string[];
  /** What a backup carries, each table after those that its rows refer to. */
  readonly tables: readonly Table[];
  /** A page at a time. */
  rows(table: Table): AsyncIterable<readonly Row[]>;
  close(): Promise<void>;
}

const bufferedBytes = 256 * 1024;

export async function writeBackup(
  snapshot: Snapshot,
  { id, takenAt }: Pick<Header, "id" | "takenAt">,
  write: (bytes: Buffer) => Promise<void>,
  onRows: (rows: number) => void = () => {},
): Promise<Totals> {
  const { installation, migrations, tables } = snapshot;
  const sum = createHash("sha256");
  let waiting = headerLine({ id, takenAt, installation, migrations });
  let rows = 0;
  const flush = async () => {
    const bytes = Buffer.from(waiting);
    waiting = "";
    sum.update(bytes);
    await write(bytes);
  };
  for (const table of tables) {
    waiting += tableLine(table);
    for await (const page of snapshot.rows(table)) {
      for (const row of page) {
        waiting += rowLine(row);
        if (waiting.length >= bufferedBytes) await flush();
      }
      rows += page.length;
      onRows(rows);
    }
  }
  await flush();
  const totals = { tables: tables.length, rows };
  await write(Buffer.from(endLine(totals, sum.digest("hex"))));
  return totals;
}
