// Deleting a machine: its tokens go first, as many as one transaction may touch, and the machine with
// its grants in the last one. A kill in between leaves a machine with fewer tokens.
import { changeAccess } from "../access.ts";
import { noted } from "../audit/noted.ts";
import { limits } from "../limits.ts";
import { mutation } from "../operation.ts";
import { machineAuditTarget } from "./machine.ts";
import { type MachineCall, permittedMachine } from "./permitted.ts";

export const removeMachine = mutation<MachineCall, "removed" | "more">({
  name: "machine.remove",
  frees: true,
  action: "machine.manage",
  target: ({ id }) => machineAuditTarget("client", { id, name: null }),
  run: async (tx, input) => {
    const { access, machine, because } = await permittedMachine(tx, input, "machine.manage");
    const { organizationId, id } = input;
    await changeAccess(tx, organizationId, access.epochs);
    const tokens = await tx.access.removeTokens("machine", id, limits.batchMax);
    const ended = tokens < limits.batchMax;
    if (ended) {
      await tx.grants.forgetSubject(organizationId, { kind: "machine", id });
      await tx.grants.forgetObject(organizationId, { kind: "machine", id });
      await tx.machines.remove(id);
    }
    const target = machineAuditTarget(access.organization.custody, machine);
    await noted(tx, input, { action: "machine.manage", target, because, details: { ended, tokens } });
    return ended ? "removed" : "more";
  },
});
