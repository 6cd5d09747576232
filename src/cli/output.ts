// How answers look: data on stdout, talk on stderr, JSON when asked. It never adds a byte to a
// secret's value, and never lets a control character of a stored text reach the terminal in a table.
import type { Failure } from "./failure.ts";
import { type Shell, write } from "./shell.ts";

export interface Output {
  readonly json: boolean;
  /** Data as it is, or as JSON. */
  data(value: unknown, text: () => string): Promise<void>;
  /** Bytes of a value: nothing added. */
  raw(text: string): Promise<void>;
  /** A sentence for the person; not part of the data. */
  say(line: string): Promise<void>;
}

export function outputOf(shell: Shell, json: boolean): Output {
  return {
    json,
    data: (value, text) => write(shell.stdout, json ? `${JSON.stringify(value, null, 2)}\n` : text()),
    raw: (text) => write(shell.stdout, text),
    say: (line) => write(shell.stderr, `${line}\n`),
  };
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const controls = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** A stored text on one line, with nothing in it that a terminal would obey. */
export function printable(text: string): string {
  return text.replace(controls, (unit) => {
    if (unit === "\n") return "\\n";
    if (unit === "\t") return "\\t";
    return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

export type Cell = string | number | boolean | null | undefined;

function cell(value: Cell): string {
  if (value === null || value === undefined || value === "") return "-";
  return printable(String(value));
}

const widthOf = (text: string): number => [...text].length;

const pad = (text: string, width: number): string => text + " ".repeat(Math.max(0, width - widthOf(text)));

/** Aligned columns, two spaces between them, no trailing space. Empty without rows. */
export function table(headings: readonly string[], rows: readonly (readonly Cell[])[]): string {
  if (rows.length === 0) return "";
  const lines = [headings, ...rows.map((row) => row.map(cell))];
  const widths = headings.map((_, column) => Math.max(...lines.map((line) => widthOf(line[column] ?? ""))));
  return lines
    .map((line) =>
      line
        .map((text, column) => pad(text, widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join("");
}

/** One object, a field per line. */
export function fields(entries: readonly (readonly [label: string, value: Cell])[]): string {
  const width = Math.max(...entries.map(([label]) => widthOf(label))) + 1;
  return entries.map(([label, value]) => `${pad(`${label}:`, width)} ${cell(value)}\n`).join("");
}

/** The one place where a failure becomes text. */
export async function printFailure(shell: Shell, failure: Failure, json: boolean): Promise<void> {
  if (json) {
    const { code, message, hint, requestId, details, exitCode } = failure;
    await write(
      shell.stderr,
      `${JSON.stringify({ error: { code, message, hint, requestId, details, exitCode } })}\n`,
    );
    return;
  }
  const request = failure.requestId === null ? "" : ` (request ${printable(failure.requestId)})`;
  await write(shell.stderr, `coffer: ${printable(failure.message)}${request}\n`);
  if (failure.hint !== null) await write(shell.stderr, `  ${printable(failure.hint)}\n`);
}
