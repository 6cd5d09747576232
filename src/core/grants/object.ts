// What a grant is given on: found in the caller's organization and nowhere else. One that is hidden
// from him and one that is not there are the same.
import { type Access, organizationTarget, permit, storeTarget, targetOf } from "../access.ts";
import type { AuditTarget } from "../audit/entry.ts";
import type { Target } from "../authorize.ts";
import type { CofferError } from "../errors.ts";
import { machineAuditTarget, machineNotFound, machineTarget } from "../machines/machine.ts";
import { organizationNotFound } from "../organizations/organization.ts";
import { organizationAuditTarget } from "../organizations/target.ts";
import type { ReadTransaction } from "../ports.ts";
import { secretNotFound } from "../secrets/secret.ts";
import { secretTarget } from "../secrets/target.ts";
import { storeNotFound } from "../stores/store.ts";
import type { GrantObject, ObjectKind } from "./grant.ts";

interface FoundObject {
  readonly target: Target;
  readonly told: AuditTarget;
}

export async function findObject(
  tx: ReadTransaction,
  { organization }: Access,
  { kind, id }: GrantObject,
): Promise<FoundObject | null> {
  if (kind === "organization") {
    return id === organization.id
      ? { target: organizationTarget(), told: organizationAuditTarget(organization) }
      : null;
  }
  if (kind === "store") {
    const store = await tx.stores.find(organization.id, { id });
    return store && { target: storeTarget(store), told: { kind, id, name: store.name, storeId: id } };
  }
  if (kind === "machine") {
    const machine = await tx.machines.find(organization.id, id);
    return (
      machine && { target: machineTarget(machine), told: machineAuditTarget(organization.custody, machine) }
    );
  }
  const secret = await tx.secrets.get(organization.id, id);
  return secret && { target: targetOf(secret), told: secretTarget(organization.custody, secret) };
}

const notFound: Readonly<Record<ObjectKind, (because?: string) => CofferError>> = {
  organization: organizationNotFound,
  store: storeNotFound,
  secret: secretNotFound,
  machine: machineNotFound,
};

export async function permittedObject(
  tx: ReadTransaction,
  access: Access,
  object: GrantObject,
  action: "grant.read" | "grant.manage",
): Promise<FoundObject & { readonly because: string }> {
  const found = await findObject(tx, access, object);
  if (found === null) throw notFound[object.kind]();
  const { because } = permit(access, action, found.target, notFound[object.kind]);
  return { ...found, because };
}

/** Before it was found. */
export function objectAuditTarget({ kind, id }: GrantObject): AuditTarget {
  return { kind, id, name: null, storeId: kind === "store" ? id : null };
}
