// The methods that the service documents, read from its page: nothing here is written by hand, so that none
// of them can be forgotten.
import { readFileSync } from "node:fs";

export interface Field {
  readonly name: string;
  /** Empty where the page shows none. */
  readonly type: string;
  readonly optional: boolean;
  readonly minimum: number | null;
  readonly maximum: number | null;
  /** As it stands there: a number, or a text in quotes. */
  readonly default: string | null;
}

export interface Documented {
  readonly title: string;
  readonly method: string;
  readonly path: string;
  /** Members of the answer that are named, and how many more there are; null where none is shown. */
  readonly answer: {
    readonly listed: boolean;
    readonly named: readonly string[];
    readonly more: number;
  } | null;
  readonly description: string;
  readonly query: readonly Field[];
  readonly response: readonly Field[];
}

const page = readFileSync(new URL("./seed.md", import.meta.url), "utf8");
const [methodsPart = "", typesPart = ""] = page.split("\nDomain types\n");

export const documented: readonly Documented[] = [
  ...methodsPart.matchAll(/^(.+?) -> ?(.*)\n(get|post|put|patch|delete)(\/\S+)\n/gm),
].map((heading, index, all) => {
  const [whole, title = "", answer = "", method = "", path = ""] = heading;
  const text = methodsPart.slice(heading.index + whole.length, all[index + 1]?.index);
  return {
    title,
    method,
    path,
    answer: answerOf(answer),
    description: (text.split(/^(?:query Parameters|Response fields)$/m)[0] ?? "").trim(),
    query: fieldsOf(part(text, "query Parameters", "Response fields")),
    response: fieldsOf(part(text, "Response fields", "Request example")),
  };
});

/** Types by their names, with the sentence below each. */
export const types: readonly (readonly [name: string, sentence: string])[] = [
  ...typesPart.matchAll(/^(\w+) = \{.*\}\n\n(.+)$/gm),
].map(([, name = "", sentence = ""]) => [name, sentence]);

function answerOf(text: string): Documented["answer"] {
  const members = /\{ (.*), (\d+) more\.\.\. \}/.exec(text);
  if (members === null) return null;
  const [, named = "", more] = members;
  return { listed: text.startsWith("CursorPage<"), named: named.split(", "), more: Number(more) };
}

function part(text: string, from: string, to: string): string {
  const [, rest = ""] = text.split(`${from}\n`);
  return rest.split(`${to}\n`)[0] ?? "";
}

/** A line `name: type`, then what is said of it until the next one. */
function fieldsOf(text: string): readonly Field[] {
  const heads = [...text.matchAll(/^(\w+):(?: (.*))?$/gm)];
  return heads.map((head, index) => {
    const [, name = "", type = ""] = head;
    const said = text.slice(head.index, heads[index + 1]?.index);
    const rule = (word: string) => new RegExp(`[(\\s]${word}: ([^,)]+)`).exec(said)?.[1] ?? null;
    const bound = (word: string) => (rule(word) === null ? null : Number(rule(word)));
    return {
      name,
      type,
      optional: /^Optional$/m.test(said),
      minimum: bound("minimum"),
      maximum: bound("maximum"),
      default: rule("default"),
    };
  });
}
