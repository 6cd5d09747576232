// Giving a grant, raising its level or lowering it. To lower confers nothing: it needs grant.manage alone.
import { type Access, admit, changeAccess, principalNotFound } from "../access.ts";
import { tellAccessChanged } from "../access-changed.ts";
import { noted } from "../audit/noted.ts";
import { groupNotFound } from "../groups/group.ts";
import { machineNotFound } from "../machines/machine.ts";
import { mutation, type OrganizationCall } from "../operation.ts";
import type { ReadTransaction } from "../ports.ts";
import { demandGrant } from "./confer.ts";
import { type Grant, type GrantSubject, isStronger } from "./grant.ts";
import { putNew } from "./maker.ts";
import { objectAuditTarget, permittedObject } from "./object.ts";

interface PutInput extends OrganizationCall {
  readonly grant: Grant;
}

export const putGrant = mutation<PutInput, Grant>({
  name: "grant.put",
  action: "grant.manage",
  target: ({ grant }) => objectAuditTarget(grant.object),
  run: async (tx, input) => {
    const { organizationId, grant } = input;
    const { subject, object, level } = grant;
    const access = await admit(tx, input, { id: organizationId });
    const { because, told } = await permittedObject(tx, access, object, "grant.manage");
    await demandSubject(tx, access, subject);
    const before = await tx.grants.find(organizationId, subject, object);
    if (before !== level) {
      if (before === null || isStronger(level, before)) await demandGrant(tx, access, grant);
      await changeAccess(tx, organizationId, access.epochs);
      if (before === null) await putNew(tx, organizationId, grant, input.at);
      else await tx.grants.put(organizationId, grant, input.at);
      if (subject.kind === "machine") await tx.machines.touch(subject.id, input.at);
      if (object.kind !== "machine") await tellAccessChanged(tx, input, [subject.id]);
    }
    const details = { subject: { kind: subject.kind, id: subject.id }, level, before };
    await noted(tx, input, { action: "grant.manage", target: told, because, details });
    return grant;
  },
});

/** In this organization; one of another is as if it were not there. */
async function demandSubject(
  tx: ReadTransaction,
  { organization }: Access,
  { kind, id }: GrantSubject,
): Promise<void> {
  if (kind === "person") {
    if ((await tx.access.role(organization.id, id)) === null) throw principalNotFound();
  } else if (kind === "group") {
    if ((await tx.groups.find(organization.id, id)) === null) throw groupNotFound();
  } else if ((await tx.machines.find(organization.id, id)) === null) throw machineNotFound();
}
