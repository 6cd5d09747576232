// What may be bound to a statement. Both engines would take some of what is refused here, each in
// its own way: undefined as NULL, a lone surrogate as U+FFFD, a fraction where a whole number belongs.
import type { SqlValue } from "./sql.ts";

/** Throws for anything that one of the engines would not keep exactly as it is. */
export function checkValues(values: readonly SqlValue[], expected: number): void {
  if (values.length !== expected) {
    throw new TypeError(`a statement with ${expected} parameters was given ${values.length}`);
  }
  for (let index = 0; index < expected; index += 1) {
    const value: unknown = values[index];
    if (value === null) continue;
    if (typeof value === "string") checkText(value, index);
    else if (typeof value === "number") checkNumber(value, index);
    else if (!(value instanceof Uint8Array)) {
      throw new TypeError(`parameter $${index + 1} is ${typeof value}`);
    }
  }
}

function checkText(value: string, index: number): void {
  if (!value.isWellFormed()) throw new TypeError(`parameter $${index + 1} is not well-formed text`);
  // PostgreSQL cannot hold it, so no text column may.
  if (value.includes("\0")) throw new TypeError(`parameter $${index + 1} contains U+0000`);
}

function checkNumber(value: number, index: number): void {
  if (!Number.isSafeInteger(value)) throw new TypeError(`parameter $${index + 1} is not a whole number`);
}

/** How many parameters a text has: the highest of its $1, $2 ... */
export function parametersOf(text: string): number {
  let highest = 0;
  for (const [, number] of text.matchAll(/\$(\d+)/g)) highest = Math.max(highest, Number(number));
  return highest;
}

/** Whether a statement may write. When in doubt it may. */
export function mayWrite(text: string): boolean {
  return !/^\s*select\b/i.test(text) && !/^\s*with\b(?!.*\b(insert|update|delete)\b)/is.test(text);
}
