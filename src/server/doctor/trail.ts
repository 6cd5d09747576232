// The audit trail and the clock that its entries carry.
import type { Finding } from "./finding.ts";
import { counted } from "./keys.ts";
import { span } from "./words.ts";

export interface TrailFacts {
  readonly now: number;
  /** When a head was last signed; null: never. */
  readonly newestHeadAt: number | null;
  /** Entries of streams that nobody has closed, after their newest signed heads. */
  readonly unsignedEntries: number;
  /** There are entries that were to be archived a week ago. */
  readonly overdue: boolean;
  readonly keptMs: number;
  readonly archive: string | null;
  readonly headFile: string | null;
  /** How far this host's clock is ahead of the database's; null: they are one. */
  readonly aheadMs: number | null;
}

/** A server that runs signs each second; one that was killed has its end signed by the next start. */
const signedWithinMs = 60_000;
const clockMs = 30_000;

export function trailFindings(facts: TrailFacts): readonly Finding[] {
  return [...unsigned(facts), ...kept(facts), ...clock(facts)];
}

function unsigned({ now, newestHeadAt, unsignedEntries }: TrailFacts): readonly Finding[] {
  // Before the first signature an installation is a second old.
  if (unsignedEntries === 0 || newestHeadAt === null || now - newestHeadAt < signedWithinMs) return [];
  const entries = counted(unsignedEntries, "audit entry lies", "audit entries lie");
  return [
    {
      check: "audit-unsigned",
      severity: "warning",
      found: `${entries} after the signed heads, the newest of which is ${span(now - newestHeadAt)} old.`,
      means: "A server that runs signs every second; one that was killed leaves its end to the next start.",
      cure: ["Start the server, or look into its log for the job that fails.", "coffer audit verify"],
    },
  ];
}

function kept({ overdue, keptMs, archive, headFile }: TrailFacts): readonly Finding[] {
  const findings: Finding[] = [];
  if (archive === null && overdue) {
    findings.push({
      check: "audit-not-archived",
      severity: "warning",
      found: `There are audit entries older than audit.keep (${span(keptMs)}), and audit.archive names no folder.`,
      means: "Nothing is removed before it is archived, so the trail grows without end.",
      cure: ["coffer serve --audit-archive /mnt/audit", "coffer audit verify --archive /mnt/audit"],
    });
  }
  if (headFile === null) {
    findings.push({
      check: "audit-heads-inside",
      severity: "note",
      found: "Signed audit heads go to the log alone.",
      means:
        "Who can write the database could cut off its end unseen, unless heads are kept where he cannot.",
      cure: [
        "Send the log to another machine, or set audit.headFile.",
        "coffer audit verify --anchor heads.log",
      ],
    });
  }
  return findings;
}

function clock({ now, newestHeadAt, aheadMs }: TrailFacts): readonly Finding[] {
  const finding = (found: string): Finding => ({
    check: "clock",
    severity: "error",
    found,
    means:
      "Expiries and retention go by time. After a jump of over a day retention waits until a day has passed.",
    cure: ["timedatectl status", "chronyc tracking"],
  });
  if (aheadMs !== null && Math.abs(aheadMs) > clockMs) {
    const way = aheadMs > 0 ? "ahead of" : "behind";
    return [finding(`This host's clock is ${span(Math.abs(aheadMs))} ${way} the database's.`)];
  }
  if (newestHeadAt !== null && newestHeadAt - now > clockMs) {
    return [finding(`The newest audit signature is ${span(newestHeadAt - now)} in the future.`)];
  }
  return [];
}
