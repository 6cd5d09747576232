// Numbers as a person reads them.

const minuteMs = 60_000;
const spans = [
  ["day", 24 * 60 * minuteMs],
  ["hour", 60 * minuteMs],
  ["minute", minuteMs],
  ["second", 1_000],
] as const;

export function span(ms: number): string {
  const [unit, size] = spans.find(([, least]) => ms >= least) ?? spans[spans.length - 1] ?? ["second", 1_000];
  const count = Math.floor(ms / size);
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}

const sizes = ["bytes", "KiB", "MiB", "GiB", "TiB"];

export function size(bytes: number): string {
  const power = Math.min(sizes.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  const value = bytes / 2 ** (10 * power);
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${sizes[power]}`;
}

/** As a shell reads it. */
export function quoted(path: string): string {
  return /^[\w./~@:+-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}
