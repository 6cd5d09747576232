// How organizations stand in the audit trail.
import type { AuditTarget } from "../audit/entry.ts";
import type { Organization, Ref } from "./organization.ts";

export const someOrganizations: AuditTarget = { kind: "organization", id: null, name: null, storeId: null };

export function organizationAuditTarget(organization: Organization): AuditTarget {
  return { kind: "organization", id: organization.id, name: organization.slug, storeId: null };
}

export function refTarget(ref: Ref): AuditTarget {
  return "id" in ref ? { ...someOrganizations, id: ref.id } : { ...someOrganizations, name: ref.slug };
}
