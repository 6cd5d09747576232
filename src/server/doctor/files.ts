// What lies in the data folder and who may read it.
import type { Finding } from "./finding.ts";
import { quoted, size } from "./words.ts";

export interface FileFacts {
  readonly data: string;
  /** A root key that lies in the data folder; null: there is none. */
  readonly rootKey: string | null;
  readonly bootstrap: string | null;
  /** Files and folders with secrets in them that others than their owner may read or change. */
  readonly open: readonly { readonly path: string; readonly mode: number }[];
  /** Null: the database is not on this disk. */
  readonly space: { readonly freeBytes: number; readonly reserveBytes: number } | null;
}

export function fileFindings({ data, rootKey, bootstrap, open, space }: FileFacts): readonly Finding[] {
  const findings: Finding[] = [];
  if (rootKey !== null) {
    findings.push({
      check: "root-key-beside-data",
      severity: "warning",
      found: `The root key lies beside the data: ${rootKey}.`,
      means: "Whoever copies the folder, or a backup of the whole disk, can read every value.",
      cure: [
        `mv -n ${quoted(rootKey)} /etc/coffer/root.key`,
        "coffer serve --root-key /etc/coffer/root.key",
        "Or let a passphrase or a key service protect it: see docs/guide/root-keys.md.",
      ],
    });
  }
  if (bootstrap !== null) {
    findings.push({
      check: "bootstrap-left",
      severity: "warning",
      found: `The first owner's token is still in ${bootstrap}.`,
      means:
        "Nothing reads that file again, and whoever reads it is owner until the token ends or is revoked.",
      cure: [`coffer login --bootstrap ${quoted(bootstrap)}`, `rm ${quoted(bootstrap)}`],
    });
  }
  for (const { path, mode } of open) {
    findings.push({
      check: "permissions",
      severity: "error",
      found: `Others than its owner may read ${path} (mode ${mode.toString(8).padStart(4, "0")}).`,
      means: "What lies there is enough to read values, to act as somebody, or to learn names.",
      cure: [`chmod go= ${quoted(path)}`],
    });
  }
  if (space !== null) findings.push(...spaceFindings(data, space));
  return findings;
}

function spaceFindings(
  data: string,
  { freeBytes, reserveBytes }: NonNullable<FileFacts["space"]>,
): Finding[] {
  const low = freeBytes < reserveBytes;
  // Time to act: what comes next is refused writes.
  if (!low && freeBytes >= 2 * reserveBytes) return [];
  return [
    {
      check: "space-low",
      severity: low ? "error" : "warning",
      found: `${size(freeBytes)} are free under ${data}; the reserve is ${size(reserveBytes)}.`,
      means: low
        ? "The server reads, reveals and deletes, and refuses whatever adds: 507, or 503 in other APIs."
        : "Below the reserve the server refuses whatever adds.",
      cure: [`du -xh --max-depth=1 ${quoted(data)}`, "coffer trash list", "Free space, or enlarge the disk."],
    },
  ];
}
