// Sizes and spans as people write them in a configuration. Null for what is none.

const units: Readonly<Record<string, number>> = {
  "": 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};
const dayMs = 24 * 60 * 60 * 1000;
const daysMax = 36_500;

/** `0`, `268435456`, `256MiB`. */
export function parseBytes(text: string): number | null {
  const [, digits = "", unit = ""] = /^(\d{1,15}) ?([KMGT]iB)?$/.exec(text) ?? [];
  const bytes = Number(digits) * (units[unit] ?? Number.NaN);
  return digits !== "" && Number.isSafeInteger(bytes) ? bytes : null;
}

export function bytesText(bytes: number): string {
  const [unit = ""] = Object.entries(units).findLast(([, size]) => bytes >= size && bytes % size === 0) ?? [];
  return `${bytes / (units[unit] ?? 1)}${unit}`;
}

/** `400d`, in milliseconds. */
export function parseDays(text: string): number | null {
  const days = Number(/^(\d{1,5}) ?d$/.exec(text)?.[1] ?? Number.NaN);
  return days >= 1 && days <= daysMax ? days * dayMs : null;
}

export function daysText(ms: number): string {
  return `${ms / dayMs}d`;
}
