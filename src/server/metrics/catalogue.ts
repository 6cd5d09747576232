// Every metric by its name: what docs/reference/metrics.md says, and all that can be exposed. Labels have
// values of closed lists alone: no name, no id and no address of anybody's.

export interface Described {
  readonly kind: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly labels?: readonly string[];
}

export const catalogue = {
  coffer_build_info: {
    kind: "gauge",
    help: "Always 1; the labels say which release runs on which Node.js with which engine.",
    labels: ["version", "node", "engine"],
  },
  coffer_sealed: { kind: "gauge", help: "1 while the server has no root key and answers 503." },
  coffer_http_requests_total: {
    kind: "counter",
    help: "Requests that were answered, by API, route as it is declared, and class of the status.",
    labels: ["dialect", "method", "route", "status"],
  },
  coffer_http_request_seconds: {
    kind: "histogram",
    help: "Time from a request's headers to the end of its answer. Long polls and watches take as long as they wait.",
    labels: ["dialect", "method", "route"],
  },
  coffer_errors_total: {
    kind: "counter",
    help: "Requests that ended in an error, by API and code (reference/errors.md).",
    labels: ["dialect", "code"],
  },
  coffer_connections: { kind: "gauge", help: "Open connections of the API's listener." },
  coffer_commit_seconds: {
    kind: "histogram",
    help: "Time from handing over to the commit's confirmation. share: records of reveals; execute: all else.",
    labels: ["kind"],
  },
  coffer_commit_failures_total: {
    kind: "counter",
    help: "Writes that the engine did not confirm, by code.",
    labels: ["kind", "code"],
  },
  coffer_commits_waiting: { kind: "gauge", help: "Writes that wait for their commit right now." },
  coffer_commit_group_operations: {
    kind: "histogram",
    help: "Operations that shared one commit. A record of reveals is one operation for up to 16 of them.",
  },
  coffer_audit_unsigned_entries: {
    kind: "gauge",
    help: "Audit entries after the newest signed heads of this process.",
  },
  coffer_audit_unsigned_seconds: {
    kind: "gauge",
    help: "How long ago the last head was signed of the stream that has waited longest; 0: all are signed.",
  },
  coffer_reveals_total: {
    kind: "counter",
    help: "Values given out, by whether what it took was in memory.",
    labels: ["memory"],
  },
  coffer_reveals_redecided_total: {
    kind: "counter",
    help: "Reveals decided again, because access or the secret moved meanwhile.",
  },
  coffer_key_seals_used_ratio: {
    kind: "gauge",
    help: "Seals reserved of the most used term that seals, of the 2^30 that it may. A new term follows by itself.",
  },
  coffer_key_rotations_unfinished: {
    kind: "gauge",
    help: "Organizations with values that still lie under an older term.",
  },
  coffer_key_terms_retired_held: {
    kind: "gauge",
    help: "Retired terms of organizations under which something still lies.",
  },
  coffer_feed_waiters: { kind: "gauge", help: "Readers of the change feed that wait for news." },
  coffer_feed_delay_seconds: {
    kind: "histogram",
    help: "Time from a change to telling a reader who waited for it.",
  },
  coffer_backend_values: {
    kind: "gauge",
    help: "Versions that lie in a value backend, by its name in the configuration.",
    labels: ["backend"],
  },
  coffer_backend_pending: {
    kind: "gauge",
    help: "Writes to a value backend that are under way or wait to be settled.",
    labels: ["backend"],
  },
  coffer_backend_owed: {
    kind: "gauge",
    help: "Deletions that a value backend has not confirmed yet.",
    labels: ["backend"],
  },
  coffer_backend_owed_oldest_seconds: {
    kind: "gauge",
    help: "How long the oldest owed deletion has waited; 0: none is owed.",
    labels: ["backend"],
  },
  coffer_backend_guarded: {
    kind: "gauge",
    help: "1 while nothing is swept, because the backend has seen a newer database.",
    labels: ["backend"],
  },
  coffer_backend_drift: {
    kind: "gauge",
    help: "Values that the last check found missing or changed in a value backend.",
    labels: ["backend"],
  },
  coffer_database_up: { kind: "gauge", help: "1 if the database answered this scrape." },
  coffer_space_free_bytes: { kind: "gauge", help: "Free bytes under the data folder, as measured last." },
  coffer_space_reserve_bytes: {
    kind: "gauge",
    help: "Below so many free bytes nothing new is taken; 0: never.",
  },
  coffer_space_low: { kind: "gauge", help: "1 while nothing new is taken for want of space." },
  coffer_job_runs_total: {
    kind: "counter",
    help: "Runs of the server's own jobs.",
    labels: ["job", "outcome"],
  },
  coffer_job_succeeded_timestamp_seconds: {
    kind: "gauge",
    help: "When a job last came to its end.",
    labels: ["job"],
  },
  coffer_warnings: {
    kind: "gauge",
    help: "How many warnings /readyz shows, such as a PostgreSQL without synchronous standby.",
  },
  process_cpu_seconds_total: { kind: "counter", help: "CPU time of the process, user and system." },
  process_resident_memory_bytes: { kind: "gauge", help: "Memory of the process." },
  process_start_time_seconds: { kind: "gauge", help: "When the process began." },
  process_event_loop_utilization_ratio: {
    kind: "gauge",
    help: "Part of the time since the last scrape in which the thread that answers requests was busy.",
  },
} as const satisfies Record<string, Described>;

export type MetricName = keyof typeof catalogue;
