// A group: people who hold something together. It is a name and its members; what they hold by it are
// grants.
import type { AuditTarget } from "../audit/entry.ts";
import type { Target } from "../authorize.ts";
import { CofferError } from "../errors.ts";
import { limits } from "../limits.ts";
import { parseText } from "../text.ts";

export interface Group {
  readonly id: string;
  readonly organizationId: string;
  readonly name: string;
  readonly createdAt: number;
}

export interface GroupMember {
  /** The person's. */
  readonly id: string;
  readonly name: string;
  readonly email: string;
}

export const groupTarget: Target = { kind: "principal", storeId: null };

export function parseGroupName(text: string): string {
  return parseText("name", text, { min: 1, max: limits.principalNameCharactersMax });
}

export function groupAuditTarget(group: { readonly id: string | null; readonly name?: string }): AuditTarget {
  return { kind: "group", id: group.id, name: group.name ?? null, storeId: null };
}

export function groupNotFound(because?: string): CofferError {
  return new CofferError(
    "group.not_found",
    "No such group, or none that this credential may see.",
    {},
    because === undefined ? {} : { because },
  );
}

export function groupNameTaken(options: ErrorOptions = {}): CofferError {
  return new CofferError(
    "group.name_taken",
    "Another group of the organization has that name.",
    { field: "name" },
    options,
  );
}
