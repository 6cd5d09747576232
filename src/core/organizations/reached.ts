// Which organization a request is charged to, where the operator has limited requests: the one that the
// credential belongs to, else the one named, if its person is in it. Nobody uses up the share of others.
import { type Call, liveCredential } from "../access.ts";
import type { Query } from "../ports.ts";
import type { Ref } from "./organization.ts";

interface ReachedInput extends Call {
  readonly named: Ref | null;
}

export const reachedOrganization: Query<ReachedInput, string | null> = {
  name: "organization.reached",
  run: async (tx, input) => {
    const { token, principal } = await liveCredential(tx, input);
    if (token.organizationId !== null || input.named === null) return token.organizationId;
    const organization = await tx.organizations.find(input.named);
    if (organization === null) return null;
    return (await tx.access.role(organization.id, principal.id)) === null ? null : organization.id;
  },
};
