// Where a secret stands in a sorted list: the key that a cursor carries on. Storage sorts by the
// same expressions; test/contract holds the two together.
import type { Position } from "../pagination.ts";
import type { SecretOrder } from "./filter.ts";
import type { Secret } from "./secret.ts";

/** Descriptions are sorted by their beginning: a whole one would not fit into a cursor. */
export const descriptionSortCharacters = 500;

/** What is kept of a purged secret, for cursors that name it. */
export type Placed = Pick<Secret, "id" | "name" | "createdAt" | "updatedAt">;
/** Orders in which it has a place. */
export type LastingOrder = Exclude<SecretOrder, "description">;

export function secretPosition(order: SecretOrder, secret: Secret): Position {
  const key = order === "description" ? beginning(secret.description ?? "") : sortKey(order, secret);
  return { key, id: secret.id };
}

export function lastingPosition(order: LastingOrder, placed: Placed): Position {
  return { key: sortKey(order, placed), id: placed.id };
}

function sortKey(order: LastingOrder, { id, name, createdAt, updatedAt }: Placed): string | number {
  switch (order) {
    case "name":
      return name;
    case "id":
      return id;
    // What was never changed stands where its creation puts it.
    case "updated":
      return updatedAt ?? createdAt;
    // One list shows one state, so the order by status is the order of its ties: creation.
    case "created":
    case "status":
      return createdAt;
  }
}

function beginning(text: string): string {
  if (text.length <= descriptionSortCharacters) return text;
  return [...text.slice(0, descriptionSortCharacters * 2)].slice(0, descriptionSortCharacters).join("");
}
