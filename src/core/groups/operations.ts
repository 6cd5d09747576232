// What a dialect may do with groups.
import type { Caller } from "../caller.ts";
import { callOf, read } from "../operation.ts";
import type { Directory } from "../organizations/directory.ts";
import type { Ref } from "../organizations/organization.ts";
import { type Page, type Position, pageOf } from "../pagination.ts";
import type { Context } from "../ports.ts";
import { createGroup } from "./create.ts";
import { type Group, type GroupMember, groupAuditTarget, parseGroupName } from "./group.ts";
import { addGroupMember, removeGroupMember } from "./members.ts";
import { getGroup, listGroupMembers, listGroups } from "./read.ts";
import { removeGroup } from "./remove.ts";
import { renameGroup } from "./rename.ts";

export interface GroupOperations {
  create(caller: Caller, org: Ref, group: { name: string }): Promise<Group>;
  get(caller: Caller, org: Ref, id: string): Promise<Group>;
  list(caller: Caller, org: Ref, page: { after: Position | null; limit: number }): Promise<Page<Group>>;
  update(caller: Caller, org: Ref, id: string, change: { name?: string }): Promise<Group>;
  remove(caller: Caller, org: Ref, id: string): Promise<void>;
  members(
    caller: Caller,
    org: Ref,
    id: string,
    page: { after: string | null; limit: number },
  ): Promise<Page<GroupMember>>;
  addMember(caller: Caller, org: Ref, id: string, personId: string): Promise<void>;
  removeMember(caller: Caller, org: Ref, id: string, personId: string): Promise<void>;
}

export function groupOperations(ctx: Context, directory: Directory): GroupOperations {
  const callIn = async (
    caller: Caller,
    org: Ref,
    action: "group.read" | "group.manage",
    id: string | null,
  ) => {
    const { id: organizationId } = await directory.locate(caller, org, action, groupAuditTarget({ id }));
    return { ...callOf(ctx, caller), organizationId };
  };
  const reading = (id: string | null) =>
    ({ action: "group.read", target: groupAuditTarget({ id }) }) as const;

  return {
    async create(caller, org, { name }) {
      const input = { id: ctx.ids.next(), name: parseGroupName(name) };
      const call = await callIn(caller, org, "group.manage", null);
      return ctx.database.execute(createGroup, { ...call, ...input });
    },
    async get(caller, org, id) {
      const call = await callIn(caller, org, "group.read", id);
      return read(ctx, { query: getGroup, ...reading(id), where: "point" }, { ...call, id });
    },
    async list(caller, org, page) {
      const call = await callIn(caller, org, "group.read", null);
      const rows = await read(
        ctx,
        { query: listGroups, ...reading(null), where: "scan" },
        { ...call, ...page },
      );
      return pageOf(rows, page.limit, ({ id, name }) => ({ key: name, id }));
    },
    async update(caller, org, id, change) {
      const name = change.name === undefined ? null : parseGroupName(change.name);
      const call = await callIn(caller, org, "group.manage", id);
      return ctx.database.execute(renameGroup, { ...call, id, name });
    },
    async remove(caller, org, id) {
      const call = await callIn(caller, org, "group.manage", id);
      await ctx.database.execute(removeGroup, { ...call, id });
    },
    async members(caller, org, id, page) {
      const call = await callIn(caller, org, "group.read", id);
      const input = { ...call, id, ...page };
      const rows = await read(ctx, { query: listGroupMembers, ...reading(id), where: "scan" }, input);
      return pageOf(rows, page.limit, (member) => ({ key: member.id, id: member.id }));
    },
    async addMember(caller, org, id, personId) {
      const call = await callIn(caller, org, "group.manage", id);
      await ctx.database.execute(addGroupMember, { ...call, id, personId });
    },
    async removeMember(caller, org, id, personId) {
      const call = await callIn(caller, org, "group.manage", id);
      await ctx.database.execute(removeGroupMember, { ...call, id, personId });
    },
  };
}
