// What is known of a backend from one round of the reconciler to the next.
import type { Command, Query, ReadTransaction } from "../ports.ts";
import type { BackendState } from "./records.ts";

export async function stateOf(tx: ReadTransaction, name: string): Promise<BackendState> {
  const fresh = { epoch: 0, epochAt: null, guarded: false, sweptAt: null, sweptBy: null };
  return (await tx.remote.state(name)) ?? { name, ...fresh, report: null, drift: null, driftAfter: null };
}

export const readBackendState: Query<{ readonly backend: string }, BackendState> = {
  name: "backend.state",
  run: (tx, { backend }) => stateOf(tx, backend),
};

interface NoteInput {
  readonly backend: string;
  readonly change: Partial<Pick<BackendState, "sweptAt" | "sweptBy" | "report" | "drift" | "driftAfter">>;
}

export const noteBackendState: Command<NoteInput, null> = {
  name: "backend.note",
  run: async (tx, { backend, change }) => {
    await tx.remote.saveState({ ...(await stateOf(tx, backend)), ...change });
    return null;
  },
};
