import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Failure } from "../failure.ts";
import { dotenvLine, parseDotenv, unfitForDotenv } from "./dotenv.ts";

const names = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,20}$/);
const values = fc.string({ unit: "binary", maxLength: 60 });
const awkward = fc.string({
  unit: fc.constantFrom(..."ab'\"$`\\#= \n\r\t;&|é\u0001\ufeff\u2028"),
  maxLength: 40,
});
const assignments = fc.uniqueArray(fc.record({ name: names, value: fc.oneof(values, awkward) }), {
  selector: ({ name }) => name,
});

const pairs = (text: string) => parseDotenv(text).map(({ name, value }) => ({ name, value }));

test("what is written comes back byte for byte", () => {
  fc.assert(
    fc.property(assignments, (all) => {
      const fit = all.filter(({ name, value }) => unfitForDotenv(name, value) === null);
      expect(pairs(fit.map(({ name, value }) => dotenvLine(name, value)).join(""))).toEqual(fit);
    }),
  );
});

test("a shell reads what is written as the same values", () => {
  const texts = [
    "",
    "plain",
    "a b",
    "it's",
    'say "x"',
    "$HOME `id` \\n",
    "two\nlines\n",
    "tab\there",
    "#no",
    "a;b&c|d",
  ];
  // A shell has no escape for these; they are for the libraries.
  const shellFit = texts.filter((text) => !(text.includes("'") && /[\n\r\t]/.test(text)));
  for (const [index, value] of shellFit.entries()) {
    const script = `${dotenvLine("V", value)}printf %s. "$V"`;
    expect([index, spawnSync("sh", ["-c", script], { encoding: "utf8" }).stdout]).toEqual([
      index,
      `${value}.`,
    ]);
  }
});

test("comments, empty lines, export, quotes over several lines and CRLF are read", () => {
  const text = [
    "# a comment",
    "",
    "A=1",
    "  export B='two words' # why",
    'C="line one',
    'line two\\ttab \\$HOME \\" \\\\"',
    "D='-----BEGIN",
    "END-----'",
    "E=",
    "F=https://u:p@h/?x=1&y=(2)",
    "G=last",
  ].join("\n");
  const expected = [
    ["A", "1", 3],
    ["B", "two words", 4],
    ["C", 'line one\nline two\ttab $HOME " \\', 5],
    ["D", "-----BEGIN\nEND-----", 7],
    ["E", "", 9],
    ["F", "https://u:p@h/?x=1&y=(2)", 10],
    ["G", "last", 11],
  ];
  expect(parseDotenv(text).map(({ name, value, line }) => [name, value, line])).toEqual(expected);
  expect(pairs("A=1\r\n\r\n# c\r\nB='2'\r\n")).toEqual([
    { name: "A", value: "1" },
    { name: "B", value: "2" },
  ]);
});

const hidden = "hunter2";
test.each([
  ["a name alone", `A=1\n${hidden}`, 2],
  ["a name that is none", `1${hidden}=1`, 1],
  ["a space before the value", `A= ${hidden}`, 1],
  ["a space after the name", `A =${hidden}`, 1],
  ["words without quotes", `A=1\nB=a ${hidden}`, 2],
  ["a comment behind an open value", `A=${hidden} # c`, 1],
  ["a hash in an open value", `A=${hidden}#c`, 1],
  ["a dollar in an open value", `A=$${hidden}`, 1],
  ["a quote in an open value", `A=${hidden}'x'`, 1],
  ["a backslash in an open value", `A=\\${hidden}`, 1],
  ["a dollar in double quotes", `A="\n\n$${hidden}"`, 3],
  ["a backtick in double quotes", `A="\`${hidden}\`"`, 1],
  ["an unknown escape", `A="\\x${hidden}"`, 1],
  ["an escape at the end", 'A="\\', 1],
  ["two backslashes in single quotes", `A='${hidden}\\\\'`, 1],
  ["a backslash before a closing quote", `A='${hidden}\\'`, 1],
  ["text behind a quote", `A='1'${hidden}`, 1],
  ["a quote that stays open", `A=1\nB="${hidden}\n\n`, 2],
  ["a single quote that stays open", `A='${hidden}\n`, 1],
  ["a carriage return inside quotes", `A="${hidden}\r\n"`, 1],
  ["a carriage return alone", `A=1\rB=${hidden}`, 1],
  ["a name twice", `A=1\n\nA=${hidden}`, 3],
  ["a byte order mark", `\ufeffA=${hidden}`, 1],
])("%s is refused with its line and without its value", (_, text, line) => {
  const failure = failureOf(() => parseDotenv(text));
  expect(failure.message).toMatch(new RegExp(`^line ${line} `));
  expect(failure.message + failure.hint).not.toContain(hidden);
});

test("any text is read or refused, and what is read has no name twice", () => {
  const anything = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.string({ unit: fc.constantFrom(..."AB='\"\\$#\n\r \texport") }),
  );
  fc.assert(
    fc.property(anything, (text) => {
      try {
        const read = pairs(text);
        expect(new Set(read.map(({ name }) => name)).size).toBe(read.length);
        expect(pairs(read.map(({ name, value }) => dotenvLine(name, value)).join(""))).toEqual(read);
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
      }
    }),
    { numRuns: 2_000 },
  );
});

function failureOf(work: () => unknown): Failure {
  try {
    work();
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new Error("it was taken");
}
