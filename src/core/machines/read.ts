// Reading machines: one, or pages of those that the caller may see.
import { type Access, admit, organizationTarget, permit } from "../access.ts";
import { authorize } from "../authorize.ts";
import type { OrganizationCall } from "../operation.ts";
import type { Position } from "../pagination.ts";
import type { Query } from "../ports.ts";
import { everyMachine, type Machine, machineTarget } from "./machine.ts";
import { type MachineCall, permittedMachine } from "./permitted.ts";

export const getMachine: Query<MachineCall, Machine> = {
  name: "machine.get",
  run: async (tx, input) => (await permittedMachine(tx, input, "machine.read")).machine,
};

interface ListInput extends OrganizationCall {
  readonly after: Position | null;
  readonly limit: number;
}

export const listMachines: Query<ListInput, readonly Machine[]> = {
  name: "machine.list",
  run: async (tx, input) => {
    const access = await admit(tx, input, { id: input.organizationId });
    const only = visibleMachines(access);
    return tx.machines.list(input.organizationId, { after: input.after, limit: input.limit + 1, only });
  },
};

/**
 * The machines that the caller may see; null: every one. A person without grants sees none; a credential
 * that is not for that is refused.
 */
function visibleMachines(access: Access): readonly string[] | null {
  const { authority } = access;
  const { standing } = authority;
  if (authorize(authority, "machine.read", everyMachine).allowed) return null;
  const held = standing?.kind === "person" ? [...standing.holdings.machines.keys()] : [];
  const visible = held.filter((id) => authorize(authority, "machine.read", machineTarget({ id })).allowed);
  const narrowed = authority.scopes !== null || authority.stores !== null;
  if (visible.length === 0 && (narrowed || standing?.kind !== "person")) {
    permit(access, "machine.read", organizationTarget());
  }
  return visible;
}
