// Reading groups and who is in them.
import { admit, organizationTarget, permit } from "../access.ts";
import type { OrganizationCall } from "../operation.ts";
import type { Position } from "../pagination.ts";
import type { Query } from "../ports.ts";
import { type Group, type GroupMember, groupNotFound, groupTarget } from "./group.ts";
import type { GroupCall } from "./managed.ts";

export const getGroup: Query<GroupCall, Group> = {
  name: "group.get",
  run: async (tx, input) => {
    const access = await admit(tx, input, { id: input.organizationId });
    permit(access, "group.read", groupTarget, groupNotFound);
    const group = await tx.groups.find(input.organizationId, input.id);
    if (group === null) throw groupNotFound();
    return group;
  },
};

interface ListInput extends OrganizationCall {
  readonly after: Position | null;
  readonly limit: number;
}

export const listGroups: Query<ListInput, readonly Group[]> = {
  name: "group.list",
  run: async (tx, input) => {
    const access = await admit(tx, input, { id: input.organizationId });
    permit(access, "group.read", organizationTarget());
    return tx.groups.list(input.organizationId, { after: input.after, limit: input.limit + 1 });
  },
};

interface MembersInput extends GroupCall {
  /** The person after whom the page begins. */
  readonly after: string | null;
  readonly limit: number;
}

export const listGroupMembers: Query<MembersInput, readonly GroupMember[]> = {
  name: "group.members",
  run: async (tx, input) => {
    const access = await admit(tx, input, { id: input.organizationId });
    permit(access, "group.read", groupTarget, groupNotFound);
    const group = await tx.groups.find(input.organizationId, input.id);
    if (group === null) throw groupNotFound();
    return tx.groups.members(group.id, { after: input.after, limit: input.limit + 1 });
  },
};
