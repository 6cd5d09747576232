// How trusts are named in the audit trail, and the error for one that is not there.
import type { AuditTarget } from "../audit/entry.ts";
import { CofferError } from "../errors.ts";

export function trustTarget(id: string | null, name: string | null): AuditTarget {
  return { kind: "trust", id, name, storeId: null };
}

export function trustNotFound(because?: string): CofferError {
  return new CofferError(
    "trust.not_found",
    "No such trust, or none that this credential may see.",
    {},
    because === undefined ? {} : { because },
  );
}
