// What is counted of commits: how long each write waited, and which failed. It stands around the engine,
// so both are counted alike; how many shared a commit only the engine knows.
import { CofferError } from "../../core/errors.ts";
import type { Database } from "../../core/ports.ts";
import { groupBounds, Histogram, secondsBounds } from "./histogram.ts";
import type { Page } from "./page.ts";

export interface CommitCounts {
  readonly onGroup: (operations: number) => void;
  /** The same database; what is written through it is counted. */
  around(database: Database): Database;
  show(page: Page): void;
}

type Kind = "execute" | "share";

export function commitCounts(): CommitCounts {
  const seconds = { execute: new Histogram(secondsBounds), share: new Histogram(secondsBounds) };
  const groups = new Histogram(groupBounds);
  const failures = { execute: new Map<string, number>(), share: new Map<string, number>() };
  let waiting = 0;

  const counted = <T>(kind: Kind, work: Promise<T>): Promise<T> => {
    const startedMs = performance.now();
    waiting += 1;
    const ended = () => {
      waiting -= 1;
      seconds[kind].observe((performance.now() - startedMs) / 1000);
    };
    work.then(ended, (error: unknown) => {
      ended();
      // A refusal of the domain is an answer; only what the engine owes is a failure.
      if (error instanceof CofferError && !/^(storage|server)\./.test(error.code)) return;
      const code = error instanceof CofferError ? error.code : "internal";
      failures[kind].set(code, (failures[kind].get(code) ?? 0) + 1);
    });
    return work;
  };

  return {
    onGroup: (operations) => groups.observe(operations),
    around: (database) => ({
      ...database,
      execute: (command, input) => counted("execute", database.execute(command, input)),
      share: (command, input) => counted("share", database.share(command, input)),
    }),
    show(page) {
      for (const kind of ["execute", "share"] as const)
        page.histogram("coffer_commit_seconds", seconds[kind], { kind });
      for (const kind of ["execute", "share"] as const) {
        for (const [code, count] of failures[kind])
          page.add("coffer_commit_failures_total", count, { kind, code });
      }
      page.add("coffer_commits_waiting", waiting);
      page.histogram("coffer_commit_group_operations", groups);
    },
  };
}
