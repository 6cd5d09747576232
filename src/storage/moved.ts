// Notices which organizations' revisions a transaction moves. The engines tell them after the
// commit; the bodies know nothing of it.
import type { Transaction } from "../core/ports.ts";

/** The same transaction; `moved` is told each organization whose revision it takes on. */
export function noticing(tx: Transaction, moved: (organizationId: string) => void): Transaction {
  const { organizations } = tx;
  return {
    ...tx,
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
