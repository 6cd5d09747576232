// Tells readers of the feed that what they may list has changed. It is a change like others, with a
// revision of its own: whoever it concerns and stands before it is told to start over, on whichever node
// and after whichever restart he asks. Call it after `changeAccess`, as late as the body allows.
import { nothingElse } from "./changes.ts";
import { forgetOldChanges } from "./forget-changes.ts";
import { limits } from "./limits.ts";
import type { Transaction } from "./ports.ts";

/** `concerned`: people, machines and groups; past a bound it is said of everybody, which is as true. */
export async function tellAccessChanged(
  tx: Transaction,
  { organizationId, at }: { readonly organizationId: string; readonly at: number },
  concerned: readonly string[],
): Promise<void> {
  if (concerned.length === 0) return;
  const told = concerned.length > limits.accessConcernsMax ? [organizationId] : concerned;
  const { revision } = await tx.organizations.advance(organizationId, {
    revisions: told.length,
    secrets: 0,
    stores: 0,
  });
  const first = revision - told.length + 1;
  await tx.changes.append(
    told.map((concerns, index) => ({
      ...nothingElse,
      organizationId,
      revision: first + index,
      at,
      kind: "access.changed",
      concerns,
    })),
  );
  await forgetOldChanges(tx, organizationId, revision, told.length);
}
