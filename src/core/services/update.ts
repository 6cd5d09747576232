// Renaming a service and binding it to other stores. To narrow it needs nothing but its management.
import { changeAccess } from "../access.ts";
import { noted } from "../audit/noted.ts";
import { mutation } from "../operation.ts";
import type { Ref } from "../organizations/organization.ts";
import { boundStores, demandReach } from "./confer.ts";
import { permittedService, type ServiceCall } from "./permitted.ts";
import { type Service, serviceAuditTarget } from "./service.ts";

interface UpdateInput extends ServiceCall {
  /** Null: as it is. */
  readonly name: string | null;
  /** Absent: as they are; null: all. */
  readonly stores?: readonly Ref[] | null;
}

export const updateService = mutation<UpdateInput, Service>({
  name: "service.update",
  action: "service.manage",
  target: ({ id }) => serviceAuditTarget({ id }),
  run: async (tx, input) => {
    const { access, service, because } = await permittedService(tx, input, "service.manage");
    const stores = input.stores === undefined ? service.stores : await boundStores(tx, access, input.stores);
    const after = { ...service, name: input.name ?? service.name, stores };
    const changed = (["name", "stores"] as const).filter(
      (field) => JSON.stringify(after[field]) !== JSON.stringify(service[field]),
    );
    if (changed.length > 0) {
      demandReach(access, service, after);
      await changeAccess(tx, input.organizationId, access.epochs);
      await tx.services.update(after);
    }
    const target = serviceAuditTarget(after);
    const details = changed.includes("stores") ? { changed, stores } : { changed };
    await noted(tx, input, { action: "service.manage", target, because, details });
    return after;
  },
});
