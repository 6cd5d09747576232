// A group that the caller may change. For who may not list groups, one that is there and one that is
// not are the same.
import { type Access, admit, permit } from "../access.ts";
import type { OrganizationCall } from "../operation.ts";
import type { ReadTransaction } from "../ports.ts";
import { type Group, groupNotFound, groupTarget } from "./group.ts";

export interface GroupCall extends OrganizationCall {
  readonly id: string;
}

export async function managedGroup(
  tx: ReadTransaction,
  input: GroupCall,
): Promise<{ access: Access; group: Group; because: string }> {
  const access = await admit(tx, input, { id: input.organizationId });
  const { because } = permit(access, "group.manage", groupTarget, groupNotFound);
  const group = await tx.groups.find(input.organizationId, input.id);
  if (group === null) throw groupNotFound();
  return { access, group, because };
}
