// The organization of requests that name none: the one that the credential belongs to, else the only one
// its person is in. Whether the caller is admitted there, each body decides.
import { type Call, liveCredential } from "../access.ts";
import type { Query } from "../ports.ts";

export const onlyOrganization: Query<Call, string | null> = {
  name: "organization.only",
  run: async (tx, input) => {
    const { token, principal } = await liveCredential(tx, input);
    const bound = token.organizationId ?? principal.organizationId;
    if (bound !== null) return bound;
    let sole: string | null = null;
    for (const { organizationId } of await tx.access.memberships(principal.id)) {
      // Of one that is deleted the memberships go last.
      if ((await tx.organizations.find({ id: organizationId })) === null) continue;
      if (sole !== null) return null;
      sole = organizationId;
    }
    return sole;
  },
};
