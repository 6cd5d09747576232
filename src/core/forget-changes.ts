// The history of the change feed is bounded: who asks for more starts over.
import { limits } from "./limits.ts";
import type { Transaction } from "./ports.ts";

/** As many old changes go as new ones come, a page at a time, once enough have gathered. */
export async function forgetOldChanges(
  tx: Transaction,
  organizationId: string,
  revision: number,
  added: number,
): Promise<void> {
  const page = limits.changesPageMax;
  const pages = Math.floor(revision / page) - Math.floor((revision - added) / page);
  for (let done = 0; done < pages; done += 1) {
    await tx.changes.prune(organizationId, revision - limits.changesKept);
  }
}
