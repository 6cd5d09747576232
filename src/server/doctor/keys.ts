// How worn the keys are, and what a rotation has left.
import { limits } from "../../core/limits.ts";
import type { Vitals } from "../../core/vitals.ts";
import type { Finding } from "./finding.ts";

/** A term goes on by itself at its end; who looks at this wants to know before. */
const wornFrom = 0.9;

export function keyFindings({ sealsMost, retiredHeld, rotationsUnfinished }: Vitals): readonly Finding[] {
  const findings: Finding[] = [];
  const worn = sealsMost / limits.sealsPerTermMax;
  if (worn >= wornFrom) {
    findings.push({
      check: "seals-near-end",
      severity: "warning",
      found: `A key has reserved ${Math.floor(worn * 100)} % of the seals that it may make.`,
      means: "At its end the server begins a new term by itself; to do it now chooses the moment.",
      cure: ["coffer key status --org ORG", "coffer key rotate --org ORG"],
    });
  }
  if (rotationsUnfinished > 0) {
    findings.push({
      check: "rotation-unfinished",
      severity: "note",
      found: `${counted(rotationsUnfinished, "organization has", "organizations have")} values under older keys.`,
      means: "The server moves them by itself while it runs; what does not open stays and is in its log.",
      cure: ["coffer key status --org ORG", "coffer key rewrap --org ORG"],
    });
  }
  if (retiredHeld > 0 && rotationsUnfinished === 0) {
    findings.push({
      check: "retired-terms-held",
      severity: "warning",
      found: `${counted(retiredHeld, "retired key still has", "retired keys still have")} values under them.`,
      means: "They cannot be destroyed; a value that does not open is the usual reason.",
      cure: ["coffer key status --org ORG", "coffer key rewrap --org ORG", "coffer audit verify"],
    });
  }
  return findings;
}

export function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}
