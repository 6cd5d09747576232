// How values of the domain lie in columns that both engines have: JSON as text, truth as 0 or 1.

export function json(value: unknown): string {
  return JSON.stringify(value);
}

export function jsonOrNull(value: unknown): string | null {
  return value === null ? null : JSON.stringify(value);
}

/** The text is our own: it was written by `json` from a value of this type. */
export function parsed<T>(text: string): T {
  const value: T = JSON.parse(text);
  return value;
}

export function parsedOrNull<T>(text: string | null): T | null {
  return text === null ? null : parsed<T>(text);
}

export function flag(value: boolean): 0 | 1 {
  return value ? 1 : 0;
}
