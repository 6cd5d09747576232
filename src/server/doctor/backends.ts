// Values that lie in other backends: what they owe, and whether the two sides agree.
import type { BackendStatus } from "../../core/backends/status.ts";
import type { Finding } from "./finding.ts";
import { counted } from "./keys.ts";
import { quoted, span } from "./words.ts";

export type BackendFacts = Pick<BackendStatus, "name" | "owed" | "oldestOwedAt" | "guarded" | "drift">;

const owedMs = 60 * 60 * 1000;

export function backendFindings(backends: readonly BackendFacts[], now: number): readonly Finding[] {
  return backends.flatMap(({ name, owed, oldestOwedAt, guarded, drift }) => {
    const findings: Finding[] = [];
    const waitedMs = oldestOwedAt === null ? 0 : now - oldestOwedAt;
    if (owed > 0 && waitedMs > owedMs) {
      findings.push({
        check: "backends-owed",
        severity: "warning",
        found: `The backend "${name}" owes ${counted(owed, "deletion", "deletions")}, for ${span(waitedMs)} by now.`,
        means:
          "What was deleted here is still there: it does not answer, or does not let this server delete.",
        cure: ["coffer backend list", "Look into the server's log for the backend's name."],
      });
    }
    if (guarded) {
      findings.push({
        check: "backend-guarded",
        severity: "warning",
        found: `Nothing is swept in the backend "${name}".`,
        means:
          "It has seen a newer database than this one, as after a restore: a sweep could delete what counts.",
        cure: [
          `coffer backend list`,
          `coffer backend resume ${quoted(name)}`,
          "See docs/guide/backends.md first.",
        ],
      });
    }
    if ((drift?.missing ?? 0) > 0) {
      findings.push({
        check: "backend-drift",
        severity: "error",
        found: `Values are missing or changed in the backend "${name}": ${drift?.missing} of those checked last.`,
        means:
          "Somebody else writes or deletes there; these secrets are answered with an error, never an older value.",
        cure: ["Look into the server's log for the secrets' ids.", "coffer secret set NAME"],
      });
    }
    return findings;
  });
}
