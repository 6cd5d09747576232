// The lines of a .env file, in the one reading that shells and the usual libraries share. What they read
// differently is refused with its line, never guessed at; values are not repeated. docs/reference/cli.md
// has the rules.
import { usage } from "../failure.ts";

export interface Assignment {
  readonly name: string;
  readonly value: string;
  readonly line: number;
}

const space = /[ \t]*/y;
const comment = /#[^\n]*/y;
const lineEnd = /\r?\n|$/y;
const head = /(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)=/y;
const bare = /[^\s'"#$`\\]*/y;

export function parseDotenv(text: string): readonly Assignment[] {
  const found: Assignment[] = [];
  const lineOf = new Map<string, number>();
  let at = 0;
  let line = 1;

  /** What the pattern matches here, and steps over it. */
  function take(pattern: RegExp): string | null {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match === null) return null;
    at = pattern.lastIndex;
    return match[1] ?? match[0];
  }

  while (at < text.length) {
    take(space);
    if (take(comment) === null && !/[\r\n]/.test(text[at] ?? "\n")) {
      const start = line;
      const name = take(head);
      if (name === null) throw refused(line, "is not NAME=value");
      const before = lineOf.get(name);
      if (before !== undefined) throw refused(line, `names ${name} again; line ${before} did before`);
      const value = takeValue();
      lineOf.set(name, start);
      found.push({ name, value, line: start });
    }
    if (take(lineEnd) === null) throw refused(line, "ends with a carriage return of its own");
    line += 1;
  }
  return found;

  function takeValue(): string {
    const quote = text[at];
    if (quote !== "'" && quote !== '"') {
      const value = take(bare) ?? "";
      const after = text.slice(at, at + 1);
      take(space);
      if (/^[\r\n]?$/.test(text.slice(at, at + 1))) return value;
      const why = after === " " || after === "\t" ? "holds a space" : `holds ${after}`;
      throw refused(line, `${why} outside quotes, which is read in several ways; quote the value`);
    }
    at += 1;
    const value = quote === "'" ? takeLiteral() : takeEscaped();
    take(space);
    take(comment);
    if (!/^[\r\n]?$/.test(text.slice(at, at + 1))) throw refused(line, "goes on after the closing quote");
    return value;
  }

  function takeLiteral(): string {
    const end = text.indexOf("'", at);
    const value = text.slice(at, end < 0 ? text.length : end);
    if (end < 0) throw refused(line, "opens a quote that is never closed");
    if (/\\(\\|$)/.test(value))
      throw refused(line, "holds a backslash that some read as an escape; use double quotes");
    stepOver(value);
    at = end + 1;
    return value;
  }

  function takeEscaped(): string {
    const opened = line;
    let value = "";
    for (; at < text.length; at += 1) {
      const character = text[at] ?? "";
      if (character === '"') {
        at += 1;
        return value;
      }
      if (character === "$" || character === "`") {
        throw refused(line, `holds ${character} in double quotes, which some replace; write \\${character}`);
      }
      if (character === "\\") {
        at += 1;
        const meant = escapes.get(text[at] ?? "");
        if (meant === undefined)
          throw refused(line, 'holds an escape other than \\n \\r \\t \\\\ \\" \\$ \\`');
        value += meant;
      } else {
        stepOver(character);
        value += character;
      }
    }
    throw refused(opened, "opens a quote that is never closed");
  }

  function stepOver(passed: string): void {
    if (passed.includes("\r")) throw refused(line, "holds a carriage return inside quotes; write it as \\r");
    line += passed.split("\n").length - 1;
  }
}

const escapes: ReadonlyMap<string, string> = new Map([
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
  ["\\", "\\"],
  ['"', '"'],
  ["$", "$"],
  ["`", "`"],
]);
const spelt: ReadonlyMap<string, string> = new Map(
  [...escapes].map(([letter, meant]) => [meant, `\\${letter}`]),
);

/** Why it cannot be said in such a file; null where it can. */
export function unfitForDotenv(name: string, value: string): string | null {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return "its name cannot be a variable's";
  return value.includes("\0") ? "its value holds U+0000" : null;
}

export function dotenvLine(name: string, value: string): string {
  return `${name}=${quoted(value)}\n`;
}

function quoted(value: string): string {
  if (/^[\w./:@%+,=-]*$/.test(value)) return value;
  // As it is, over several lines where it has them.
  if (/^[^'\\\r]*$/.test(value)) return `'${value}'`;
  return `"${value.replaceAll(/[\\"$`\n\r\t]/g, (character) => spelt.get(character) ?? character)}"`;
}

function refused(line: number, what: string) {
  return usage(`line ${line} ${what}`);
}
