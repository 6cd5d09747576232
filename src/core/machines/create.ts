// Making a machine. It holds nothing yet; who made it manages it.
import { admit, changeAccess, organizationTarget, permit } from "../access.ts";
import { noted } from "../audit/noted.ts";
import { actorOf } from "../caller.ts";
import { grantOfMaker, putNew } from "../grants/maker.ts";
import { mutation, type OrganizationCall } from "../operation.ts";
import { demandCustody } from "../secrets/secret.ts";
import { type Machine, machineAuditTarget, parseMachineName } from "./machine.ts";

interface CreateInput extends OrganizationCall {
  readonly id: string;
  readonly name: string;
  readonly opaque: boolean;
}

export const createMachine = mutation<CreateInput, Machine>({
  name: "machine.create",
  action: "machine.create",
  // Whether the name may be told depends on the custody, which is not known yet.
  target: () => machineAuditTarget("client", { id: null, name: null }),
  run: async (tx, input) => {
    const access = await admit(tx, input, { id: input.organizationId });
    const { because } = permit(access, "machine.create", organizationTarget());
    const { custody } = access.organization;
    demandCustody(custody, input.opaque);
    const { id, organizationId, at } = input;
    const machine: Machine = {
      id,
      organizationId,
      name: parseMachineName(input.name, custody),
      createdAt: at,
      createdBy: actorOf(input.caller),
      changedAt: at,
    };
    await changeAccess(tx, organizationId, access.epochs);
    await tx.machines.insert(machine);
    const grant = grantOfMaker(access, { kind: "machine", id });
    if (grant !== null) await putNew(tx, organizationId, grant, at);
    const target = machineAuditTarget(custody, machine);
    await noted(tx, input, { action: "machine.create", target, because, details: { made: true } });
    return machine;
  },
});
