// How stores stand in the feed and in the audit trail.
import type { AuditTarget } from "../audit/entry.ts";
import { type ChangeKind, nothingElse } from "../changes.ts";
import { entryOf, type OrganizationCall } from "../operation.ts";
import type { Ref } from "../organizations/organization.ts";
import type { Transaction } from "../ports.ts";
import type { Store } from "./store.ts";

export function refTarget(ref: Ref): AuditTarget {
  return "id" in ref
    ? { kind: "store", id: ref.id, name: null, storeId: ref.id }
    : { kind: "store", id: null, name: ref.slug, storeId: null };
}

const actionOf = {
  "store.created": "store.create",
  "store.updated": "store.update",
  "store.deleted": "store.delete",
} as const;

/** The feed and the audit trail of a change to a store. */
export async function told(
  tx: Transaction,
  call: OrganizationCall,
  kind: ChangeKind & keyof typeof actionOf,
  store: Store,
  revision: number,
  because: string,
): Promise<void> {
  await tx.changes.append([
    {
      ...nothingElse,
      organizationId: call.organizationId,
      revision,
      at: call.at,
      kind,
      storeId: store.id,
      storeSlug: store.slug,
      name: store.name,
    },
  ]);
  await audited(tx, call, store, because, { revision }, actionOf[kind]);
}

export async function audited(
  tx: Transaction,
  call: OrganizationCall,
  store: Store,
  because: string,
  details: { revision: number } | { changed: readonly string[] },
  action: "store.create" | "store.update" | "store.delete" = "store.update",
): Promise<void> {
  await tx.audit.append(
    entryOf(call, {
      organizationId: call.organizationId,
      action,
      target: { kind: "store", id: store.id, name: store.name, storeId: store.id },
      outcome: "allowed",
      because,
      details,
    }),
  );
}
