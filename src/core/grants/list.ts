// Listing grants: those on one object for who may read them there, all for who may everywhere.
import { admit, organizationTarget, permit } from "../access.ts";
import { authorize } from "../authorize.ts";
import { everyMachine } from "../machines/machine.ts";
import type { OrganizationCall } from "../operation.ts";
import type { Query } from "../ports.ts";
import type { Grant, GrantObject, GrantSubject } from "./grant.ts";
import { permittedObject } from "./object.ts";
import type { GrantPlace } from "./port.ts";

interface ListInput extends OrganizationCall {
  readonly subject: GrantSubject | null;
  readonly object: GrantObject | null;
  readonly after: GrantPlace | null;
  readonly limit: number;
}

export const listGrants: Query<ListInput, readonly Grant[]> = {
  name: "grant.list",
  run: async (tx, input) => {
    const { organizationId, subject, object, after } = input;
    const access = await admit(tx, input, { id: organizationId });
    if (object === null) permit(access, "grant.read", organizationTarget());
    else await permittedObject(tx, access, object, "grant.read");
    // Who reads the grants of an organization by a grant on it reads nothing of its machines.
    const onMachines = object !== null || authorize(access.authority, "grant.read", everyMachine).allowed;
    const filter = { subject, object, onMachines };
    return tx.grants.list(organizationId, filter, { after, limit: input.limit + 1 });
  },
};
