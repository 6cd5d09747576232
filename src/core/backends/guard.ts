// A database that was restored from a backup does not know what was written since; to it these values
// would be orphans. So each backend is told a number that grows, before anything there is swept: a backend
// that has heard of a higher one than this database knows has seen a newer database. Nothing is swept then
// until an operator says that this database is the one that counts.
import type { Call } from "../access.ts";
import { permitOperator } from "../access.ts";
import { entryOf, mutation } from "../operation.ts";
import type { Command, Context } from "../ports.ts";
import type { Backend } from "./port.ts";
import { stateOf } from "./state.ts";

interface RaiseInput {
  readonly backend: string;
  readonly at: number;
  /** What the backend has heard; null: nothing yet. */
  readonly heard: number | null;
}

/** Null: the backend has seen a newer database. */
export const raiseBackendEpoch: Command<RaiseInput, number | null> = {
  name: "backend.raise",
  run: async (tx, { backend, at, heard }) => {
    const state = await stateOf(tx, backend);
    if (state.guarded || (heard !== null && heard > state.epoch)) {
      if (!state.guarded) await tx.remote.saveState({ ...state, guarded: true });
      return null;
    }
    const epoch = state.epoch + 1;
    await tx.remote.saveState({ ...state, epoch, epochAt: at });
    return epoch;
  },
};

/** The number under which may be swept; null: not at all. */
export async function guardRestore(
  { database, clock }: Context,
  backend: Backend,
  { alert }: { readonly alert: (what: string, details: Readonly<Record<string, string>>) => void },
): Promise<number | null> {
  const heard = await backend.readEpoch();
  const input = { backend: backend.name, at: clock.now(), heard };
  const epoch = await database.execute(raiseBackendEpoch, input);
  if (epoch === null) {
    alert("a backend has seen a newer database than this one: nothing there is swept", {
      backend: backend.name,
    });
    return null;
  }
  await backend.writeEpoch(epoch);
  return epoch;
}

interface ResumeInput extends Call {
  readonly organizationId: null;
  readonly backend: string;
  readonly heard: number | null;
}

/** This database is the one that counts, whatever the backend has seen. */
export const resumeSweeps = mutation<ResumeInput, null>({
  name: "backend.resume",
  action: "key.manage",
  target: ({ backend }) => backendTarget(backend),
  run: async (tx, input) => {
    const { because } = await permitOperator(tx, input, "key.manage");
    const state = await stateOf(tx, input.backend);
    const epoch = Math.max(state.epoch, input.heard ?? 0);
    await tx.remote.saveState({ ...state, epoch, guarded: false, sweptBy: null });
    await tx.audit.append(
      entryOf(input, {
        organizationId: null,
        action: "backend.resume",
        target: backendTarget(input.backend),
        outcome: "allowed",
        because,
        details: { epoch },
      }),
    );
    return null;
  },
});

function backendTarget(name: string) {
  return { kind: "backend", id: null, name, storeId: null };
}
