// From how a caller names an organization to the facts of it that never change. They are kept
// for good: whether the caller may know of it is decided by each body, not here.
import type { Action } from "../actions.ts";
import type { AuditTarget } from "../audit/entry.ts";
import type { Caller } from "../caller.ts";
import { limits } from "../limits.ts";
import { callOf, refusedEntry, writeRefusals } from "../operation.ts";
import type { Context, Query } from "../ports.ts";
import { type Custody, organizationNotFound, type Ref } from "./organization.ts";

export interface Located {
  readonly id: string;
  readonly custody: Custody;
}

export interface Directory {
  /** Throws `organization.not_found`, audited as any other refusal. */
  locate(caller: Caller, ref: Ref, action: Action, target: AuditTarget): Promise<Located>;
  /** Without waiting, for the hot path; null where it was not asked for before. */
  known(ref: Ref): Located | null;
}

export const findOrganization: Query<{ ref: Ref }, Located | null> = {
  name: "organization.locate",
  run: async (tx, { ref }) => {
    const found = await tx.organizations.find(ref);
    return found && { id: found.id, custody: found.custody };
  },
};

export function directory(ctx: Context): Directory {
  const located = new Map<string, Located>();
  const keyOf = (ref: Ref) => ("id" in ref ? ref.id : ref.slug);
  return {
    known: (ref) => located.get(keyOf(ref)) ?? null,
    async locate(caller, ref, action, target) {
      const key = keyOf(ref);
      const before = located.get(key);
      if (before !== undefined) return before;
      const found = await ctx.database.point(findOrganization, { ref });
      if (found === null) {
        const call = { ...callOf(ctx, caller), organizationId: null };
        const error = organizationNotFound();
        const entry = refusedEntry(call, action, target, error);
        if (entry !== null) await writeRefusals(ctx, [entry]);
        throw error;
      }
      if (located.size >= limits.accessCacheEntriesMax) located.clear();
      located.set(key, found);
      return found;
    },
  };
}
