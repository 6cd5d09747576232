// Every link of a document to another one, and to a heading, leads somewhere.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { pagePaths, repository } from "./pages.ts";

/** As GitHub makes them: letters, digits, hyphens; a hyphen for each space. */
function anchorsOf(text: string): Set<string> {
  const own = text.replaceAll(/^```[\s\S]*?^```/gm, "");
  const headings = Array.from(own.matchAll(/^#+ (.*)$/gm), ([, heading = ""]) => heading);
  return new Set(
    headings.map((heading) =>
      heading
        .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
        .replaceAll(" ", "-"),
    ),
  );
}

test.each(pagePaths())("%s", (path) => {
  const text = readFileSync(join(repository, path), "utf8");
  const prose = text.replaceAll(/^```[\s\S]*?^```/gm, "").replaceAll(/`[^`\n]*`/g, "");
  const links = Array.from(prose.matchAll(/\]\(([^)\s]+)\)/g), ([, to = ""]) => to);
  const dead = links.filter((to) => {
    if (/^https?:/.test(to)) return false;
    const [file = "", anchor] = to.split("#");
    const target = file === "" ? path : join(dirname(path), file);
    if (!existsSync(join(repository, target))) return true;
    return anchor !== undefined && !anchorsOf(readFileSync(join(repository, target), "utf8")).has(anchor);
  });
  expect(dead).toEqual([]);
});
