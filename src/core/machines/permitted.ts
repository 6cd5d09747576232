// A machine on which the caller may do something. For who may not list it, it is missing.
import { type Access, admit, permit } from "../access.ts";
import type { OrganizationCall } from "../operation.ts";
import type { ReadTransaction } from "../ports.ts";
import { type Machine, machineNotFound, machineTarget } from "./machine.ts";

export interface MachineCall extends OrganizationCall {
  readonly id: string;
}

export async function permittedMachine(
  tx: ReadTransaction,
  input: MachineCall,
  action: "machine.read" | "machine.manage",
): Promise<{ access: Access; machine: Machine; because: string }> {
  const access = await admit(tx, input, { id: input.organizationId });
  const { because } = permit(access, action, machineTarget(input), machineNotFound);
  const machine = await tx.machines.find(input.organizationId, input.id);
  if (machine === null) throw machineNotFound();
  return { access, machine, because };
}
