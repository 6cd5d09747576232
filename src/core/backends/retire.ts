// Replaced values that have lain their time: those beyond the number that is kept, once no backup of the
// database that could name them is left either.
import { limits } from "../limits.ts";
import type { Command, Context } from "../ports.ts";
import { removeVersion } from "./removing.ts";

interface RetireInput {
  readonly backend: string;
  readonly at: number;
  readonly limit: number;
}

export const retireVersions: Command<RetireInput, number> = {
  name: "backend.retire",
  run: async (tx, { backend, at, limit }) => {
    const before = at - limits.remoteKeptMs;
    const rows = await tx.remote.outlived(backend, before, limits.versionsKept, null, limit);
    for (const row of rows) await removeVersion(tx, row, at);
    return rows.length;
  },
};

export async function retireOutlived(
  { database, clock }: Context,
  backend: string,
  stopped: () => boolean,
): Promise<void> {
  const limit = limits.reconcileRows;
  while (
    !stopped() &&
    (await database.execute(retireVersions, { backend, at: clock.now(), limit })) === limit
  ) {
    // Each round is a commit of its own.
  }
}
