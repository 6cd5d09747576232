// Who is in a group. Letting somebody in gives him all that the group holds.
import { type Access, changeAccess, principalNotFound } from "../access.ts";
import { tellAccessChanged } from "../access-changed.ts";
import { noted } from "../audit/noted.ts";
import { quotaExceeded } from "../errors.ts";
import { demandGrant } from "../grants/confer.ts";
import { limits } from "../limits.ts";
import { mutation } from "../operation.ts";
import type { ReadTransaction } from "../ports.ts";
import { type Group, groupAuditTarget } from "./group.ts";
import { type GroupCall, managedGroup } from "./managed.ts";

interface MemberInput extends GroupCall {
  readonly personId: string;
}

export const addGroupMember = mutation<MemberInput, null>({
  name: "group.add",
  action: "group.manage",
  target: ({ id }) => groupAuditTarget({ id }),
  run: async (tx, input) => {
    const { access, group, because } = await managedGroup(tx, input);
    const { organizationId, personId } = input;
    if ((await tx.access.role(organizationId, personId)) === null) throw principalNotFound();
    await demandHoldings(tx, access, group);
    await changeAccess(tx, organizationId, access.epochs);
    const made = await tx.groups.addMember(group, personId, input.at);
    if (made && (await tx.groups.countMembers(group.id)) > limits.membersOfGroupMax) {
      throw quotaExceeded("members", limits.membersOfGroupMax);
    }
    if (made && (await tx.groups.countOf(organizationId, personId)) > limits.groupsOfPersonMax) {
      throw quotaExceeded("groups of one person", limits.groupsOfPersonMax);
    }
    if (made) await tellAccessChanged(tx, input, [personId]);
    const target = groupAuditTarget(group);
    const details = { member: personId, made };
    await noted(tx, input, { action: "group.manage", target, because, details });
    return null;
  },
});

async function demandHoldings(tx: ReadTransaction, access: Access, { id }: Group): Promise<void> {
  const filter = { subject: { kind: "group", id }, object: null, onMachines: true } as const;
  const page = { after: null, limit: limits.grantsOfSubjectMax };
  for (const grant of await tx.grants.list(access.organization.id, filter, page)) {
    await demandGrant(tx, access, grant);
  }
}

export const removeGroupMember = mutation<MemberInput, null>({
  name: "group.expel",
  frees: true,
  action: "group.manage",
  target: ({ id }) => groupAuditTarget({ id }),
  run: async (tx, input) => {
    const { access, group, because } = await managedGroup(tx, input);
    await changeAccess(tx, input.organizationId, access.epochs);
    if (!(await tx.groups.removeMember(group.id, input.personId))) throw principalNotFound();
    await tellAccessChanged(tx, input, [input.personId]);
    const target = groupAuditTarget(group);
    const details = { member: input.personId, ended: true };
    await noted(tx, input, { action: "group.manage", target, because, details });
    return null;
  },
});
