// What is refused before parsing: text that is too long or too deep, or that says by way of YAML what
// a policy needs no way for. One pass, and the parser behind it meets nothing that could exhaust it.
import { CST, Lexer } from "yaml";
import { invalid } from "../errors.ts";
import { limits } from "../limits.ts";
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
  let line = 1;
  let flowDepth = 0;
  /** Of one line: each opens a level. Over lines the text's length bounds the indentation. */
  let blockIndicators = 0;
  let before: string | null = null;
  for (const lexeme of new Lexer().lex(yaml)) {
    // Behind its mark a plain scalar is text, whatever it begins with.
    const type: string | null = before === "scalar" ? "text" : CST.tokenType(lexeme);
    const rule = refused.get(type ?? "");
    if (rule !== undefined) throw unreadable(rule, line);
    switch (type) {
      case "flow-map-start":
      case "flow-seq-start":
        flowDepth += 1;
        break;
      case "flow-map-end":
      case "flow-seq-end":
        flowDepth -= 1;
        break;
      case "explicit-key-ind":
      case "map-value-ind":
      case "seq-item-ind":
        if (flowDepth === 0) blockIndicators += 1;
        break;
    }
    // The parser would go on and collect an error for each of them.
    const misplaced = flowDepth < 0 || type === "flow-error-end" || (type === "comma" && before === "comma");
    if (misplaced) throw unreadable("is not valid YAML", line);
    if (flowDepth + blockIndicators > limits.policyDepthMax) throw unreadable("is nested too deeply", line);
    const ends = lineEndsIn(lexeme);
    if (ends > 0) blockIndicators = 0;
    line += ends;
    if (type !== "space") before = type;
  }
}

function lineEndsIn(text: string): number {
  let count = 0;
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) count += 1;
  return count;
}
