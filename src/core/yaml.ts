// YAML from strangers, of which the parser behind it must not be let see everything: it takes up to ten
// microseconds for a bracket, minutes for a few hundred keys in keys, and goes on after errors. So its
// lexemes are counted first, up to a bound, and it stops at the first error. What a document means is not
// known here.
import { Composer, CST, type Document, Lexer, Parser } from "yaml";
import { limits } from "./limits.ts";

/** `refused`: a lexeme of these kinds. `misplaced`: one that stands where no YAML has it. */
export type ExcessKind = "lexemes" | "lines" | "depth" | "misplaced" | "refused";

export interface Excess {
  readonly kind: ExcessKind;
  /** Of the lexeme, as the library calls it. */
  readonly type: string | null;
  readonly line: number;
}

interface Bounds {
  readonly depthMax: number;
  readonly refused: { has(type: string): boolean };
}

/** What a text has too much of before it is parsed; null: nothing. It is read no further than there. */
export function excessOf(yaml: string, { depthMax, refused }: Bounds): Excess | null {
  const cursor = new Cursor();
  let lexemes = 0;
  let before: string | null = null;
  for (const lexeme of new Lexer().lex(yaml)) {
    // Behind its mark a plain scalar is text, whatever it begins with.
    const type: string | null = before === "scalar" ? "text" : CST.tokenType(lexeme);
    const { line } = cursor;
    lexemes += 1;
    if (lexemes > limits.yamlLexemesMax) return { kind: "lexemes", type, line };
    if (type !== null && refused.has(type)) return { kind: "refused", type, line };
    cursor.pass(lexeme, type);
    if (cursor.line > limits.yamlLinesMax) return { kind: "lines", type, line };
    // The parser would go on and collect an error for each of them.
    const misplaced =
      cursor.flow < 0 || type === "flow-error-end" || (type === "comma" && before === "comma");
    if (misplaced) return { kind: "misplaced", type, line };
    if (cursor.depth > depthMax) return { kind: "depth", type, line };
    if (type !== "space") before = type;
  }
  return null;
}

/** Where in a text its lexemes have come to, and how deep. */
class Cursor {
  line = 1;
  /** Open brackets. */
  flow = 0;
  #column = 0;
  /** Nothing but spaces stands before in this line. */
  #first = true;
  /** Where what is open outside of brackets began: each is further right than the one it lies in. */
  readonly #columns: number[] = [];

  get depth(): number {
    return this.flow + this.#columns.length;
  }

  pass(lexeme: string, type: string | null): void {
    switch (type) {
      case "space":
      case "comment":
      case "newline":
      case "scalar":
        break;
      case "explicit-key-ind":
      case "map-value-ind":
      case "seq-item-ind":
        this.#begin();
        break;
      default:
        if (this.#first) this.#begin();
    }
    if (type === "flow-map-start" || type === "flow-seq-start") this.flow += 1;
    if (type === "flow-map-end" || type === "flow-seq-end") this.flow -= 1;
    if (type !== "scalar" && type !== "doc-mode" && type !== "flow-error-end") this.#advance(lexeme, type);
  }

  #begin(): void {
    this.#first = false;
    if (this.flow > 0) return;
    while ((this.#columns.at(-1) ?? -1) >= this.#column) this.#columns.pop();
    this.#columns.push(this.#column);
  }

  #advance(lexeme: string, type: string | null): void {
    let lineStart = 0;
    for (let at = lexeme.indexOf("\n"); at !== -1; at = lexeme.indexOf("\n", at + 1)) {
      this.line += 1;
      lineStart = at + 1;
    }
    if (lineStart === 0) {
      this.#column += lexeme.length;
      return;
    }
    this.#column = lexeme.length - lineStart;
    this.#first = type === "newline" || this.#column === 0;
  }
}

/** Of a text that is no YAML. The library's own errors quote the text, so they go no further. */
export class YamlFault extends Error {
  override readonly name = "YamlFault";
  /** Where in the text. */
  readonly at: number;
  readonly manyDocuments: boolean;

  constructor(at: number, manyDocuments = false) {
    super("not YAML");
    this.at = at;
    this.manyDocuments = manyDocuments;
  }
}

interface Reading {
  readonly options: ConstructorParameters<typeof Composer>[0];
  readonly onNewLine?: (offset: number) => void;
  /** What follows the first document is passed over. */
  readonly firstAlone?: true;
}

/** The document of a text in which nothing is in excess. Throws a YamlFault, of the first place if of several. */
export function documentOf(yaml: string, reading: Reading): Document.Parsed {
  const faults = new Faults();
  const composer = new Composer(reading.options);
  // There is no option for it. Where a release names it otherwise, all errors are collected again, and
  // looked at below: slower, and no less strict.
  Object.assign(composer, { onError: (source: Place) => faults.add(source) });
  try {
    const [document] = composer.compose(tokensOf(yaml, reading, faults), true, yaml.length);
    for (const { pos } of [...(document?.errors ?? []), ...(document?.warnings ?? [])]) faults.add(pos);
    if (document !== undefined && faults.first === null) return document;
  } catch (error) {
    if (faults.first === null) throw error;
  }
  throw new YamlFault(faults.first ?? 0);
}

function* tokensOf(
  yaml: string,
  { onNewLine, firstAlone }: Reading,
  faults: Faults,
): Generator<CST.Token, void> {
  let documents = 0;
  for (const token of new Parser(onNewLine).parse(yaml)) {
    if (token.type === "error") faults.add(token);
    if (token.type === "document") documents += 1;
    if (documents > 1 && (firstAlone || faults.first !== null)) return;
    if (documents > 1) throw new YamlFault(token.offset, true);
    if (token.type !== "error") yield token;
  }
}

type Place = number | readonly number[] | { readonly offset: number };

/** Not always found in the order of the text, and each costs more than what it is found in. */
const faultsMax = 16;

class Faults {
  first: number | null = null;
  #count = 0;

  /** Throws when there are enough, and again where the parser takes that for an error of the text. */
  add(place: Place): void {
    const at = typeof place === "number" ? place : "offset" in place ? place.offset : (place[0] ?? 0);
    this.first = Math.min(this.first ?? at, at);
    this.#count += 1;
    if (this.#count >= faultsMax) throw new YamlFault(this.first);
  }
}
