// The doctor from outside: what a server that runs says of itself to anybody, and to an operator's token.
import { limits } from "../../core/limits.ts";
import type { ReadyBody } from "../ready.ts";
import { type BackendFacts, backendFindings } from "./backends.ts";
import { type Finding, sorted } from "./finding.ts";
import { counted, keyFindings } from "./keys.ts";
import { certificateFindings, type NetworkFacts } from "./network.ts";
import type { Scrape } from "./scrape.ts";
import { size, span } from "./words.ts";

export interface RemoteFacts {
  readonly now: number;
  readonly url: string;
  readonly ready: {
    readonly status: ReadyBody["status"];
    readonly failing: readonly string[];
    readonly expects: string | null;
    readonly warnings: readonly string[];
  };
  /** Null: this token may not read them. */
  readonly metrics: Scrape | null;
  readonly openHttp: boolean;
  readonly certificate: NetworkFacts["certificate"];
}

const unsignedSecondsMax = 60;
/** The longest pause that a job has is an hour. */
const jobMs = 2 * 60 * 60 * 1000;

export function remoteFindings(facts: RemoteFacts): readonly Finding[] {
  const { ready, metrics, openHttp, url, certificate, now } = facts;
  return sorted([
    ...readyFindings(ready),
    ...(openHttp ? [openTo(url)] : []),
    ...(certificate === null ? [] : certificateFindings(certificate, now)),
    ...(metrics === null ? [hidden] : metricFindings(metrics, now)),
  ]);
}

function readyFindings({ status, failing, expects, warnings }: RemoteFacts["ready"]): readonly Finding[] {
  const findings = warnings.map(
    (warning): Finding => ({
      check: "server-warning",
      severity: "warning",
      found: `The server warns: ${warning}.`,
      means: "It works, with less protection than it could have.",
      cure: ["coffer doctor (on the host of the server) says more."],
    }),
  );
  if (status === "sealed") {
    findings.push({
      check: "sealed",
      severity: "error",
      found: "The server is sealed.",
      means: `It lacks the root key ${expects ?? "that wrapped its keys"}, answers 503 and writes nothing.`,
      cure: [
        "Put the root key file in its place, or let its key service be reached.",
        "coffer serve --root-key FILE",
      ],
    });
  } else if (status !== "ready") {
    const what = status === "draining" ? "It ends" : `These fail: ${failing.join(", ")}`;
    findings.push({
      check: "not-ready",
      severity: "error",
      found: `The server is not ready. ${what}.`,
      means: "It answers requests with 503 until that is over; it looks again by itself.",
      cure: ["Look into the server's log.", "df -h", "coffer doctor (on the host of the server)"],
    });
  }
  return findings;
}

function openTo(url: string): Finding {
  return {
    check: "http-open",
    severity: "error",
    found: `${url} is open http to another machine.`,
    means: "Everybody on the way reads tokens and values.",
    cure: ["coffer serve --tls auto"],
  };
}

const hidden: Finding = {
  check: "metrics-hidden",
  severity: "note",
  found:
    "This token may not read the server's metrics, so jobs, keys, space and the trail were not looked at.",
  means: "Only an operator's token over all his organizations may.",
  cure: ["coffer doctor (on the host of the server)"],
};

function metricFindings(metrics: Scrape, now: number): readonly Finding[] {
  const findings: Finding[] = [];
  const value = (name: string) => metrics.value(name) ?? 0;
  findings.push(
    ...keyFindings({
      sealsMost: value("coffer_key_seals_used_ratio") * limits.sealsPerTermMax,
      retiredHeld: value("coffer_key_terms_retired_held"),
      rotationsUnfinished: value("coffer_key_rotations_unfinished"),
    }),
  );
  if (value("coffer_space_low") === 1) {
    findings.push({
      check: "space-low",
      severity: "error",
      found: `${size(value("coffer_space_free_bytes"))} are free under the server's data folder.`,
      means: "The server reads, reveals and deletes, and refuses whatever adds: 507, or 503 in other APIs.",
      cure: ["coffer trash list", "Free space on the server's disk, or enlarge it."],
    });
  }
  const unsignedSeconds = value("coffer_audit_unsigned_seconds");
  if (unsignedSeconds > unsignedSecondsMax) {
    findings.push({
      check: "audit-unsigned",
      severity: "error",
      found: `The newest audit entries have no signature for ${span(unsignedSeconds * 1_000)}.`,
      means: "Heads are signed every second; a job fails, or the database takes no writes.",
      cure: ["Look into the server's log for the job that fails."],
    });
  }
  const others = [...jobFindings(metrics, now), ...commitFindings(metrics)];
  return [...findings, ...backendFindings(backendsOf(metrics, now), now), ...others];
}

function backendsOf(metrics: Scrape, now: number): readonly BackendFacts[] {
  const of = (name: string) => metrics.by(`coffer_backend_${name}`, "backend");
  const [waited, guarded, drift] = [of("owed_oldest_seconds"), of("guarded"), of("drift")];
  return Array.from(of("owed"), ([name, owed]) => ({
    name,
    owed,
    oldestOwedAt: owed === 0 ? null : now - (waited.get(name) ?? 0) * 1_000,
    guarded: guarded.get(name) === 1,
    drift: { at: now, checked: 0, missing: drift.get(name) ?? 0 },
  }));
}

/** A job that failed and came round since is no matter any more. */
function jobFindings(metrics: Scrape, now: number): readonly Finding[] {
  const ended = metrics.by("coffer_job_succeeded_timestamp_seconds", "job");
  const failed = metrics.by("coffer_job_runs_total", "job", { outcome: "failed" });
  const stuck = [...failed].filter(
    ([job, count]) => count > 0 && now - (ended.get(job) ?? 0) * 1_000 > jobMs,
  );
  return stuck.map(([job, count]) => ({
    check: "jobs-failing",
    severity: "warning",
    found: `The job "${job}" has failed ${counted(count, "time", "times")} and not come to its end for long.`,
    means: "What it keeps in shape is left as it is.",
    cure: ["Look into the server's log for `a job failed`."],
  }));
}

function commitFindings(metrics: Scrape): readonly Finding[] {
  const codes = [...metrics.by("coffer_commit_failures_total", "code")].filter(([, count]) => count > 0);
  if (codes.length === 0) return [];
  const told = codes.map(([code, count]) => `${code} ${counted(count, "time", "times")}`).join(", ");
  return [
    {
      check: "commits-failing",
      severity: "warning",
      found: `Since its start the engine has not confirmed writes: ${told}.`,
      means: "Whoever asked was answered 503. An unknown outcome is settled by the audit trail.",
      cure: ["Look into the server's log for `the engine failed`.", "coffer audit list"],
    },
  ];
}
