// A term of a key: the time in which one random key sealed. It is known by its number; the key itself
// never leaves the keyring.
import type { AuditTarget } from "../audit/entry.ts";
import { CofferError } from "../errors.ts";
import type { KeyState } from "../ports.ts";

export interface Term {
  readonly id: string;
  readonly number: number;
  /** `current` seals and opens, `retired` only opens, `destroyed` is a row without a key. */
  readonly state: KeyState;
  readonly rootKeyId: string;
  readonly sealsReserved: number;
  readonly createdAt: number;
  readonly retiredAt: number | null;
  /** Since when nothing lies sealed under it. */
  readonly emptiedAt: number | null;
  readonly destroyedAt: number | null;
}

/** A value as it lies sealed in the row of its version. */
export interface StoredValue {
  readonly secretId: string;
  readonly versionId: string;
  readonly term: number;
  readonly sealed: Uint8Array;
}

/** Where a page of stored values goes on. */
export type StoredPosition = Pick<StoredValue, "term" | "versionId">;

/** The newest first: where a new one has just begun, the one before it may not be retired yet. */
export function currentOf(terms: readonly Term[]): Term | null {
  return terms.find(({ state }) => state === "current") ?? null;
}

/** Whether a term is to be retired, or something may still lie under a retired one. */
export function isUnfinished(terms: readonly Term[]): boolean {
  const current = currentOf(terms);
  return terms.some(
    (term) =>
      (term.state === "current" && term !== current) || (term.state === "retired" && term.emptiedAt === null),
  );
}

export function termTarget(term: Pick<Term, "id"> | null): AuditTarget {
  return { kind: "key", id: term?.id ?? null, name: null, storeId: null };
}

export function keyNotFound(): CofferError {
  return new CofferError("key.not_found", "There is no such key here.");
}

/** Nothing was done. Who sealed looks at the keys again and seals anew; clients do not see this. */
export function keyRotated(): CofferError {
  return new CofferError("key.rotated", "The key was rotated meanwhile; try again.");
}

/** Some node could not open what would be wrapped now. */
export function keyNotHeld(rootKeyId: string, nodes: readonly string[]): CofferError {
  return new CofferError("key.not_held", `The root key ${rootKeyId} is not held yet by ${nodes.join(", ")}.`);
}

export function keyInUse(message: string): CofferError {
  return new CofferError("key.in_use", message);
}
