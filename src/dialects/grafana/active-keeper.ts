// Which keeper a namespace's new values go to: the one that stands in the store's attributes, else the
// built-in one, which is no object.
import type { Attributes, Json, Store } from "../../core/stores/store.ts";

export const systemKeeper = "system";

const attribute = "grafana.activeKeeper";

/** By its id too: a keeper of the same name that is made later is another one. */
export interface ActiveKeeper {
  readonly id: string;
  readonly name: string;
}

/** Null: the built-in one. */
export function activeKeeper({ attributes }: Pick<Store, "attributes">): ActiveKeeper | null {
  const active = attributes[attribute];
  if (typeof active !== "object" || active === null || Array.isArray(active)) return null;
  const { id, name } = active as { readonly [member: string]: Json };
  return typeof id === "string" && typeof name === "string" ? { id, name } : null;
}

export function activated(keeper: ActiveKeeper | null): Attributes {
  return { [attribute]: keeper === null ? null : { id: keeper.id, name: keeper.name } };
}
