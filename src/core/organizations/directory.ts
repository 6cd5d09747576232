// From how a caller names an organization to the facts of it that never change. They are kept for a
// while, for a slug may come to mean another. Whether the caller may know of it is decided by each
// body, not here.
import { type Call, liveCredential } from "../access.ts";
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
  /** The same however long ago it was: of an organization that a moment ago was worked in. */
  custody(ref: Ref): Custody | null;
  /** It is deleted. Other nodes find out after a while; until then it is not there for them either. */
  forget(organizationId: string): void;
}

export const findOrganization: Query<Call & { readonly ref: Ref }, Located | null> = {
  name: "organization.locate",
  run: async (tx, input) => {
    const found = await tx.organizations.find(input.ref);
    // Whose own organization was deleted has no credential any more.
    if (found === null) await liveCredential(tx, input);
    return found && { id: found.id, custody: found.custody };
  },
};

export function directory(ctx: Context): Directory {
  const located = new Map<string, { readonly found: Located; readonly until: number }>();
  const keyOf = (ref: Ref) => ("id" in ref ? ref.id : ref.slug);
  const known = (ref: Ref): Located | null => {
    const kept = located.get(keyOf(ref));
    return kept !== undefined && kept.until > ctx.clock.now() ? kept.found : null;
  };
  return {
    known,
    custody: (ref) => located.get(keyOf(ref))?.found.custody ?? null,
    forget(organizationId) {
      for (const [key, { found }] of located) if (found.id === organizationId) located.delete(key);
    },
    async locate(caller, ref, action, target) {
      const before = known(ref);
      if (before !== null) return before;
      const call = { ...callOf(ctx, caller), organizationId: null };
      const found = await ctx.database.point(findOrganization, { ...call, ref });
      if (found === null) {
        const error = organizationNotFound();
        const entry = refusedEntry(call, action, target, error);
        if (entry !== null) await writeRefusals(ctx, [entry]);
        throw error;
      }
      if (located.size >= limits.accessCacheEntriesMax) located.clear();
      located.set(keyOf(ref), { found, until: ctx.clock.now() + limits.locatedMs });
      return found;
    },
  };
}
