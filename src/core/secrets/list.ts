// Reading metadata: one secret, pages of them, and counts. No value passes here.
import {
  type Access,
  admit,
  anySecretIn,
  missing,
  namedIn,
  namingNone,
  permit,
  permitStores,
  storeOf,
  storeTarget,
  targetOf,
} from "../access.ts";
import { authorize } from "../authorize.ts";
import { CofferError } from "../errors.ts";
import type { OrganizationCall } from "../operation.ts";
import type { Ref } from "../organizations/organization.ts";
import type { Position } from "../pagination.ts";
import type { Query, ReadTransaction } from "../ports.ts";
import type { Store } from "../stores/store.ts";
import { fold } from "../text.ts";
import type { LabelRequirement, ListedState, SecretFilter, SecretOrder } from "./filter.ts";
import { secretOf } from "./find.ts";
import { lastingPosition } from "./position.ts";
import type { Secret, SecretRef } from "./secret.ts";

interface GetInput extends OrganizationCall {
  readonly store: Ref;
  readonly secret: SecretRef;
}

export const getSecret: Query<GetInput, Secret> = {
  name: "secret.get",
  run: async (tx, input) => {
    const access = await admit(tx, input, { id: input.organizationId });
    const store = await storeOf(tx, access, input.store);
    return secretOf(tx, access, store, input.secret);
  },
};

export interface ListInput extends OrganizationCall {
  /** Null: across all stores. */
  readonly store: Ref | null;
  readonly state: ListedState;
  readonly search: string | null;
  readonly labels: readonly LabelRequirement[];
  readonly consumersAnyOf: readonly string[] | null;
  readonly order: SecretOrder;
  readonly direction: "asc" | "desc";
  readonly after: Position | null;
  /** Of one store: after the place of this secret, which may have been purged within a day. */
  readonly afterSecret: string | null;
  readonly offset: number;
  readonly limit: number;
  /** What is searched for comes first where it is a whole name. */
  readonly exactFirst: boolean;
  /** Count all that match too; that costs reading them. */
  readonly totals: boolean;
  /** Of one store: who may not list it is shown those that his credential's scopes name. */
  readonly named: boolean;
  /** Only these, by their exact names; null: all. */
  readonly names: readonly string[] | null;
}

export interface SecretList {
  /** One more than asked when more follow. */
  readonly rows: readonly Secret[];
  readonly total: number | null;
  /** Where the organization stood. */
  readonly revision: number;
}

export const listSecrets: Query<ListInput, SecretList> = {
  name: "secret.list",
  run: async (tx, input) => {
    const access = await admit(tx, input, { id: input.organizationId });
    const filter = await filterOf(tx, access, input);
    const { order, afterSecret } = input;
    const rows = await tx.secrets.list({
      filter,
      order,
      direction: input.direction,
      after: afterSecret === null ? input.after : await placeOf(tx, filter, order, afterSecret),
      offset: input.offset,
      limit: input.limit + 1,
      ...(input.exactFirst && input.search !== null ? { exactFirst: input.search } : {}),
    });
    const { revision } = access.organization;
    return { rows, total: input.totals ? await tx.secrets.count(filter) : null, revision };
  },
};

async function filterOf(tx: ReadTransaction, access: Access, input: ListInput): Promise<SecretFilter> {
  const { custody } = access.organization;
  const selects = input.search !== null || input.order === "name" || input.order === "description";
  if (custody === "client" && selects) {
    throw new CofferError(
      "custody.client",
      "Names and descriptions are sealed by the clients: they cannot be searched or sorted.",
    );
  }
  let storeIds: readonly string[] | null;
  let names = input.names;
  if (input.store === null) {
    storeIds = permitStores(access, "secret.list");
  } else {
    const store = await storeOf(tx, access, input.store);
    const own = input.named ? namesIn(access, store) : null;
    permit(own === null ? access : namingNone(access), "secret.list", storeTarget(store));
    if (own !== null) names = own.filter((name) => input.names?.includes(name) ?? true);
    storeIds = [store.id];
  }
  return {
    organizationId: access.organization.id,
    storeIds,
    ...(names === null ? {} : { names }),
    state: input.state,
    search: input.search === null ? null : fold(input.search),
    labels: input.labels,
    consumersAnyOf: input.consumersAnyOf,
  };
}

/** What the credential's scopes let him list, by name; null where that is all there is. */
function namesIn({ authority }: Access, store: Store): readonly string[] | null {
  const { scopes } = authority;
  if (scopes === null || authorize(authority, "secret.list", storeTarget(store)).allowed) return null;
  return scopes
    .flatMap(({ name }) => name ?? [])
    .filter((name) => authorize(authority, "secret.list", namedIn(store, name)).allowed);
}

/** Who lists all of a store may know what lay there; of other stores he learns nothing. */
async function placeOf(
  tx: ReadTransaction,
  { storeIds, names }: SecretFilter,
  order: SecretOrder,
  id: string,
): Promise<Position> {
  const [storeId, ...more] = storeIds ?? [];
  const whole = storeId !== undefined && more.length === 0 && names === undefined;
  const placed = whole ? await tx.secrets.placed(storeId, id) : null;
  if (placed === null || order === "description") {
    const message = "The cursor must be a secret that is in this list, or was within a day.";
    throw new CofferError("cursor.invalid", message, { field: "cursor" });
  }
  return lastingPosition(order, placed);
}

interface FoldedInput extends OrganizationCall {
  readonly store: Ref;
  readonly name: string;
}

/** Exact first, then the only name that differs in letter case alone; else not there. */
export const findFoldedSecret: Query<FoldedInput, Secret> = {
  name: "secret.find-folded",
  run: async (tx, input) => {
    const access = await admit(tx, input, { id: input.organizationId });
    const store = await storeOf(tx, access, input.store);
    const exact = await tx.secrets.find(store.id, { name: input.name });
    const found = exact === null ? await tx.secrets.findFolded(store.id, input.name) : [exact];
    const [only, ...more] = found;
    if (only === undefined || more.length > 0) throw missing(access, anySecretIn(store));
    permit(access, "secret.read", targetOf(only));
    return only;
  },
};
