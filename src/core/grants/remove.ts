// Taking a grant away. It confers nothing: grant.manage on the object is enough.
import { admit, changeAccess } from "../access.ts";
import { tellAccessChanged } from "../access-changed.ts";
import { noted } from "../audit/noted.ts";
import { mutation, type OrganizationCall } from "../operation.ts";
import { type GrantObject, type GrantSubject, grantNotFound, type Level } from "./grant.ts";
import { objectAuditTarget, permittedObject } from "./object.ts";

interface RemoveInput extends OrganizationCall {
  readonly subject: GrantSubject;
  readonly object: GrantObject;
  /** Only one of this level; null: of any. */
  readonly level: Level | null;
}

export const removeGrant = mutation<RemoveInput, null>({
  name: "grant.remove",
  frees: true,
  action: "grant.manage",
  target: ({ object }) => objectAuditTarget(object),
  run: async (tx, input) => {
    const { organizationId, subject, object } = input;
    const access = await admit(tx, input, { id: organizationId });
    const { because, told } = await permittedObject(tx, access, object, "grant.manage");
    const before = await tx.grants.find(organizationId, subject, object);
    if (before === null || (input.level ?? before) !== before) throw grantNotFound();
    await changeAccess(tx, organizationId, access.epochs);
    await tx.grants.remove(organizationId, subject, object);
    if (subject.kind === "machine") await tx.machines.touch(subject.id, input.at);
    if (object.kind !== "machine") await tellAccessChanged(tx, input, [subject.id]);
    const details = { subject: { kind: subject.kind, id: subject.id }, level: null, before };
    await noted(tx, input, { action: "grant.manage", target: told, because, details });
    return null;
  },
});
