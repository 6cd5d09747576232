// A document: a small object of one dialect in a store, opaque to the core. A dialect has no tables of
// its own; what is no secret of its service lies here, under the dialect's name.
import type { AuditTarget } from "../audit/entry.ts";
import type { Actor } from "../caller.ts";
import { CofferError, invalid } from "../errors.ts";
import { limits } from "../limits.ts";
import type { Attributes } from "../stores/store.ts";
import { parseText } from "../text.ts";

export interface Document {
  readonly id: string;
  readonly organizationId: string;
  readonly storeId: string;
  /** Whose it is: no other dialect sees it. */
  readonly dialect: string;
  readonly kind: string;
  /** Unique among those of its dialect and kind in the store. */
  readonly name: string;
  readonly body: Attributes;
  readonly createdAt: number;
  readonly createdBy: Actor;
  readonly updatedAt: number | null;
  readonly updatedBy: Actor | null;
  readonly revision: number;
}

export function parseDocumentName(text: string): string {
  return parseText("name", text, { min: 1, max: limits.documentNameCharactersMax });
}

export function parseDocumentBody(body: Attributes): Attributes {
  const limit = limits.documentBytesMax;
  if (Buffer.byteLength(JSON.stringify(body)) > limit) {
    throw invalid("document", `must have at most ${limit} bytes as JSON`, { limit });
  }
  return body;
}

export function documentTarget(document: {
  readonly id?: string;
  readonly name: string | null;
}): AuditTarget {
  return { kind: "document", id: document.id ?? null, name: document.name, storeId: null };
}

export function documentNotFound(): CofferError {
  return new CofferError("document.not_found", "There is no such document in the store.");
}

export function documentNameTaken(options: ErrorOptions = {}): CofferError {
  const message = "Another document of the store has that name.";
  return new CofferError("document.name_taken", message, { field: "name" }, options);
}
