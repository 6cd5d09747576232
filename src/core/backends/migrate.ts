// Moving what a store holds to another backend, a chunk at a time. Where it goes on is the caller's to
// keep: whoever is broken off begins where he was, or anew, and finds only what has not moved.
import { admit, permit, storeOf, storeTarget } from "../access.ts";
import type { Caller } from "../caller.ts";
import { limits } from "../limits.ts";
import { callOf, type OrganizationCall, read } from "../operation.ts";
import type { Directory } from "../organizations/directory.ts";
import type { Ref } from "../organizations/organization.ts";
import type { Context, Query } from "../ports.ts";
import { type AskedBackend, askedBackend, permitBackend } from "../stores/backend.ts";
import type { Store } from "../stores/store.ts";
import { refTarget } from "../stores/target.ts";
import { updateStore } from "../stores/update.ts";
import { moveValues } from "./moving.ts";
import type { StoredElsewhere } from "./records.ts";

interface ToMigrateInput extends OrganizationCall {
  readonly store: Ref;
  readonly backend: AskedBackend;
  readonly after: string | null;
}

interface ToMigrate {
  readonly store: Store;
  readonly values: readonly StoredElsewhere[];
  readonly total: number;
  readonly there: number;
}

export const valuesToMigrate: Query<ToMigrateInput, ToMigrate> = {
  name: "store.to-migrate",
  run: async (tx, input) => {
    const access = await admit(tx, input, { id: input.organizationId });
    const store = await storeOf(tx, access, input.store);
    permit(access, "store.update", storeTarget(store));
    const backend = permitBackend(access, input.backend);
    const values = await tx.remote.toMigrate(store.id, backend, input.after, limits.migratedRows);
    return { store, values, ...(await tx.remote.countIn(store.id, backend)) };
  },
};

export interface Migrated {
  readonly moved: number;
  /** Values that stay where they are: they do not open, took too long, or are too long for where they go. */
  readonly failed: number;
  /** Versions of the store, and how many of them lie where they should now. */
  readonly total: number;
  readonly there: number;
  /** From where to go on; null: all of it was looked at. */
  readonly next: string | null;
}

export function migration(ctx: Context, directory: Directory) {
  return async (
    caller: Caller,
    org: Ref,
    ref: Ref,
    { backend: name, after }: { readonly backend: string; readonly after: string | null },
  ): Promise<Migrated> => {
    const target = refTarget(ref);
    const { id: organizationId } = await directory.locate(caller, org, "organization.manage", target);
    const backend = askedBackend(ctx.backends, name);
    const call = { ...callOf(ctx, caller), organizationId };
    const reading = { query: valuesToMigrate, action: "organization.manage", target, where: "scan" } as const;
    const found = await read(ctx, reading, { ...call, store: ref, backend, after });
    // First, or what is written meanwhile would go where it is to leave.
    if (found.store.backend !== name) {
      const change = { name: null, attributes: {}, backend };
      await ctx.database.execute(updateStore, { ...call, store: ref, ...change });
    }
    const moves = found.values.map((stored) => ({ stored, to: name }));
    const { moved, failed, late } = await moveValues(ctx, {
      caller,
      organizationId,
      action: "backend.move",
      moves,
    });
    const last = found.values.length < limits.migratedRows ? null : (found.values.at(-1)?.versionId ?? null);
    return { moved, failed: failed + late, total: found.total, there: found.there + moved, next: last };
  };
}
