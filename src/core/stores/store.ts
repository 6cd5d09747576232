// A store: a named place for secrets inside one organization.
import type { Actor } from "../caller.ts";
import { CofferError, invalid } from "../errors.ts";
import { limits } from "../limits.ts";
import type { Custody } from "../organizations/organization.ts";
import { parseText } from "../text.ts";

export interface Store {
  readonly id: string;
  readonly organizationId: string;
  readonly slug: string;
  readonly name: string;
  readonly attributes: Attributes;
  /** Where its values go from now on; what is written already stays where it is. */
  readonly backend: string;
  readonly createdAt: number;
  readonly createdBy: Actor;
  readonly updatedAt: number | null;
  readonly revision: number;
}

/** Small JSON objects by dialect, opaque to the core. */
export type Attributes = Readonly<Record<string, Json>>;
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** What was never changed stands where its creation puts it; ties are in the order of ids. */
export interface StoreOrder {
  readonly by: "name" | "created" | "updated";
  readonly direction: "asc" | "desc";
}

export const defaultStoreSlug = "default";

export function parseStoreName(text: string, custody: Custody): string {
  if (custody === "server") return parseText("name", text, { min: 1, max: limits.storeNameCharactersMax });
  if (!/^[!-~]+$/.test(text)) throw invalid("name", "must be a string that its client has sealed");
  return parseText("name", text, { min: 1, max: limits.clientNameCharactersMax });
}

export function storeNotFound(because?: string): CofferError {
  return new CofferError(
    "store.not_found",
    "No such store, or none that this credential reaches.",
    {},
    because === undefined ? {} : { because },
  );
}
