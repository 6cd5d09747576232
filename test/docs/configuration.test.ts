// The reference of the configuration against its table of keys, and every piece of a coffer.yaml that a
// document shows against the reader of that file.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { loadConfig } from "../../src/server/config.ts";
import { type Key, keys } from "../../src/server/config-keys.ts";
import { parsePage } from "./page.ts";
import { pagePaths, repository } from "./pages.ts";

const table: readonly Key[] = Object.values(keys);
const flagOf = (name: string) => `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

test("the reference has a row for every key with its variable and its flag, and no other", () => {
  const text = readFileSync(join(repository, "docs/reference/configuration.md"), "utf8");
  const [rows = ""] = /^\| in the file[\s\S]*?\n(?!\|)/m.exec(text) ?? [];
  const told = rows
    .split("\n")
    .slice(2)
    .flatMap((row) => row.split("|").slice(1, 4))
    .flatMap((cell) => Array.from(cell.matchAll(/`([^`]+)`/g), ([, name = ""]) => name));
  const names = table.flatMap(({ file, env, flag }) => [file, env, flag === null ? null : flagOf(flag)]);
  expect(told.sort()).toEqual(names.filter((name) => name !== null).sort());
});

describe("a coffer.yaml that a document shows is one", () => {
  const own = new Set(table.map(({ file }) => file?.split(".")[0]));
  const shown = pagePaths().flatMap((path) =>
    parsePage(readFileSync(join(repository, path), "utf8"))
      .fences.filter(({ language }) => language === "yaml")
      .map(({ line, text }) => ({ at: `${path}:${line}`, text })),
  );
  const settings = shown.filter(({ text }) => {
    const document: unknown = parse(text);
    return (
      typeof document === "object" && document !== null && Object.keys(document).some((key) => own.has(key))
    );
  });

  test.each(settings)("$at", ({ text }) => {
    const folder = mkdtempSync(join(tmpdir(), "coffer-yaml-"));
    try {
      const file = join(folder, "coffer.yaml");
      writeFileSync(file, text);
      expect(loadConfig({ config: file }, {}).warnings).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
