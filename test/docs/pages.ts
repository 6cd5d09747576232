// Where the pages are.
import { globSync } from "node:fs";
import { join } from "node:path";

export const repository = join(import.meta.dirname, "../..");

/** Relative to the repository. */
export function pagePaths(): string[] {
  return ["README.md", "SECURITY.md", ...globSync("docs/**/*.md", { cwd: repository })].sort();
}
