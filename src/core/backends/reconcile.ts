// What looks after values in other backends: it gives up what nobody finishes, takes away what is owed,
// and now and then looks whether both sides agree. One node does it at a time; all of it may be broken off
// anywhere and begun again.

import { limits } from "../limits.ts";
import type { Command, Context, Query } from "../ports.ts";
import { abortExpired } from "./abort.ts";
import { atMost } from "./backends.ts";
import { checkDrift } from "./drift.ts";
import { guardRestore } from "./guard.ts";
import { pay } from "./paying.ts";
import { BackendError, isSilent } from "./port.ts";
import type { OwedDeletion } from "./records.ts";
import { retireOutlived } from "./retire.ts";
import { readBackendState } from "./state.ts";
import { sweep } from "./sweep.ts";

interface LeaseInput {
  readonly owner: string;
  readonly clock: number | null;
  readonly leaseMs: number;
}

export const takeReconcilerLease: Command<LeaseInput, boolean> = {
  name: "backend.lease",
  run: async (tx, { owner, clock, leaseMs }) => {
    const now = clock ?? (await tx.remote.now());
    return tx.remote.takeLease("reconciler", owner, now, now + leaseMs);
  },
};

interface DueInput {
  readonly now: number;
  /** Backends that do not answer. */
  readonly silent: readonly string[];
}

export const owedDue: Query<DueInput, readonly OwedDeletion[]> = {
  name: "backend.owed-due",
  run: (tx, { now, silent }) => tx.remote.owedDue(now, silent, limits.reconcileRows),
};

interface ForgetInput {
  readonly before: number;
}

/** Rows of what was given up: nothing of it can turn up any more that the sweep would not find. */
export const forgetGivenUp: Command<ForgetInput, number> = {
  name: "backend.forget",
  run: (tx, { before }) => tx.remote.forgetGivenUp(before, limits.reconcileRows),
};

export interface ReconcilerParts {
  /** Of this node, as long as it runs. */
  readonly owner: string;
  /** Of this software: another one's first sweep only looks. */
  readonly release: string;
  /** Whether time can be trusted with what is never undone. */
  readonly steady: () => boolean;
  /** Something that an operator has to see. */
  readonly alert: (what: string, details: Readonly<Record<string, string | number>>) => void;
}

export interface Reconciler {
  /** One round; it may be called as often as one likes. */
  step(stopped: () => boolean): Promise<void>;
}

export function reconciler(ctx: Context, parts: ReconcilerParts): Reconciler {
  const { backends, database, clock } = ctx;
  const { rules } = backends;
  const now = () => (backends.sharedClock ? null : clock.now());

  const lease = () =>
    database.execute(takeReconcilerLease, {
      owner: parts.owner,
      clock: now(),
      leaseMs: Math.max(rules.leaseMs, 3 * rules.periodMs),
    });

  const abortAll = async (stopped: () => boolean) => {
    const input = () => ({ at: clock.now(), clock: now(), limit: limits.reconcileRows });
    while (!stopped() && (await database.execute(abortExpired, input())) === limits.reconcileRows) {
      // Each round is a commit of its own.
    }
  };

  const payAll = async (stopped: () => boolean) => {
    // A backend that does not answer is not asked again for everything else that it is owed, and what that is
    // does not stand before what is owed to others.
    const silent = new Set<string>();
    for (let rounds = 0; !stopped() && rounds < limits.reconcileRows; rounds += 1) {
      const due = await database.point(owedDue, { now: clock.now(), silent: [...silent] });
      await atMost(limits.remoteWritesMax, due, async (owed) => {
        if (stopped() || silent.has(owed.backend)) return;
        const failure = await pay(ctx, owed);
        if (failure !== null && isSilent(failure)) silent.add(owed.backend);
      });
      if (due.length < limits.reconcileRows) break;
      await lease();
    }
  };

  const visit = async (name: string, steady: boolean, stopped: () => boolean) => {
    const backend = backends.find(name);
    if (backend === null) return;
    const state = await database.point(readBackendState, { backend: name });
    const due = clock.now() - (state.sweptAt ?? Number.NEGATIVE_INFINITY) >= rules.sweepPeriodMs;
    // After a jump of the clock everything would be old at once, and backups may still name what was replaced.
    if (due && steady) {
      await retireOutlived(ctx, name, stopped);
      await sweep(ctx, backend, parts, stopped);
      await checkDrift(ctx, backend, parts, stopped);
    } else if (clock.now() - (state.epochAt ?? Number.NEGATIVE_INFINITY) >= limits.restoreEpochMs) {
      await guardRestore(ctx, backend, parts);
    }
  };

  /** When a backend could not be visited. */
  const missed = new Map<string, number>();

  const visitAll = async (steady: boolean, stopped: () => boolean) => {
    const failures: unknown[] = [];
    const rest = Math.min(rules.sweepPeriodMs, limits.sweepRetryMs);
    for (const { name } of backends.all) {
      if (clock.now() - (missed.get(name) ?? Number.NEGATIVE_INFINITY) < rest) continue;
      if (stopped() || !(await lease())) break;
      try {
        await visit(name, steady, stopped);
        missed.delete(name);
      } catch (error) {
        // The others have their turn all the same.
        missed.set(name, clock.now());
        if (error instanceof BackendError) {
          parts.alert("a backend could not be looked after", { backend: name, failure: error.failure });
        } else failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  };

  return {
    async step(stopped) {
      if (backends.all.length === 0) return;
      // Looked at by every node, also while another one does the work.
      const steady = parts.steady();
      if (!(await lease())) return;
      await abortAll(stopped);
      await payAll(stopped);
      if (steady) await database.execute(forgetGivenUp, { before: clock.now() - rules.orphanAgeMs });
      await visitAll(steady, stopped);
    },
  };
}
