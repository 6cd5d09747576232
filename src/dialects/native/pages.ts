// Pages by cursor. A cursor is bound to the list that gave it, with its filters and order.
import { CofferError } from "../../core/errors.ts";
import { isUuid } from "../../core/ids.ts";
import { limits } from "../../core/limits.ts";
import { decodeCursor, encodeCursor, type Page, type Position } from "../../core/pagination.ts";
import { wholeNumber } from "../../http/queries.ts";

export interface PageQuery {
  readonly limit?: string;
  readonly cursor?: string;
}

export interface PageAsked {
  readonly after: Position | null;
  readonly limit: number;
}

export interface WirePage<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
}

/** The name of a list: its kind, its place, and all that decides what it shows and in which order. */
export function listOf(
  kind: string,
  ...parts: readonly (string | readonly string[] | null | undefined)[]
): string {
  return JSON.stringify([kind, ...parts.map((part) => part ?? null)]);
}

export function pageAsked(list: string, { limit, cursor }: PageQuery): PageAsked {
  return {
    after: cursor === undefined ? null : decodeCursor(list, cursor),
    limit: wholeNumber("limit", limit, {
      min: 1,
      max: limits.nativePageMax,
      otherwise: limits.pageDefault,
    }),
  };
}

const slugForm = /^[a-z0-9-]{1,63}$/;

/** Of a list that goes on after a slug. A cursor may be forged: what is no slug goes no further. */
export function slugAfter({ after }: PageAsked): string | null {
  if (after === null) return null;
  if (typeof after.key !== "string" || !slugForm.test(after.key)) throw foreignCursor();
  return after.key;
}

/** Of a list that goes on after an id. */
export function idAfter({ after }: PageAsked): string | null {
  if (after === null) return null;
  if (typeof after.key !== "string" || !isUuid(after.key)) throw foreignCursor();
  return after.key;
}

/** Of a list that goes on before a number. */
export function numberBefore({ after }: PageAsked): number | null {
  if (after === null) return null;
  if (typeof after.key !== "number") throw foreignCursor();
  return after.key;
}

function foreignCursor(): CofferError {
  const rule = "must be one that this list gave for the same filters and order";
  return new CofferError("cursor.invalid", `"cursor" ${rule}`, { field: "cursor" });
}

export function wirePage<T, W>(list: string, page: Page<T>, present: (item: T) => W): WirePage<W> {
  return {
    items: page.items.map(present),
    nextCursor: page.next === null ? null : encodeCursor(list, page.next),
  };
}
