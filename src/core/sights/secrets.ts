// The secrets that a caller may read, wherever they lie: by their ids, or all of them page by page.
import { type Access, admit, organizationTarget, permit, storeOf } from "../access.ts";
import { storesFor } from "../authorize.ts";
import type { OrganizationCall } from "../operation.ts";
import type { Ref } from "../organizations/organization.ts";
import type { Position } from "../pagination.ts";
import type { Query, ReadTransaction } from "../ports.ts";
import { secretPosition } from "../secrets/position.ts";
import { type Secret, secretNotFound } from "../secrets/secret.ts";
import { storeNotFound } from "../stores/store.ts";
import { secretsIn, singleSecrets } from "./reached.ts";
import { hasValue, mayOnSecret, mayOnStore, type SecretSight, storeNames } from "./sight.ts";

interface ByIdInput extends OrganizationCall {
  readonly ids: readonly string[];
}

/** In their order; null for what is not there, or not there for this caller. */
export const sightOfSecrets: Query<ByIdInput, readonly (SecretSight | null)[]> = {
  name: "sight.secrets",
  run: async (tx, input) => {
    const access = await admit(tx, input, { id: input.organizationId });
    const found = await tx.secrets.getAll(input.organizationId, input.ids);
    const nameOf = storeNames(tx, access);
    const sights: (SecretSight | null)[] = [];
    for (const secret of found) sights.push(await sightOf(access, secret, input.at, nameOf));
    return sights;
  },
};

interface OneInput extends OrganizationCall {
  readonly id: string;
}

export const sightOfSecret: Query<OneInput, SecretSight> = {
  name: "sight.secret",
  run: async (tx, input) => {
    const access = await admit(tx, input, { id: input.organizationId });
    const secret = await tx.secrets.get(input.organizationId, input.id);
    const sight = await sightOf(access, secret, input.at, storeNames(tx, access));
    if (sight !== null) return sight;
    const hidden = secret !== null && !mayOnSecret(access, secret).read;
    throw secretNotFound(hidden ? "not his to see" : undefined);
  },
};

async function sightOf(
  access: Access,
  secret: Secret | null,
  at: number,
  nameOf: ReturnType<typeof storeNames>,
): Promise<SecretSight | null> {
  if (secret === null || secret.state !== "active" || !hasValue(secret, at)) return null;
  const may = mayOnSecret(access, secret);
  return may.read ? { secret, store: await nameOf(secret), may } : null;
}

interface ListInput extends OrganizationCall {
  /** Null: all stores. */
  readonly store: Ref | null;
  readonly after: Position | null;
  readonly limit: number;
}

export interface SecretSights {
  readonly sights: readonly SecretSight[];
  /** Where the next page begins; null: there is none. */
  readonly next: Position | null;
}

/** In the order of their last change; a page may hold fewer than asked for. */
export const listSecretSights: Query<ListInput, SecretSights> = {
  name: "sight.secrets.list",
  run: async (tx, input) => {
    const access = await admit(tx, input, { id: input.organizationId });
    const whole = await wholeStores(tx, access, input.store);
    const rows = whole !== null && whole.length === 0 ? [] : await pageOf(tx, input, whole);
    const last = rows.length > input.limit ? rows[input.limit - 1] : undefined;
    const page = rows.slice(0, input.limit);
    if (input.after === null) {
      const { authority, organization } = access;
      const single = await singleSecrets(tx, organization.id, authority, whole);
      page.push(...single.filter(({ storeId }) => liesIn(input.store, storeId)));
    }
    const nameOf = storeNames(tx, access);
    const sights: SecretSight[] = [];
    for (const secret of page) {
      const sight = await sightOf(access, secret, input.at, nameOf);
      if (sight !== null) sights.push(sight);
    }
    return { sights, next: last === undefined ? null : secretPosition("updated", last) };
  },
};

/** The stores of which he may read all there is; null: every one. */
async function wholeStores(
  tx: ReadTransaction,
  access: Access,
  ref: Ref | null,
): Promise<readonly string[] | null> {
  const whole = storesFor(access.authority, "secret.reveal");
  if (ref === null) return whole;
  const store = await storeOf(tx, access, ref);
  if (!mayOnStore(access, store).read) throw storeNotFound("not his to see");
  return whole === null || whole.includes(store.id) ? [store.id] : [];
}

function pageOf(tx: ReadTransaction, input: ListInput, storeIds: readonly string[] | null) {
  return tx.secrets.list({
    filter: secretsIn(input.organizationId, storeIds),
    order: "updated",
    direction: "asc",
    after: input.after,
    offset: 0,
    limit: input.limit + 1,
  });
}

function liesIn(ref: Ref | null, storeId: string): boolean {
  return ref === null || ("id" in ref && ref.id === storeId);
}

interface TrashInput extends OrganizationCall {
  readonly after: Position | null;
  readonly limit: number;
}

/** What lies in the trash, for who may purge everywhere. */
export const listTrashSights: Query<TrashInput, SecretSights> = {
  name: "sight.trash.list",
  run: async (tx, input) => {
    const access = await admit(tx, input, { id: input.organizationId });
    permit(access, "secret.purge", organizationTarget());
    const { organizationId, after, limit } = input;
    const filter = secretsIn(organizationId, null, "trashed");
    const order = { order: "updated", direction: "asc" } as const;
    const rows = await tx.secrets.list({ filter, ...order, after, offset: 0, limit: limit + 1 });
    const nameOf = storeNames(tx, access);
    const sights: SecretSight[] = [];
    for (const secret of rows.slice(0, limit)) {
      sights.push({ secret, store: await nameOf(secret), may: { read: true, write: true } });
    }
    const last = rows.length > limit ? rows[limit - 1] : undefined;
    return { sights, next: last === undefined ? null : secretPosition("updated", last) };
  },
};
