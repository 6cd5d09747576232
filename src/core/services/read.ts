// Reading services: one, or pages of all.
import { admit, organizationTarget, permit } from "../access.ts";
import type { OrganizationCall } from "../operation.ts";
import type { Position } from "../pagination.ts";
import type { Query } from "../ports.ts";
import { permittedService, type ServiceCall } from "./permitted.ts";
import type { Service } from "./service.ts";

export const getService: Query<ServiceCall, Service> = {
  name: "service.get",
  run: async (tx, input) => (await permittedService(tx, input, "service.read")).service,
};

interface ListInput extends OrganizationCall {
  readonly after: Position | null;
  readonly limit: number;
}

export const listServices: Query<ListInput, readonly Service[]> = {
  name: "service.list",
  run: async (tx, input) => {
    const access = await admit(tx, input, { id: input.organizationId });
    permit(access, "service.read", organizationTarget());
    return tx.services.list(input.organizationId, { after: input.after, limit: input.limit + 1 });
  },
};
