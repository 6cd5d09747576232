// A body that the list forgets fails only when it is first asked for, on another thread. So the
// list is held against the sources.
import { readFileSync } from "node:fs";
import { glob } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { commands, queries } from "./bodies.ts";

test("every body in the sources is on the list, under a name of its own", async () => {
  const found: string[] = [];
  for await (const file of glob("**/*.ts", { cwd: import.meta.dirname })) {
    if (file.endsWith(".test.ts")) continue;
    const source = readFileSync(join(import.meta.dirname, file), "utf8");
    const bodies =
      /^export const \w+(?:: (?:Command|Query)<[\s\S]*?> = \{| = mutation<[\s\S]*?>\(\{)\s*name: "([^"]+)"/gm;
    for (const [, name] of source.matchAll(bodies)) found.push(name ?? "");
  }
  const listed = [...commands.keys(), ...queries.keys()];
  expect(found.sort()).toEqual(listed.sort());
  expect(new Set(found).size).toBe(found.length);
});
