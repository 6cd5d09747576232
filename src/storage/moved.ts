// Notices which organizations a transaction moves: their revision, or anybody's access to them. The
// engines tell them after the commit; the bodies know nothing of it.
import type { Transaction } from "../core/ports.ts";
import { everyOrganization } from "../core/waiting-room.ts";

/** The same transaction; `moved` is told each organization whose revision or epoch it takes on. */
export function noticing(tx: Transaction, moved: (organizationId: string) => void): Transaction {
  const { access, organizations } = tx;
  return {
    ...tx,
    access: {
      ...access,
      async raiseEpoch(organizationId) {
        await access.raiseEpoch(organizationId);
        moved(organizationId);
      },
      async raiseInstallationEpoch() {
        await access.raiseInstallationEpoch();
        moved(everyOrganization);
      },
    },
    organizations: {
      ...organizations,
      async advance(id, by) {
        const standing = await organizations.advance(id, by);
        if (by.revisions > 0) moved(id);
        return standing;
      },
    },
  };
}
