// The change feed: what happened in an organization, in the order in which it was committed.
// One feed serves watches, sync, long-polls and caches. It never carries a value.
import type { Secret } from "./secrets/secret.ts";

export const changeKinds = [
  "secret.created",
  "secret.updated",
  "secret.value",
  "secret.trashed",
  "secret.restored",
  "secret.purged",
  "secret.moved",
  "store.created",
  "store.updated",
  "store.deleted",
  "organization.updated",
] as const;
export type ChangeKind = (typeof changeKinds)[number];

export interface Change {
  readonly organizationId: string;
  readonly revision: number;
  readonly at: number;
  readonly kind: ChangeKind;
  readonly storeId: string | null;
  readonly storeSlug: string | null;
  readonly secretId: string | null;
  readonly name: string | null;
  /** The metadata after the change, for watchers that show whole objects. */
  readonly after: Secret | null;
  /** What selectors matched before, so that a watcher sees an object leave its selection. */
  readonly labelsBefore: Readonly<Record<string, string>> | null;
  /** A secret that moved left this store. */
  readonly storeIdBefore: string | null;
}
