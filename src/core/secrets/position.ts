// Where a secret stands in a sorted list: the key that a cursor carries on. Storage sorts by the
// same expressions; test/contract holds the two together.
import type { Position } from "../pagination.ts";
import type { SecretOrder } from "./filter.ts";
import type { Secret } from "./secret.ts";

/** Descriptions are sorted by their beginning: a whole one would not fit into a cursor. */
export const descriptionSortCharacters = 500;

export function secretPosition(order: SecretOrder, secret: Secret): Position {
  return { key: sortKey(order, secret), id: secret.id };
}

function sortKey(order: SecretOrder, secret: Secret): string | number {
  switch (order) {
    case "name":
      return secret.name;
    case "description":
      return beginning(secret.description ?? "");
    // What was never changed stands where its creation puts it.
    case "updated":
      return secret.updatedAt ?? secret.createdAt;
    // One list shows one state, so the order by status is the order of its ties: creation.
    case "created":
    case "status":
      return secret.createdAt;
  }
}

function beginning(text: string): string {
  if (text.length <= descriptionSortCharacters) return text;
  return [...text.slice(0, descriptionSortCharacters * 2)].slice(0, descriptionSortCharacters).join("");
}
