import { expect, test } from "vitest";
import { fits, parsePage } from "./page.ts";

const page = [
  "<!-- needs: postgresql -->",
  "# Title",
  "<!-- sh",
  "coffer serve",
  "-->",
  "```sh",
  "coffer store create web",
  "```",
  "<!-- not run: systemd -->",
  "```sh",
  "systemctl start coffer",
  "```",
  "```console",
  "$ coffer secret get \\",
  "NAME",
  "coffer: no",
  "  hint",
  "$ true",
  "```",
  "1. A list",
  "   ```yaml",
  "   a:",
  "     b: 1",
  "   ```",
].join("\n");

test("a page is its blocks in order: seen, hidden, and those that cannot run here", () => {
  expect(parsePage(page)).toEqual({
    needs: ["postgresql"],
    steps: [
      { line: 3, text: "coffer serve", shown: null },
      { line: 6, text: "coffer store create web", shown: null },
      { line: 14, text: "coffer secret get \\\nNAME", shown: "coffer: no\n  hint\n" },
      { line: 18, text: "true", shown: "" },
    ],
    unrun: [{ line: 10, text: "systemctl start coffer", reason: "systemd" }],
    fences: [
      { line: 6, language: "sh", text: "coffer store create web" },
      { line: 10, language: "sh", text: "systemctl start coffer" },
      expect.objectContaining({ line: 13, language: "console" }),
      { line: 21, language: "yaml", text: "a:\n  b: 1" },
    ],
  });
});

test("scripts of the repository are known without a note", () => {
  expect(parsePage("```sh\nnpm ci && npm start\n```").unrun).toEqual([]);
  expect(parsePage("```sh\nnpm ci && npm test\n```").unrun).toMatchObject([{ reason: "checkout" }]);
});

test.each([
  ["a block without an end", "```sh\ntrue"],
  ['"not run" stands right before a block', "<!-- not run: root -->\ntext\n```sh\ntrue\n```"],
  ["only sh and console blocks are run", "<!-- not run: root -->\n```yaml\na: 1\n```"],
  ["what is shown before the first command", "```console\nhello\n```"],
])("refused: %s", (why, text) => {
  expect(() => parsePage(text)).toThrow(why);
});

test.each([
  ["ok\n", "ok"],
  [
    "at 2026-01-31T12:00:00Z by 0190a5d2-7c3e-7abc-8def-0123456789ab\n",
    "at 2027-11-21T02:07:31.402Z by 01a1f8cc-d050-759f-b444-912a6c496fd1\n",
  ],
  ["first\n...\nlast\n", "first\nlast\n"],
  ["first\n...\nlast\n", "first\na\nb\nlast\n"],
  ["a ... d\n", "a b c d\n"],
  ["NAME   ID\n", "NAME   ID   \n"],
  ["(SHA-256 6F:87:59:...).\n", "(SHA-256 6F:87:59:00:11:22:33:44).\n"],
  ["", ""],
])("%j shows %j", (shown, said) => {
  expect(fits(shown, said)).toBe(true);
});

test.each([
  ["ok\n", "ok\nmore\n"],
  ["ok\nmore\n", "ok\n"],
  ["", "something\n"],
  ["by 0190a5d2-7c3e-7abc-8def-0123456789ab\n", "by nobody\n"],
  ["a.c\n", "abc\n"],
])("%j does not show %j", (shown, said) => {
  expect(fits(shown, said)).toBe(false);
});
