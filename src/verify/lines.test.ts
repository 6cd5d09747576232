import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { linesOf } from "./lines.ts";

async function linesIn(text: string): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), "coffer-lines-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "file"), text);
  const lines: string[] = [];
  for await (const line of linesOf(join(folder, "file"))) lines.push(line);
  return lines;
}

test("a line feed ends a line, and nothing else that looks like an end: names hold such", async () => {
  const odd = JSON.stringify({ name: "one\u2028two\u2029three\u0085four\vfive" });
  expect(odd).toContain("\u2028");
  expect(await linesIn(`${odd}\r\n\n${odd}`)).toEqual([odd, "", odd]);
  expect(await linesIn("")).toEqual([]);
});

test("a line longer than what is read at once is whole, wherever a letter is cut", async () => {
  const long = "\u00e4\u20ac".repeat(60_000);
  expect(await linesIn(`x\n${long}\ny\n`)).toEqual(["x", long, "y"]);
});
