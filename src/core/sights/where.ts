// In which of the caller's organizations a thing lies that is named by its id alone. Whether it is there
// for him, others decide.
import { admit, type Call, liveCredential } from "../access.ts";
import type { OrganizationCall } from "../operation.ts";
import type { Custody } from "../organizations/organization.ts";
import type { Query, ReadTransaction } from "../ports.ts";

export type ThingKind = "store" | "secret" | "version" | "machine";

interface WhereInput extends Call {
  readonly kind: ThingKind;
  readonly id: string;
}

export const whereThing: Query<WhereInput, string | null> = {
  name: "sight.where",
  run: async (tx, input) => {
    const { token, principal } = await liveCredential(tx, input);
    const bound = token.organizationId ?? principal.organizationId;
    const reached =
      bound === null
        ? (await tx.access.memberships(principal.id)).map(({ organizationId }) => organizationId)
        : [bound];
    for (const organizationId of reached) {
      if (await liesIn(tx, organizationId, input)) return organizationId;
    }
    return null;
  },
};

export interface Admitted {
  readonly id: string;
  readonly custody: Custody;
}

/** Whether the caller is in an organization at all: before his request is looked at, and told of. */
export const admittedTo: Query<OrganizationCall, Admitted> = {
  name: "sight.admitted",
  run: async (tx, input) => {
    const { organization } = await admit(tx, input, { id: input.organizationId });
    return { id: organization.id, custody: organization.custody };
  },
};

async function liesIn(
  tx: ReadTransaction,
  organizationId: string,
  { kind, id }: WhereInput,
): Promise<boolean> {
  switch (kind) {
    case "store":
      return (await tx.stores.find(organizationId, { id })) !== null;
    case "secret":
      return (await tx.secrets.get(organizationId, id)) !== null;
    case "version":
      return (await tx.versions.find(organizationId, id)) !== null;
    case "machine":
      return (await tx.machines.find(organizationId, id)) !== null;
  }
}
