// Text from outside: well-formed, bounded, counted in characters (code points), never normalised.
import { invalid } from "./errors.ts";

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const controls = /[\u0000-\u001f\u007f-\u009f]/;

export interface TextRule {
  readonly min?: number;
  readonly max: number;
  /** Descriptions may hold line breaks; names may hold no control character at all. */
  readonly controls?: "refused" | "allowed";
}

/** Length in characters as a person counts them, without building an array. */
export function characters(text: string): number {
  let count = text.length;
  for (let at = 0; at < text.length - 1; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit >= 0xd800 && unit <= 0xdbff) {
      count -= 1;
      at += 1;
    }
  }
  return count;
}

export function parseText(field: string, text: string, rule: TextRule): string {
  const { min = 0, max } = rule;
  if (!text.isWellFormed()) throw invalid(field, "must be well-formed Unicode text");
  // A code point takes one or two units: far too long is refused without counting.
  if (text.length > max * 2 || characters(text) > max) {
    throw invalid(field, `must have at most ${max} characters`, { limit: max });
  }
  if (text.length < min) throw invalid(field, "must not be empty");
  if (rule.controls === "allowed") {
    if (text.includes("\u0000")) throw invalid(field, "must not contain the character U+0000");
  } else if (controls.test(text)) {
    throw invalid(field, "must not contain control characters");
  }
  return text;
}

/**
 * For comparing and searching without letter case. Kept beside the text, never in its place. Folding
 * twice changes nothing more, and a part of a text folds to a part of the folded text: hence the
 * detour by capitals (ẞ, ß, SS), and the Greek final sigma, which depends on what follows, undone.
 */
export function fold(text: string): string {
  return text.toLowerCase().toUpperCase().toLowerCase().replaceAll("ς", "σ");
}
