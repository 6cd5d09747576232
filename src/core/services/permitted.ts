// A service with which the caller may do something. For who may not list services it is missing.
import { type Access, admit, permit } from "../access.ts";
import type { OrganizationCall } from "../operation.ts";
import type { ReadTransaction } from "../ports.ts";
import { type Service, serviceNotFound, serviceTarget } from "./service.ts";

export interface ServiceCall extends OrganizationCall {
  readonly id: string;
}

export async function permittedService(
  tx: ReadTransaction,
  input: ServiceCall,
  action: "service.read" | "service.manage",
): Promise<{ access: Access; service: Service; because: string }> {
  const access = await admit(tx, input, { id: input.organizationId });
  const { because } = permit(access, action, serviceTarget, serviceNotFound);
  const service = await tx.services.find(input.organizationId, input.id);
  if (service === null) throw serviceNotFound();
  return { access, service, because };
}
