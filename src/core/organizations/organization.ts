// The organization: the border that no secret, grant or key crosses.
import { CofferError, invalid } from "../errors.ts";
import { isUuid } from "../ids.ts";
import { limits } from "../limits.ts";
import { parseText } from "../text.ts";

export type Custody = "server" | "client";
/** `dialect`: each dialect keeps its own promise on delete; the others override it. */
export type TrashRule = "dialect" | "always" | "never";

export interface Organization {
  readonly id: string;
  readonly slug: string;
  readonly name: string;
  readonly custody: Custody;
  readonly trash: TrashRule;
  readonly membersCreate: boolean;
  readonly limits: { readonly secrets: number | null; readonly stores: number | null };
  readonly usage: { readonly secrets: number; readonly stores: number };
  readonly defaultStoreId: string;
  readonly revision: number;
  readonly createdAt: number;
}

/** How a caller names an organization or a store. */
export type Ref = { readonly id: string } | { readonly slug: string };

/** Text of UUID form is always an id; slugs of that form do not exist. */
export function refOf(text: string): Ref {
  return isUuid(text) ? { id: text.toLowerCase() } : { slug: text };
}

const slugForm = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/;

export function parseSlug(field: string, text: string): string {
  if (text.length > limits.slugCharactersMax) {
    throw invalid(field, `must have at most ${limits.slugCharactersMax} characters`, {
      limit: limits.slugCharactersMax,
    });
  }
  if (!slugForm.test(text)) {
    throw invalid(field, "must be lower-case letters, digits and inner hyphens");
  }
  if (isUuid(text)) throw invalid(field, "must not have the form of an id");
  return text;
}

/** A slug out of any name: what cannot stand in one becomes a hyphen; nothing left becomes "store". */
export function slugFrom(name: string): string {
  const folded = name.normalize("NFKD").replace(/[\u0300-\u036f]/g, "");
  const slug = folded
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, limits.slugCharactersMax - 8) // room for "-2", "-3" ... on a clash
    .replace(/^-+|-+$/g, "");
  return slug === "" || isUuid(slug) ? "store" : slug;
}

export function parseOrganizationName(text: string): string {
  return parseText("name", text, { min: 1, max: limits.organizationNameCharactersMax });
}

export function organizationNotFound(because?: string): CofferError {
  return new CofferError(
    "organization.not_found",
    "No such organization, or none that this credential reaches.",
    {},
    because === undefined ? {} : { because },
  );
}
