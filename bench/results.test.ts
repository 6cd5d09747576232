import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { save } from "./results.ts";
import { outcomeOf, type Row } from "./row.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "coffer-results-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const machine = {
  cpu: "a processor",
  cores: 2,
  memoryGB: 16,
  kernel: "6",
  node: "v26",
  fileSystem: "ext4",
  syncsPerSecond: 1,
};

function keep(figures: Readonly<Record<string, number>>, on: Partial<typeof machine> = {}) {
  const outcomes = Object.entries(figures).map(([name, measured]) => {
    const run = { measured, parts: {} };
    const row: Row = {
      name,
      what: name,
      unit: "x",
      better: "more",
      must: 1,
      aim: 2,
      measure: async () => run,
    };
    return outcomeOf(row, [run]);
  });
  const command = `bench ${Object.keys(figures).join(" ")}`;
  const path = save(outcomes, { machine: { ...machine, ...on }, engine: "sqlite", command }, folder);
  const { rows } = JSON.parse(readFileSync(path, "utf8")) as {
    rows: readonly {
      name: string;
      median: number;
      verdict: string;
      command: string;
      syncsPerSecond: number;
    }[];
  };
  return rows.map((row) => [row.name, row.median, row.verdict, row.command, row.syncsPerSecond]);
}

test("a row that is measured again takes its old place, and the others stay as they were", () => {
  keep({ reveal: 0.5, write: 1.5 });
  expect(keep({ reveal: 3 }, { syncsPerSecond: 9 })).toEqual([
    ["write", 1.5, "must", "bench reveal write", 1],
    ["reveal", 3, "aim", "bench reveal", 9],
  ]);
});

test("what another machine measured does not stand beside it", () => {
  keep({ reveal: 0.5, write: 1.5 });
  expect(keep({ write: 2 }, { cores: 64 })).toEqual([["write", 2, "aim", "bench write", 1]]);
});
