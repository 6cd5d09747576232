// The entry of a change that its caller was allowed to make, in the change's own transaction.
import type { Action } from "../actions.ts";
import { entryOf, type OrganizationCall } from "../operation.ts";
import type { Transaction } from "../ports.ts";
import type { Json } from "../stores/store.ts";
import type { AuditTarget } from "./entry.ts";

export interface Noted {
  readonly action: Action;
  readonly target: AuditTarget;
  readonly because: string;
  readonly details: Readonly<Record<string, Json>>;
}

export async function noted(tx: Transaction, call: OrganizationCall, parts: Noted): Promise<void> {
  const { organizationId } = call;
  await tx.audit.append(entryOf(call, { organizationId, outcome: "allowed", ...parts }));
}
