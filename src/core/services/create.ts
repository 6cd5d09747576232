// Making a service. It reads at once what already names it, so its maker holds that himself.
import { admit, changeAccess, organizationTarget, permit } from "../access.ts";
import { noted } from "../audit/noted.ts";
import { actorOf } from "../caller.ts";
import { mutation, type OrganizationCall } from "../operation.ts";
import type { Ref } from "../organizations/organization.ts";
import { boundStores, demandReach } from "./confer.ts";
import { type Service, serviceAuditTarget } from "./service.ts";

interface CreateInput extends OrganizationCall {
  readonly id: string;
  readonly name: string;
  readonly stores: readonly Ref[] | null;
}

export const createService = mutation<CreateInput, Service>({
  name: "service.create",
  action: "service.manage",
  target: ({ name }) => serviceAuditTarget({ id: null, name }),
  run: async (tx, input) => {
    const access = await admit(tx, input, { id: input.organizationId });
    const { because } = permit(access, "service.manage", organizationTarget());
    const { id, organizationId, name, at } = input;
    const stores = await boundStores(tx, access, input.stores);
    const service: Service = {
      id,
      organizationId,
      name,
      stores,
      createdAt: at,
      createdBy: actorOf(input.caller),
    };
    demandReach(access, null, service);
    await changeAccess(tx, organizationId, access.epochs);
    await tx.services.insert(service);
    const target = serviceAuditTarget(service);
    const details = { made: true, stores };
    await noted(tx, input, { action: "service.manage", target, because, details });
    return service;
  },
});
