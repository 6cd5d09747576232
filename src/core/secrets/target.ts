// How secrets are named in the audit trail.
import type { AuditTarget } from "../audit/entry.ts";
import type { Custody } from "../organizations/organization.ts";
import type { Secret, SecretRef } from "./secret.ts";

/** Several secrets, or none in particular. */
export const someSecrets: AuditTarget = { kind: "secret", id: null, name: null, storeId: null };

/** A secret as the caller named it, before it is known whether it is there. */
export function refTarget(ref: SecretRef): AuditTarget {
  return "id" in ref ? { ...someSecrets, id: ref.id } : { ...someSecrets, name: ref.name };
}

export function secretTarget(custody: Custody, secret: Secret | null): AuditTarget {
  return {
    kind: "secret",
    id: secret?.id ?? null,
    // With client custody a name is ciphertext; the trail goes by id.
    name: custody === "client" ? null : (secret?.name ?? null),
    storeId: secret?.storeId ?? null,
  };
}
