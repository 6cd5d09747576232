// What a verification found, as it is told to people. It keeps a bounded number of findings and
// the fact that there were more, so that a ruined trail of a million entries is one short report.

export type FindingKind =
  | "edited"
  | "missing"
  | "added"
  | "reordered"
  | "tail-removed"
  | "head-forged"
  | "removal"
  | "digest";

export interface Finding {
  readonly kind: FindingKind;
  /** Null where the finding is about no single stream: a secret's row, a line of an export. */
  readonly stream: string | null;
  readonly seq: number | null;
  readonly message: string;
}

const findingsMax = 1_000;

export class Findings {
  readonly list: Finding[] = [];
  omitted = 0;

  add(kind: FindingKind, stream: string | null, seq: number | null, message: string): void {
    if (this.list.length >= findingsMax) this.omitted += 1;
    else this.list.push({ kind, stream, seq, message });
  }
}

/** "entry 7" or "entries 7 to 9". */
export function entriesFrom(from: number, to: number): string {
  return from === to ? `entry ${from}` : `entries ${from} to ${to}`;
}
