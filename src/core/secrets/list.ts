// Reading metadata: one secret, pages of them, and counts. No value passes here.
import {
  type Access,
  admit,
  anySecretIn,
  missing,
  permit,
  permitStores,
  storeOf,
  storeTarget,
  targetOf,
} from "../access.ts";
import { CofferError } from "../errors.ts";
import type { OrganizationCall } from "../operation.ts";
import type { Ref } from "../organizations/organization.ts";
import type { Position } from "../pagination.ts";
import type { Query, ReadTransaction } from "../ports.ts";
import { fold } from "../text.ts";
import type { LabelRequirement, SecretFilter, SecretOrder } from "./filter.ts";
import { secretOf } from "./find.ts";
import { type Secret, type SecretRef, secretNotFound } from "./secret.ts";

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
  readonly state: "active" | "trashed";
  readonly search: string | null;
  readonly labels: readonly LabelRequirement[];
  readonly consumersAnyOf: readonly string[] | null;
  readonly order: SecretOrder;
  readonly direction: "asc" | "desc";
  readonly after: Position | null;
  readonly offset: number;
  readonly limit: number;
  /** Count all that match too; that costs reading them. */
  readonly totals: boolean;
}

export interface SecretList {
  /** One more than asked when more follow. */
  readonly rows: readonly Secret[];
  readonly total: number | null;
}

export const listSecrets: Query<ListInput, SecretList> = {
  name: "secret.list",
  run: async (tx, input) => {
    const access = await admit(tx, input, { id: input.organizationId });
    const filter = await filterOf(tx, access, input);
    const rows = await tx.secrets.list({
      filter,
      order: input.order,
      direction: input.direction,
      after: input.after,
      offset: input.offset,
      limit: input.limit + 1,
    });
    return { rows, total: input.totals ? await tx.secrets.count(filter) : null };
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
  if (input.store === null) {
    storeIds = permitStores(access, "secret.list");
  } else {
    const store = await storeOf(tx, access, input.store);
    permit(access, "secret.list", storeTarget(store));
    storeIds = [store.id];
  }
  return {
    organizationId: access.organization.id,
    storeIds,
    state: input.state,
    search: input.search === null ? null : fold(input.search),
    labels: input.labels,
    consumersAnyOf: input.consumersAnyOf,
  };
}

interface PositionInput extends OrganizationCall {
  readonly id: string;
}

/** Where a secret stands by creation, also for a day after its purge: cursors may name it. */
export const positionOfSecret: Query<PositionInput, Position> = {
  name: "secret.position",
  run: async (tx, input) => {
    const access = await admit(tx, input, { id: input.organizationId });
    const within = permitStores(access, "secret.list");
    if (within !== null) {
      // Whoever lists some stores learns nothing of the others, and little of what is gone from his.
      const secret = await tx.secrets.get(input.organizationId, input.id);
      const storeId = secret === null ? null : targetOf(secret).storeId;
      if (storeId === null || !within.includes(storeId)) throw secretNotFound();
    }
    const found = await tx.secrets.positionOf(input.organizationId, input.id);
    if (found === null) throw secretNotFound();
    return { key: found.createdAt, id: input.id };
  },
};

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
