import { describe, expect, test } from "vitest";
import { memoryKind } from "./machine.ts";
import { parseOptions, UsageError } from "./options.ts";

const rows = ["reveal", "batch", "write"];

describe("the flags", () => {
  test("without any, all rows are measured on the embedded database and nothing is kept", () => {
    expect(parseOptions([], rows)).toEqual({
      quick: false,
      keep: false,
      save: false,
      rows,
      data: null,
      profile: null,
      engine: "sqlite",
    });
  });

  test("--row may stand several times; the order is the table's", () => {
    expect(parseOptions(["--row", "write", "--row", "reveal"], rows).rows).toEqual(["reveal", "write"]);
  });

  test.each([
    [["--row", "raveal"], 'There is no row "raveal"; the rows are reveal, batch, write.'],
    [["--engine", "mysql"], "--engine is one of sqlite, postgres."],
    [["--quick", "--save"], "--quick measures too little"],
    [["--profile", "out", "--save"], "A profiled server is slower"],
    [["--fast"], "--fast"],
    [["reveal"], "reveal"],
  ])("%j is refused", (args, message) => {
    expect(() => parseOptions(args, rows)).toThrow(UsageError);
    expect(() => parseOptions(args, rows)).toThrow(message);
  });
});

describe("a disk", () => {
  test("in memory is known by its type, also where that came out negative", () => {
    expect(memoryKind(0x01021994)).toBe("tmpfs");
    expect(memoryKind(0x858458f6)).toBe("ramfs");
    expect(memoryKind(0x858458f6 | 0)).toBe("ramfs");
    expect(memoryKind(0xef53)).toBeNull();
  });
});
