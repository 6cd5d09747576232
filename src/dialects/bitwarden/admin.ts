// Whether a caller is what the service calls an administrator: who may do everything with every secret
// of the organization.
import { CofferError } from "../../core/errors.ts";
import type { Place, Site } from "./route.ts";

export async function isAdmin({ operations }: Site, { caller, org }: Place): Promise<boolean> {
  const scope = { names: ["secret.*"], byAction: true } as const;
  const intent = { action: "organization.manage", scope, place: "organization" } as const;
  try {
    await operations.preflight(caller, org, intent);
    return true;
  } catch (error) {
    // Who is in the organization has been asked before: a narrowed credential may not even read of it.
    const not: readonly string[] = ["caller.denied", "organization.not_found"];
    if (error instanceof CofferError && not.includes(error.code)) return false;
    throw error;
  }
}

export async function demandAdmin(site: Site, place: Place): Promise<void> {
  if (!(await isAdmin(site, place))) throw new CofferError("route.not_found", "For administrators.");
}
