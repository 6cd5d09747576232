// The backends that the operator has configured, and the rules by which values in them are looked after.
import type { Backend } from "./port.ts";

/** The name of no backend but the database itself. */
export const embedded = "embedded";

export interface ReconcilerRules {
  readonly periodMs: number;
  /** How long a write into another backend may take before it is given up by others. */
  readonly leaseMs: number;
  readonly sweepPeriodMs: number;
  /** What is unknown and younger than this may be somebody's write under way. */
  readonly orphanAgeMs: number;
  /** More orphans than this share of all is no clean-up but a mistake. */
  readonly sweepMaxShare: number;
}

export interface Backends {
  readonly all: readonly Backend[];
  find(name: string): Backend | null;
  /** For stores that are made from now on. */
  readonly defaultName: string;
  readonly rules: ReconcilerRules;
  /** Leases go by the database's clock where several nodes use it, else by this process's. */
  readonly sharedClock: boolean;
  /** Named points at which a test may stop the process; nothing in a published server. */
  readonly fault: (point: string) => void;
}

export const defaultRules: ReconcilerRules = {
  periodMs: 30_000,
  leaseMs: 60_000,
  sweepPeriodMs: 24 * 60 * 60 * 1000,
  orphanAgeMs: 24 * 60 * 60 * 1000,
  sweepMaxShare: 0.05,
};

export function backendsOf(
  all: readonly Backend[],
  parts: Partial<Omit<Backends, "all" | "find">> = {},
): Backends {
  const byName = new Map(all.map((backend) => [backend.name, backend]));
  return {
    all,
    find: (name) => byName.get(name) ?? null,
    defaultName: parts.defaultName ?? embedded,
    rules: parts.rules ?? defaultRules,
    sharedClock: parts.sharedClock ?? false,
    fault: parts.fault ?? (() => {}),
  };
}

export const noBackends: Backends = backendsOf([]);

/** Work of any number, at most so many at once; the first failure ends it when what began has ended. */
export async function atMost<T, R>(
  many: number,
  items: readonly T[],
  work: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const results: R[] = [];
  const failures: unknown[] = [];
  let next = 0;
  const worker = async () => {
    while (next < items.length && failures.length === 0) {
      const index = next;
      next += 1;
      const item = items[index];
      if (item === undefined) continue;
      try {
        results[index] = await work(item);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(many, items.length) }, worker));
  if (failures.length > 0) throw failures[0];
  return results;
}
