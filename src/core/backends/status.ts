// How values in other backends stand, for operators: what is under way, what is owed, what the last
// sweep saw. Numbers alone, of no organization in particular.
import { permitOperator } from "../access.ts";
import type { Caller } from "../caller.ts";
import type { OperatorCall } from "../keys/root.ts";
import { operatorCall } from "../keys/root-operations.ts";
import { read } from "../operation.ts";
import type { Context, Query, ReadTransaction } from "../ports.ts";
import { backendNotFound, backendUnavailable } from "./errors.ts";
import { resumeSweeps } from "./guard.ts";
import { BackendError } from "./port.ts";
import type { BackendCounts, BackendState } from "./records.ts";
import { stateOf } from "./state.ts";

export type BackendStatus = BackendCounts &
  Pick<BackendState, "name" | "epoch" | "guarded" | "sweptAt" | "report" | "drift">;

interface StatusInput {
  readonly names: readonly string[];
}

/** For the server itself. */
export const backendStatus: Query<StatusInput, readonly BackendStatus[]> = {
  name: "backend.status",
  run: (tx, { names }) => statusOf(tx, names),
};

export const showBackends: Query<OperatorCall & StatusInput, readonly BackendStatus[]> = {
  name: "backend.show",
  run: async (tx, input) => {
    await permitOperator(tx, input, "metrics.read");
    return statusOf(tx, input.names);
  },
};

async function statusOf(tx: ReadTransaction, names: readonly string[]): Promise<readonly BackendStatus[]> {
  const all: BackendStatus[] = [];
  for (const name of names) {
    const { epoch, guarded, sweptAt, report, drift } = await stateOf(tx, name);
    all.push({ name, ...(await tx.remote.counts(name)), epoch, guarded, sweptAt, report, drift });
  }
  return all;
}

export interface ShownBackend extends BackendStatus {
  readonly kind: string;
  readonly payload: "sealed" | "native";
}

export interface BackendOperations {
  status(caller: Caller): Promise<readonly ShownBackend[]>;
  /** Says that this database is the one that counts, after a restore: sweeps go on. */
  resume(caller: Caller, name: string): Promise<void>;
}

const target = { kind: "installation", id: null, name: null, storeId: null };

export function backendOperations(ctx: Context): BackendOperations {
  const { backends, database } = ctx;
  return {
    async status(caller) {
      const input = { ...operatorCall(ctx, caller), names: backends.all.map(({ name }) => name) };
      const reading = { query: showBackends, action: "metrics.read", target, where: "scan" } as const;
      const shown = await read(ctx, reading, input);
      return shown.flatMap((status) => {
        const backend = backends.find(status.name);
        return backend === null ? [] : [{ ...status, kind: backend.kind, payload: backend.payload }];
      });
    },
    async resume(caller, name) {
      const input = { ...operatorCall(ctx, caller), names: [] };
      await read(ctx, { query: showBackends, action: "metrics.read", target, where: "point" }, input);
      const backend = backends.find(name);
      if (backend === null) throw backendNotFound();
      const heard = await backend.readEpoch().catch((error: unknown) => {
        throw error instanceof BackendError ? backendUnavailable(error) : error;
      });
      await database.execute(resumeSweeps, { ...operatorCall(ctx, caller), backend: name, heard });
    },
  };
}
