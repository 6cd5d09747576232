// Conditions with stars. No regular expression is ever made of a user's text.

/** A condition cut at its stars; a single piece has none and is compared whole. */
export type Pattern = readonly string[];

export function patternOf(condition: string): Pattern {
  return condition.split("*");
}

/**
 * A star stands for any run of characters, also none; the pattern covers the whole value. The first
 * place where a piece fits leaves the most for those after it, so nothing is ever tried twice.
 */
export function matches(pattern: Pattern, value: string): boolean {
  const last = pattern.length - 1;
  const head = pattern[0] ?? "";
  if (last === 0) return value === head;
  const tail = pattern[last] ?? "";
  const end = value.length - tail.length;
  let at = head.length;
  if (at > end || !value.startsWith(head) || !value.endsWith(tail)) return false;
  for (let piece = 1; piece < last; piece += 1) {
    const text = pattern[piece] ?? "";
    const found = value.indexOf(text, at);
    if (found === -1 || found + text.length > end) return false;
    at = found + text.length;
  }
  return true;
}
