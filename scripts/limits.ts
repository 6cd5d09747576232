// Writes docs/reference/limits.md: `node scripts/limits.ts`. The bounds of the domain as
// src/core/limits.ts has them, with the reasons that stand there as comments.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { limits } from "../src/core/limits.ts";
import { root } from "./parts.ts";

const intro = `# Limits

Every list, body, page, queue and time has a bound. A request that goes past one is refused with
\`request.invalid\`, and \`details.field\`, \`details.rule\` and \`details.limit\` say which (a body as a
whole: 413 \`request.too_large\`). What the other APIs bound more narrowly is on their pages.

Of the transport: bodies of 1 MiB, 16 MiB where many values are asked for or written at once; paths of
6,100 characters a part; headers within 15 seconds, a whole request within 60; 10,000 connections at
once. Of an organization: as many secrets and stores as its [quotas](cli.md) allow, unlimited unless set.

This list is made from \`src/core/limits.ts\`; the names are those of the source.

| limit | value | why |
|---|---|---|
`;

export function limitsPage(): string {
  const source = readFileSync(join(root, "src/core/limits.ts"), "utf8");
  const reasons = new Map(
    Array.from(
      source.matchAll(/\/\*\* ((?:(?!\*\/)[\s\S])*?) \*\/\n {2}(\w+):/g),
      ([, reason = "", name]) => [name, reason.replaceAll(/\s*\n\s*\* /g, " ")],
    ),
  );
  const rows = Object.entries(limits).map(
    ([name, value]) => `| \`${name}\` | ${shown(name, value)} | ${reasons.get(name) ?? ""} |`,
  );
  return `${intro}${rows.join("\n")}\n`;
}

const durations = [
  [24 * 60 * 60 * 1000, "day"],
  [60 * 60 * 1000, "hour"],
  [60 * 1000, "minute"],
  [1000, "second"],
] as const;

function shown(name: string, value: unknown): string {
  if (typeof value !== "number") return String(value);
  if (/Ms(?:Max|Min)?$/.test(name)) {
    const unit = durations.find(([ms]) => value % ms === 0);
    if (unit === undefined) return `${value} ms`;
    const count = value / unit[0];
    return `${count} ${unit[1]}${count === 1 ? "" : "s"}`;
  }
  if (/Bytes(?:Max|Min)?$/.test(name) && value % 1024 === 0) {
    return value % 1024 ** 2 === 0 ? `${value / 1024 ** 2} MiB` : `${value / 1024} KiB`;
  }
  return value.toLocaleString("en");
}

if (import.meta.main) writeFileSync(join(root, "docs/reference/limits.md"), limitsPage());
