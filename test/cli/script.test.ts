import { expect, test } from "vitest";
import { asExpected, parseScript } from "./script.ts";

test("a script is commands, each with what it prints and how it ends", () => {
  const script = "# why\n$ one \\\n  more\n> a\n>\n>> b\n! talk\nexit 4\n\n$ two\n";
  expect(parseScript(script)).toEqual([
    { line: 2, command: "one \\\n  more", stdout: "a\n\nb", stderr: "talk\n", exitCode: 4 },
    { line: 10, command: "two", stdout: "", stderr: "", exitCode: 0 },
  ]);
});

test.each(["> early", "$ a\n>no space", "$ a\nexit four"])("%j is no script", (text) => {
  expect(() => parseScript(text)).toThrow(/^line/);
});

test("a placeholder fits its kind of text and nothing else", () => {
  const id = "0190a5d2-7c3e-7abc-8def-0123456789ab";
  expect(asExpected("id {id}.\n", `id ${id}.\n`)).toBe("id {id}.\n");
  expect(asExpected("id {id}\n", "id 7\n")).toBe("id 7\n");
  expect(asExpected("at {time}", "at 2027-01-31T12:00:00.123Z")).toBe("at {time}");
  expect(asExpected("a {word} c", "a b b c")).toBe("a b b c");
  expect(asExpected("a.c", "abc")).toBe("abc");
});

test("a line too many or too few shows", () => {
  expect(asExpected("a\n", "a\nb\n")).not.toBe("a\n");
  expect(asExpected("a\nb\n", "a\n")).not.toBe("a\nb\n");
});
