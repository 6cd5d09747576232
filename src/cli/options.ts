// Parsers for what stands behind an option: each says what it wants when it gets something else.
import { InvalidArgumentError } from "commander";

export function wholeNumber(min: number, max: number): (source: string) => number {
  return (source) => {
    const number = Number(source);
    if (!/^\d{1,15}$/.test(source) || number < min || number > max) {
      throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
    }
    return number;
  };
}

/** How many at most. A parser that answers null would answer nothing. */
export function limit(source: string): number | "none" {
  if (source === "none") return source;
  if (!/^\d{1,15}$/.test(source)) throw new InvalidArgumentError("It must be a whole number, or none.");
  return Number(source);
}

export function collect(source: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, source];
}

/** `KEY=VALUE`, repeatable. The value may be empty and may hold further `=`. */
export function keyValue(
  source: string,
  earlier: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const at = source.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("It must have the form KEY=VALUE.");
  return { ...earlier, [source.slice(0, at)]: source.slice(at + 1) };
}

const dateForm = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2}))?$/;

/** A date or a moment with its zone, as the API writes it. Without a zone it would mean two things. */
export function moment(source: string): string {
  const at = dateForm.test(source) ? new Date(source) : null;
  if (at === null || Number.isNaN(at.getTime())) {
    throw new InvalidArgumentError("It must look like 2027-01-31 or 2027-01-31T12:00:00Z.");
  }
  return at.toISOString();
}

export function oneOf<const T extends string>(...allowed: readonly T[]): (source: string) => T {
  return (source) => {
    const found = allowed.find((each) => each === source);
    if (found === undefined) throw new InvalidArgumentError(`It must be one of: ${allowed.join(", ")}.`);
    return found;
  };
}
