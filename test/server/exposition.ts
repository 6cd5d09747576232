// Reads Prometheus' text format strictly, apart from the code that writes it.

interface Family {
  readonly name: string;
  readonly kind: string;
  readonly help: string;
  /** All that its lines have, without a histogram's own. */
  readonly labels: Set<string>;
}

interface Line {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
}

export interface Exposition {
  readonly families: readonly Family[];
  value(name: string, labels?: Readonly<Record<string, string>>): number | undefined;
}

const labelForm = /(\w+)="((?:[^"\\]|\\["\\n])*)"(,|$)/y;

export function parseExposition(text: string): Exposition {
  if (!text.endsWith("\n")) throw new Error("it must end with a line break");
  const families = new Map<string, Family>();
  const lines = new Map<string, Line>();
  let current: Family | null = null;
  for (const line of text.slice(0, -1).split("\n")) {
    const [, help, about = ""] = /^# HELP (\w+) (.+)$/.exec(line) ?? [];
    if (help !== undefined) {
      if (families.has(help)) throw new Error(`${help} stands twice`);
      current = { name: help, kind: "", help: about, labels: new Set() };
      continue;
    }
    const [, typed, kind = ""] = /^# TYPE (\w+) (counter|gauge|histogram)$/.exec(line) ?? [];
    if (typed !== undefined) {
      if (current?.name !== typed) throw new Error(`${typed} has no help`);
      current = { ...current, kind };
      families.set(typed, current);
      continue;
    }
    const { name, labels, value } = sample(line);
    const suffix = current?.kind === "histogram" ? /_(bucket|sum|count)$/ : /$^/;
    if (current === null || name.replace(suffix, "") !== current.name)
      throw new Error(`${name} is of another family`);
    for (const label of labels.keys()) if (label !== "le") current.labels.add(label);
    const key = keyOf(name, Object.fromEntries(labels));
    if (lines.has(key)) throw new Error(`${key} stands twice`);
    lines.set(key, { name, labels, value });
  }
  return {
    families: [...families.values()],
    value: (name, labels = {}) => lines.get(keyOf(name, labels))?.value,
  };
}

function sample(line: string): Line {
  const [, name = "", inner = "", number = ""] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
  const value = Number(number);
  if (name === "" || number === "" || Number.isNaN(value)) throw new Error(`not a line: ${line}`);
  const labels = new Map<string, string>();
  labelForm.lastIndex = 0;
  for (let end = inner === "" ? "" : ","; end !== ""; ) {
    const match = labelForm.exec(inner);
    if (match === null) throw new Error(`not labels: ${line}`);
    labels.set(match[1] ?? "", match[2] ?? "");
    end = match[3] ?? "";
  }
  return { name, labels, value };
}

function keyOf(name: string, labels: Readonly<Record<string, string>>): string {
  return `${name} ${JSON.stringify(Object.entries(labels).toSorted())}`;
}
