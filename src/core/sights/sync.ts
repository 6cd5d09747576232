// Whether what a machine may read has changed since it last asked. The feed tells it: every change of a
// secret or a store stands there, by whichever dialect it was made, and so does that the machine's own
// access moved. Times are those of this server; what was forgotten by the feed counts as changed.
import { type Access, admit, denied } from "../access.ts";
import { storesFor } from "../authorize.ts";
import type { OrganizationCall } from "../operation.ts";
import type { Query } from "../ports.ts";

interface SyncInput extends OrganizationCall {
  readonly since: number;
}

export const changedSince: Query<SyncInput, boolean> = {
  name: "sight.changed-since",
  run: async (tx, input) => {
    const access = await admit(tx, input, { id: input.organizationId });
    const { standing, principalId } = access.authority;
    if (standing?.kind !== "machine") throw denied("only machines sync");
    const machine = await tx.machines.find(input.organizationId, principalId);
    if (machine === null || machine.changedAt >= input.since) return true;
    return tx.changes.movedSince(input.organizationId, input.since, {
      principalId,
      ...readable(access),
    });
  },
};

function readable({ authority }: Access): {
  readonly storeIds: readonly string[] | null;
  readonly secretIds: readonly string[];
} {
  const { standing } = authority;
  const held = standing?.kind === "machine" ? [...standing.holdings.secrets.keys()] : [];
  return { storeIds: storesFor(authority, "secret.reveal"), secretIds: held };
}
