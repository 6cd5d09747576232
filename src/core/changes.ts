// The change feed: what happened in an organization, in the order in which it was committed.
// One feed serves watches, sync, long-polls and caches. It never carries a value. What somebody may list
// stands in it too: whoever it concerns starts over from there.
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
export type ToldKind = (typeof changeKinds)[number];
/** That somebody may list something else now stands in the feed, and is shown to nobody. */
export type ChangeKind = ToldKind | "access.changed";

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
  /** The name that it had, where it has another now. */
  readonly nameBefore: string | null;
  /** Of changed access: the person, machine or group; the organization's own id: everybody. */
  readonly concerns: string | null;
}

/** A change as a reader of the feed gets it. */
export interface ToldChange extends Change {
  readonly kind: ToldKind;
}

/** What a change has none of. */
export const nothingElse = {
  storeId: null,
  storeSlug: null,
  secretId: null,
  name: null,
  after: null,
  labelsBefore: null,
  storeIdBefore: null,
  nameBefore: null,
  concerns: null,
} as const;
