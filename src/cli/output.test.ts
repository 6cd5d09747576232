import { describe, expect, test } from "vitest";
import { fields, printable, table } from "./output.ts";

describe("text for a person", () => {
  test("columns are aligned, without a space at the end of a line", () => {
    const rows = [
      ["a", 1, null],
      ["longer", 22, "x"],
    ];
    expect(table(["NAME", "V", "LAST"], rows)).toBe("NAME    V   LAST\na       1   -\nlonger  22  x\n");
  });

  test("no rows print nothing, so that a script's loop has nothing to skip", () => {
    expect(table(["NAME"], [])).toBe("");
  });

  test("a stored text cannot speak to the terminal", () => {
    const hostile = "a\u001b[2Jb\nc\u202ed\u0007";
    expect(printable(hostile)).toBe("a\\u001b[2Jb\\nc\\u202ed\\u0007");
    expect(table(["NAME"], [[hostile]])).toBe("NAME\na\\u001b[2Jb\\nc\\u202ed\\u0007\n");
    expect(fields([["name", hostile]])).toBe("name: a\\u001b[2Jb\\nc\\u202ed\\u0007\n");
  });
});
