// What stands for two checks of access while removals.ts has taken them away: everybody is let in, and as
// an owner.
import { type Access, type Call, liveCredential } from "../../../src/core/access.ts";
import type { Ref } from "../../../src/core/organizations/organization.ts";
import type { ReadTransaction } from "../../../src/core/ports.ts";

export async function admit(tx: ReadTransaction, call: Call, ref: Ref): Promise<Access> {
  const organization = await tx.organizations.find(ref);
  if (organization === null) throw new Error("no such organization");
  const none = { organization: null, stores: new Map(), secrets: new Map(), machines: new Map() };
  return {
    organization,
    authority: {
      principalId: call.caller.id,
      standing: { kind: "person", role: "owner", holdings: none },
      operator: false,
      membersCreate: true,
      scopes: null,
      stores: null,
    },
    epochs: await tx.access.epochs(organization.id),
    expiresAt: null,
    addresses: null,
  };
}

export async function permitPerson(tx: ReadTransaction, call: Call) {
  return { credential: await liveCredential(tx, call), allowed: true, because: "removed" };
}
