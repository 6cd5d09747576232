// Renaming a machine.
import { noted } from "../audit/noted.ts";
import { mutation } from "../operation.ts";
import { demandCustody } from "../secrets/secret.ts";
import { type Machine, machineAuditTarget, parseMachineName } from "./machine.ts";
import { type MachineCall, permittedMachine } from "./permitted.ts";

interface RenameInput extends MachineCall {
  /** Null: as it is. */
  readonly name: string | null;
  readonly opaque: boolean;
}

export const renameMachine = mutation<RenameInput, Machine>({
  name: "machine.rename",
  action: "machine.manage",
  target: ({ id }) => machineAuditTarget("client", { id, name: null }),
  run: async (tx, input) => {
    const { access, machine, because } = await permittedMachine(tx, input, "machine.manage");
    const { custody } = access.organization;
    if (input.name !== null) demandCustody(custody, input.opaque);
    const name = input.name === null ? machine.name : parseMachineName(input.name, custody);
    const changed = name === machine.name ? [] : ["name"];
    const after = changed.length === 0 ? machine : { ...machine, name, changedAt: input.at };
    if (changed.length > 0) await tx.machines.rename(machine.id, name, input.at);
    const target = machineAuditTarget(custody, after);
    await noted(tx, input, { action: "machine.manage", target, because, details: { changed } });
    return after;
  },
});
