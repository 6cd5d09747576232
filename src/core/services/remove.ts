// Deleting a service: its tokens go first, as many as one transaction may touch, itself in the last one.
import { changeAccess } from "../access.ts";
import { noted } from "../audit/noted.ts";
import { limits } from "../limits.ts";
import { mutation } from "../operation.ts";
import { permittedService, type ServiceCall } from "./permitted.ts";
import { serviceAuditTarget } from "./service.ts";

export const removeService = mutation<ServiceCall, "removed" | "more">({
  name: "service.remove",
  frees: true,
  action: "service.manage",
  target: ({ id }) => serviceAuditTarget({ id }),
  run: async (tx, input) => {
    const { access, service, because } = await permittedService(tx, input, "service.manage");
    await changeAccess(tx, input.organizationId, access.epochs);
    const tokens = await tx.access.removeTokens("service", service.id, limits.batchMax);
    const ended = tokens < limits.batchMax;
    if (ended) await tx.services.remove(service.id);
    const target = serviceAuditTarget(service);
    await noted(tx, input, { action: "service.manage", target, because, details: { ended, tokens } });
    return ended ? "removed" : "more";
  },
});
