// Reads a backup line by line, and says at its end whether all of it was there, just as it was written.
// Whoever uses what comes before the end takes it back if the end never comes.
import { createHash } from "node:crypto";
import {
  BackupFlaw,
  flaw,
  type Header,
  lineBytesMax,
  parseHeader,
  parseLine,
  type Row,
  rowOf,
  type Table,
  type Totals,
} from "./format.ts";

export interface Backup {
  readonly header: Header;
  /** Rows of one table after another. It throws `BackupFlaw` at the latest after the last of them. */
  parts(): AsyncGenerator<Part, Totals>;
}

export type Part =
  | { readonly kind: "table"; readonly table: Table }
  | { readonly kind: "rows"; readonly table: Table; readonly rows: readonly Row[] };

/** As many rows are handed on together, or as many bytes. */
const pageRows = 500;
const pageBytes = 1024 * 1024;

export async function readBackup(source: AsyncIterable<Uint8Array>): Promise<Backup> {
  const lines = linesOf(source);
  const sum = createHash("sha256");
  const first = await lines.next();
  if (first.done === true) throw new BackupFlaw("there is nothing in this backup");
  const header = parseHeader(first.value.toString());
  hashLine(first.value);

  function hashLine(line: Buffer): void {
    sum.update(line);
    sum.update("\n");
  }

  return {
    header,
    async *parts() {
      const names = new Set<string>();
      let table: Table | null = null;
      let page: Row[] = [];
      let bytes = 0;
      let rows = 0;
      let number = 1;
      for await (const text of lines) {
        number += 1;
        const line = parseLine(text.toString(), number);
        if (line.kind === "row") {
          if (table === null) throw flaw(number, "is a row of no table");
          page.push(rowOf(line.cells, table, number));
          rows += 1;
          bytes += text.length;
        }
        const full = page.length === pageRows || bytes >= pageBytes;
        if (table !== null && page.length > 0 && (full || line.kind !== "row")) {
          yield { kind: "rows", table, rows: page };
          page = [];
          bytes = 0;
        }
        if (line.kind === "end") {
          const { totals } = line;
          if (sum.digest("hex") !== line.sha256)
            throw new BackupFlaw("the backup is damaged: its sum is another");
          if (totals.rows !== rows || totals.tables !== names.size) throw flaw(number, "counts other rows");
          if ((await lines.next()).done !== true) throw flaw(number + 1, "follows the end");
          return totals;
        }
        hashLine(text);
        if (line.kind === "table") {
          table = line.table;
          if (names.has(table.name)) throw flaw(number, "begins a table a second time");
          names.add(table.name);
          yield { kind: "table", table };
        }
      }
      throw new BackupFlaw(`the backup breaks off after line ${number}`);
    },
  };
}

/** Without their ends. A last line that has none is told as what follows it: the end is missing. */
async function* linesOf(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer, void> {
  let before: Buffer[] = [];
  let waiting = 0;
  for await (const bytes of source) {
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let from = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      const rest = chunk.subarray(from, end);
      yield before.length === 0 ? rest : Buffer.concat([...before, rest]);
      before = [];
      waiting = 0;
      from = end + 1;
    }
    if (from < chunk.length) {
      before.push(chunk.subarray(from));
      waiting += chunk.length - from;
      if (waiting > lineBytesMax) throw new BackupFlaw("a line of the backup is longer than any can be");
    }
  }
  if (waiting > 0) throw new BackupFlaw("the backup breaks off in the middle of a line");
}
