// Renaming a group. Why somebody may do something names his group, so what was decided is decided anew.
import { changeAccess } from "../access.ts";
import { noted } from "../audit/noted.ts";
import { mutation } from "../operation.ts";
import { type Group, groupAuditTarget } from "./group.ts";
import { type GroupCall, managedGroup } from "./managed.ts";

interface RenameInput extends GroupCall {
  /** Null: as it is. */
  readonly name: string | null;
}

export const renameGroup = mutation<RenameInput, Group>({
  name: "group.rename",
  action: "group.manage",
  target: ({ id }) => groupAuditTarget({ id }),
  run: async (tx, input) => {
    const { access, group, because } = await managedGroup(tx, input);
    const after = { ...group, name: input.name ?? group.name };
    const changed = after.name === group.name ? [] : ["name"];
    if (changed.length > 0) {
      await changeAccess(tx, input.organizationId, access.epochs);
      await tx.groups.rename(group.id, after.name);
    }
    const target = groupAuditTarget(after);
    await noted(tx, input, { action: "group.manage", target, because, details: { changed } });
    return after;
  },
});
