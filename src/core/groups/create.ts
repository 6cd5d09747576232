// Making a group. It holds nothing and has no members yet, so nobody's access changes.
import { admit, organizationTarget, permit } from "../access.ts";
import { noted } from "../audit/noted.ts";
import { mutation, type OrganizationCall } from "../operation.ts";
import { type Group, groupAuditTarget } from "./group.ts";

interface CreateInput extends OrganizationCall {
  readonly id: string;
  readonly name: string;
}

export const createGroup = mutation<CreateInput, Group>({
  name: "group.create",
  action: "group.manage",
  target: ({ name }) => groupAuditTarget({ id: null, name }),
  run: async (tx, input) => {
    const access = await admit(tx, input, { id: input.organizationId });
    const { because } = permit(access, "group.manage", organizationTarget());
    const { id, organizationId, name, at } = input;
    const group: Group = { id, organizationId, name, createdAt: at };
    await tx.groups.insert(group);
    const target = groupAuditTarget(group);
    await noted(tx, input, { action: "group.manage", target, because, details: { made: true } });
    return group;
  },
});
