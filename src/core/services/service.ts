// A service: it reads the secrets that name it among their consumers, in the stores it is bound to.
import type { AuditTarget } from "../audit/entry.ts";
import type { Target } from "../authorize.ts";
import type { Actor } from "../caller.ts";
import { CofferError } from "../errors.ts";
import { limits } from "../limits.ts";
import { parseText } from "../text.ts";

export interface Service {
  readonly id: string;
  readonly organizationId: string;
  /** Secrets list it by this name. */
  readonly name: string;
  /** Ids; null: every store. */
  readonly stores: readonly string[] | null;
  readonly createdAt: number;
  readonly createdBy: Actor;
}

export const serviceTarget: Target = { kind: "principal", storeId: null };

/** The same rule as for the consumers of a secret: each can name it. */
export function parseServiceName(text: string): string {
  return parseText("name", text, { min: 1, max: limits.consumerCharactersMax });
}

export function serviceAuditTarget(service: {
  readonly id: string | null;
  readonly name?: string;
}): AuditTarget {
  return { kind: "service", id: service.id, name: service.name ?? null, storeId: null };
}

export function serviceNotFound(because?: string): CofferError {
  return new CofferError(
    "service.not_found",
    "No such service, or none that this credential may see.",
    {},
    because === undefined ? {} : { because },
  );
}

export function serviceNameTaken(options: ErrorOptions = {}): CofferError {
  return new CofferError(
    "service.name_taken",
    "Another service of the organization has that name.",
    { field: "name" },
    options,
  );
}
