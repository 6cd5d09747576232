// A store: a named place for secrets inside one organization.
import type { Actor } from "../caller.ts";
import { CofferError } from "../errors.ts";
import { limits } from "../limits.ts";
import { parseText } from "../text.ts";

export interface Store {
  readonly id: string;
  readonly organizationId: string;
  readonly slug: string;
  readonly name: string;
  readonly attributes: Attributes;
  readonly createdAt: number;
  readonly createdBy: Actor;
  readonly updatedAt: number | null;
  readonly revision: number;
}

/** Small JSON objects by dialect, opaque to the core. */
export type Attributes = Readonly<Record<string, Json>>;
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

export const defaultStoreSlug = "default";

export function parseStoreName(text: string): string {
  return parseText("name", text, { min: 1, max: limits.storeNameCharactersMax });
}

export function storeNotFound(because?: string): CofferError {
  return new CofferError(
    "store.not_found",
    "No such store, or none that this credential reaches.",
    {},
    because === undefined ? {} : { because },
  );
}
