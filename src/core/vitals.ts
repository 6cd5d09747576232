// What the tables say of the installation's health: numbers alone, of no organization in particular.
import { permitOperator } from "./access.ts";
import { type BackendStatus, backendStatus } from "./backends/status.ts";
import type { Caller } from "./caller.ts";
import type { OperatorCall } from "./keys/root.ts";
import { operatorCall } from "./keys/root-operations.ts";
import { read } from "./operation.ts";
import type { Context, Query } from "./ports.ts";

export interface Vitals {
  /** Seals reserved of the most used term that seals, the installation's own among them. */
  readonly sealsMost: number;
  /** Retired terms of organizations under which something still lies. */
  readonly retiredHeld: number;
  /** Organizations whose rotation has not come to its end. */
  readonly rotationsUnfinished: number;
}

/** What can be told of an installation that nobody has opened. */
export interface Examination {
  readonly vitals: Vitals;
  /** Root keys without which some key does not open. */
  readonly rootsNeeded: readonly string[];
  readonly newestHeadAt: number | null;
  /** Entries of streams that nobody has closed, after their newest signed heads. */
  readonly unsignedEntries: number;
  /** Whether a stream has entries from before the given time. */
  readonly overdue: boolean;
  /** Of the backends that were asked about. */
  readonly backends: readonly BackendStatus[];
  /** The database's own time; where that is a server, it is the one that counts. */
  readonly now: number;
}

export interface ExamineInput {
  /** Entries from before it were to be archived. */
  readonly before: number;
  /** Names of backends. */
  readonly names: readonly string[];
}

export const examineInstallation: Query<ExamineInput, Examination> = {
  name: "installation.examine",
  run: async (tx, { before, names }) => ({
    vitals: await tx.keys.vitals(),
    rootsNeeded: await tx.keys.neededRoots(),
    newestHeadAt: await tx.audit.newestHeadAt(),
    unsignedEntries: await tx.audit.unsigned(),
    overdue: (await tx.audit.due(before, "", 1)).length > 0,
    backends: await backendStatus.run(tx, { names }),
    now: (await tx.keys.nodes()).now,
  }),
};

/** For the server itself: a listener that only its operator reaches. */
export const readVitals: Query<null, Vitals> = {
  name: "installation.vitals",
  run: (tx) => tx.keys.vitals(),
};

export const showVitals: Query<OperatorCall, Vitals> = {
  name: "installation.show-vitals",
  run: async (tx, input) => {
    await permitOperator(tx, input, "metrics.read");
    return tx.keys.vitals();
  },
};

const target = { kind: "installation", id: null, name: null, storeId: null };

export interface VitalOperations {
  read(caller: Caller): Promise<Vitals>;
}

export function vitalOperations(ctx: Context): VitalOperations {
  const reading = { query: showVitals, action: "metrics.read", target, where: "scan" } as const;
  return { read: (caller) => read(ctx, reading, operatorCall(ctx, caller)) };
}
