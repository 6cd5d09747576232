// Deleting a group, and with it what its members held by it.
import { changeAccess } from "../access.ts";
import { tellAccessChanged } from "../access-changed.ts";
import { noted } from "../audit/noted.ts";
import { limits } from "../limits.ts";
import { mutation } from "../operation.ts";
import { groupAuditTarget } from "./group.ts";
import { type GroupCall, managedGroup } from "./managed.ts";

export const removeGroup = mutation<GroupCall, null>({
  name: "group.remove",
  frees: true,
  action: "group.manage",
  target: ({ id }) => groupAuditTarget({ id }),
  run: async (tx, input) => {
    const { access, group, because } = await managedGroup(tx, input);
    await changeAccess(tx, input.organizationId, access.epochs);
    await tx.grants.forgetSubject(input.organizationId, { kind: "group", id: group.id });
    const members = await tx.groups.members(group.id, { after: null, limit: limits.accessConcernsMax + 1 });
    await tx.groups.remove(group.id);
    await tellAccessChanged(
      tx,
      input,
      members.map(({ id }) => id),
    );
    const target = groupAuditTarget(group);
    await noted(tx, input, { action: "group.manage", target, because, details: { ended: true } });
    return null;
  },
});
