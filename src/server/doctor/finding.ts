// What a check of the installation has to say: how bad it is, what it means, and what to type.

export const severities = ["error", "warning", "note"] as const;
/** `error`: something does not work or is in danger now. `warning`: it will be, or has too little protection. */
export type Severity = (typeof severities)[number];

export interface Finding {
  /** A name that scripts may go by; docs/reference/cli.md lists them. */
  readonly check: CheckName;
  readonly severity: Severity;
  readonly found: string;
  readonly means: string;
  /** Commands, or a setting, in the order in which to go about it. */
  readonly cure: readonly string[];
}

export const checkNames = [
  "root-key",
  "root-key-beside-data",
  "bootstrap-left",
  "permissions",
  "space-low",
  "audit-unsigned",
  "audit-not-archived",
  "audit-heads-inside",
  "seals-near-end",
  "retired-terms-held",
  "rotation-unfinished",
  "clock",
  "schema",
  "no-database",
  "unreadable",
  "fsync-off",
  "no-synchronous-standby",
  "node-version",
  "certificate",
  "http-open",
  "proxies-wide",
  "sealed",
  "not-ready",
  "server-warning",
  "jobs-failing",
  "commits-failing",
  "backends-owed",
  "backend-guarded",
  "backend-drift",
  "metrics-hidden",
] as const;
export type CheckName = (typeof checkNames)[number];

/** The worst first, else as they came. */
export function sorted(findings: readonly Finding[]): readonly Finding[] {
  return findings.toSorted(
    (one, other) => severities.indexOf(one.severity) - severities.indexOf(other.severity),
  );
}
