// Where the service that calls reads, for contracts that name no place in a request: in the one store that
// its credential is bound to. Whether it still stands, each reveal asks itself.
import { type Call, denied, liveCredential } from "../access.ts";
import type { Caller } from "../caller.ts";
import { callOf, refusedEntry, writeRefusals } from "../operation.ts";
import type { Context, Query } from "../ports.ts";
import type { SecretRef } from "../secrets/secret.ts";
import { refTarget, someSecrets } from "../secrets/target.ts";
import type { Store } from "../stores/store.ts";

export interface ServicePlace {
  readonly organizationId: string;
  readonly store: Pick<Store, "id" | "slug">;
}

/** The place; or why there is none, and whose trail is to say so. */
type Found =
  | (ServicePlace & { readonly because: null })
  | { readonly organizationId: string | null; readonly because: string };

export const findServicePlace: Query<Call, Found> = {
  name: "service.place",
  run: async (tx, input) => {
    const { token, principal } = await liveCredential(tx, input);
    const { kind, stores, organizationId } = principal;
    if (kind !== "service" || organizationId === null) {
      return { organizationId: token.organizationId, because: "no service identity in token" };
    }
    const bound = stores === null ? token.stores : stores.filter((id) => token.stores?.includes(id) ?? true);
    const [only, ...more] = bound ?? [];
    const one = only === undefined || more.length > 0 ? null : { id: only };
    const store = one && (await tx.stores.find(organizationId, one));
    if (store === null) return { organizationId, because: "service: bound to no store or to several" };
    return { organizationId, store: { id: store.id, slug: store.slug }, because: null };
  },
};

/** `secret`: what is asked for there. Throws `caller.denied`, audited, for whoever is no service or is bound to no one store. */
export type FindServicePlace = (caller: Caller, secret: SecretRef | null) => Promise<ServicePlace>;

export function servicePlaces(ctx: Context): FindServicePlace {
  return async (caller, secret) => {
    const target = secret === null ? someSecrets : refTarget(secret);
    const call = callOf(ctx, caller);
    const found = await ctx.database.point(findServicePlace, call);
    if (found.because === null) return found;
    const error = denied(found.because);
    const { organizationId } = found;
    const entry = refusedEntry({ ...call, organizationId }, "secret.reveal", target, error);
    if (entry !== null) await writeRefusals(ctx, [entry]);
    throw error;
  };
}
