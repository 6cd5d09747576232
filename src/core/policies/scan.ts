// What is refused before parsing: text that is too long or too deep, or that says by way of YAML what
// a policy needs no way for. One pass, and the parser behind it meets nothing that could exhaust it.
import { invalid } from "../errors.ts";
import { limits } from "../limits.ts";
import { type Excess, excessOf } from "../yaml.ts";
import { unreadable } from "./faults.ts";

/**
 * What YAML calls not printable, and what some programs take for the end of a line and others do
 * not: behind it a comment could hide a rule from one of them.
 */
const unprintable =
  /[^\t\n\r\x20-\x7e\u{a0}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]|[\u{2028}\u{2029}]|\r(?!\n)/u;

const refused: ReadonlyMap<string, string> = new Map([
  ["anchor", "must not use anchors"],
  ["alias", "must not use aliases; a condition that begins with '*' must be quoted"],
  ["tag", "must not use tags"],
  ["directive-line", "must not use directives"],
]);

export function refuseUnreadable(yaml: string): void {
  const limit = limits.policyBytesMax;
  if (yaml.length > limit || Buffer.byteLength(yaml) > limit) {
    throw invalid("policy", `must have at most ${limit} bytes`, { limit });
  }
  const strange = unprintable.exec(yaml);
  if (strange !== null) {
    throw unreadable("is not valid YAML", 1 + lineEndsIn(yaml.slice(0, strange.index)));
  }
  refuseExcess(yaml);
}

function refuseExcess(yaml: string): void {
  const excess = excessOf(yaml, { depthMax: limits.policyDepthMax, refused });
  if (excess !== null) throw unreadable(ruleOf(excess), excess.line);
}

function ruleOf({ kind, type }: Excess): string {
  switch (kind) {
    case "lexemes":
      return `must have at most ${limits.yamlLexemesMax} tokens`;
    case "lines":
      return `must have at most ${limits.yamlLinesMax} lines`;
    case "depth":
      return "is nested too deeply";
    case "misplaced":
      return "is not valid YAML";
    case "refused":
      return refused.get(type ?? "") ?? "is not valid YAML";
  }
}

function lineEndsIn(text: string): number {
  let count = 0;
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) count += 1;
  return count;
}
