// All that a scrape shows, put together. What is counted on the way of requests lies in memory; the few
// numbers that only the tables know are asked for at most once a second, however often is scraped.
import { type BackendStatus, backendStatus } from "../../core/backends/status.ts";
import { limits } from "../../core/limits.ts";
import type { Measures } from "../../core/measures.ts";
import { readVitals, type Vitals } from "../../core/vitals.ts";
import type { OpenNode, SealedNode } from "../compose.ts";
import { type CommitCounts, commitCounts } from "./commits.ts";
import { Histogram, secondsBounds } from "./histogram.ts";
import { type JobCounts, jobCounts } from "./jobs.ts";
import { newPage, type Page } from "./page.ts";
import { type RequestCounts, requestCounts } from "./requests.ts";

const askAgainMs = 1_000;
/** Counts of what lies in other backends look at as many rows. */
const backendsAgainMs = 10_000;

export interface Metrics {
  readonly requests: RequestCounts;
  readonly commits: CommitCounts;
  readonly jobs: JobCounts;
  /** For the operations of the core. */
  readonly measures: Measures;
  /** What the listener that the API has tells of itself. */
  setConnections(count: () => Promise<number>): void;
  scrape(node: OpenNode | SealedNode): Promise<string>;
}

export interface Build {
  readonly version: string;
  readonly engine: "sqlite" | "postgresql";
}

export function metricsOf(build: Build, now: () => number): Metrics {
  const requests = requestCounts();
  const commits = commitCounts();
  const jobs = jobCounts(now);
  const operations = operationCounts();
  const vitalsOf = askedSeldom(askAgainMs, ({ context }) => context.database.scan(readVitals, null));
  const backendsOf = askedSeldom(backendsAgainMs, ({ context }) => {
    const names = context.backends.all.map(({ name }) => name);
    return names.length === 0 ? Promise.resolve([]) : context.database.scan(backendStatus, { names });
  });
  let connections: (() => Promise<number>) | null = null;
  let utilization = performance.eventLoopUtilization();

  const showProcess = (page: Page) => {
    const { user, system } = process.cpuUsage();
    page.add("process_cpu_seconds_total", (user + system) / 1e6);
    page.add("process_resident_memory_bytes", process.memoryUsage.rss());
    page.add("process_start_time_seconds", performance.timeOrigin / 1000);
    const until = performance.eventLoopUtilization();
    page.add(
      "process_event_loop_utilization_ratio",
      performance.eventLoopUtilization(until, utilization).utilization,
    );
    utilization = until;
  };

  return {
    requests,
    commits,
    jobs,
    measures: operations.measures,
    setConnections(count) {
      connections = count;
    },
    async scrape(node) {
      const page = newPage();
      page.add("coffer_build_info", 1, { ...build, node: process.versions.node });
      page.add("coffer_sealed", node.sealed ? 1 : 0);
      requests.show(page);
      if (connections !== null) page.add("coffer_connections", await connections());
      commits.show(page);
      if (!node.sealed) {
        showNode(page, node);
        showVitals(page, await vitalsOf(node));
        for (const status of (await backendsOf(node)) ?? []) showBackend(page, status, now());
      }
      operations.show(page);
      jobs.show(page);
      showProcess(page);
      return page.text();
    },
  };
}

function showNode(page: Page, node: OpenNode): void {
  const { entries, forMs } = node.unsigned();
  page.add("coffer_audit_unsigned_entries", entries);
  page.add("coffer_audit_unsigned_seconds", forMs / 1000);
  page.add("coffer_feed_waiters", node.operations.feed.waiters);
  const { freeBytes, reserveBytes, low } = node.reserve;
  if (freeBytes !== null) page.add("coffer_space_free_bytes", freeBytes);
  if (reserveBytes !== null) page.add("coffer_space_reserve_bytes", reserveBytes);
  page.add("coffer_space_low", low ? 1 : 0);
  page.add("coffer_warnings", node.warnings().length);
}

function showVitals(page: Page, vitals: Vitals | null): void {
  page.add("coffer_database_up", vitals === null ? 0 : 1);
  if (vitals === null) return;
  page.add("coffer_key_seals_used_ratio", vitals.sealsMost / limits.sealsPerTermMax);
  page.add("coffer_key_rotations_unfinished", vitals.rotationsUnfinished);
  page.add("coffer_key_terms_retired_held", vitals.retiredHeld);
}

function showBackend(page: Page, status: BackendStatus, now: number): void {
  const labels = { backend: status.name };
  page.add("coffer_backend_values", status.values, labels);
  page.add("coffer_backend_pending", status.pending, labels);
  page.add("coffer_backend_owed", status.owed, labels);
  const { oldestOwedAt } = status;
  const waitedMs = oldestOwedAt === null ? 0 : Math.max(0, now - oldestOwedAt);
  page.add("coffer_backend_owed_oldest_seconds", waitedMs / 1000, labels);
  page.add("coffer_backend_guarded", status.guarded ? 1 : 0, labels);
  page.add("coffer_backend_drift", status.drift?.missing ?? 0, labels);
}

/** Null where the database does not answer; a scrape shows that, and does not fail of it. */
function askedSeldom<T>(
  againMs: number,
  ask: (node: OpenNode) => Promise<T>,
): (node: OpenNode) => Promise<T | null> {
  let askedMs = Number.NEGATIVE_INFINITY;
  let answer: Promise<T | null> = Promise.resolve(null);
  return (node) => {
    if (performance.now() - askedMs >= againMs) {
      askedMs = performance.now();
      answer = ask(node).catch(() => null);
    }
    return answer;
  };
}

function operationCounts(): { readonly measures: Measures; show(page: Page): void } {
  const delays = new Histogram(secondsBounds);
  let remembered = 0;
  let lookedUp = 0;
  let redecided = 0;
  return {
    measures: {
      revealed(fromMemory) {
        if (fromMemory) remembered += 1;
        else lookedUp += 1;
      },
      redecided() {
        redecided += 1;
      },
      told: (delayMs) => delays.observe(delayMs / 1000),
    },
    show(page) {
      page.add("coffer_reveals_total", remembered, { memory: "hit" });
      page.add("coffer_reveals_total", lookedUp, { memory: "miss" });
      page.add("coffer_reveals_redecided_total", redecided);
      page.histogram("coffer_feed_delay_seconds", delays);
    },
  };
}
