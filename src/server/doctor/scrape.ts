// A page of metrics read back: the few values that checks look at.

export interface Scrape {
  /** Of a metric without labels. */
  value(name: string): number | null;
  /** Sums over all lines of a metric that have these labels, by the value of one label. */
  by(name: string, label: string, labels?: Readonly<Record<string, string>>): ReadonlyMap<string, number>;
}

const lineForm = /^([a-z_]+)(?:\{([^\n]*)\})? ([-+0-9.eE]+)$/gm;
const labelForm = /([a-z]+)="((?:[^"\\]|\\.)*)"/g;

export function readScrape(text: string): Scrape {
  const lines = Array.from(text.matchAll(lineForm), ([, name = "", labels = "", value]) => ({
    name,
    labels: new Map(Array.from(labels.matchAll(labelForm), ([, key = "", told = ""]) => [key, told])),
    value: Number(value),
  }));
  return {
    value: (name) => lines.find((line) => line.name === name && line.labels.size === 0)?.value ?? null,
    by(name, label, labels = {}) {
      const sums = new Map<string, number>();
      for (const line of lines) {
        if (line.name !== name) continue;
        if (Object.entries(labels).some(([key, told]) => line.labels.get(key) !== told)) continue;
        const key = line.labels.get(label) ?? "";
        sums.set(key, (sums.get(key) ?? 0) + line.value);
      }
      return sums;
    },
  };
}
