// One scrape as text, in Prometheus' format 0.0.4: a line for each value, under what the catalogue says.

import { catalogue, type Described, type MetricName } from "./catalogue.ts";
import type { Histogram } from "./histogram.ts";

export const contentType = "text/plain; version=0.0.4; charset=utf-8";

export type Labels = Readonly<Record<string, string>>;

export interface Page {
  add(name: MetricName, value: number, labels?: Labels): void;
  histogram(name: MetricName, histogram: Histogram, labels?: Labels): void;
  text(): string;
}

export function newPage(): Page {
  const lines = new Map<MetricName, string[]>();
  const write = (name: MetricName, suffix: string, labels: Labels, value: number) => {
    const here = lines.get(name) ?? [];
    lines.set(name, here);
    here.push(`${name}${suffix}${labelText(labels)} ${value}\n`);
  };
  return {
    add: (name, value, labels = {}) => write(name, "", labels, value),
    histogram(name, { bounds, counts, sum }, labels = {}) {
      let below = 0;
      for (const [index, count] of counts.entries()) {
        below += count;
        const bound = bounds[index];
        write(name, "_bucket", { ...labels, le: bound === undefined ? "+Inf" : String(bound) }, below);
      }
      write(name, "_sum", labels, sum);
      write(name, "_count", labels, below);
    },
    text() {
      let text = "";
      for (const [name, here] of lines) {
        const { kind, help }: Described = catalogue[name];
        text += `# HELP ${name} ${escaped(help)}\n# TYPE ${name} ${kind}\n${here.join("")}`;
      }
      return text;
    },
  };
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(
    ([name, value]) => `${name}="${escaped(value).replaceAll('"', '\\"')}"`,
  );
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}
