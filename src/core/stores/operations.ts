// What a dialect may do with stores.
import type { AuditTarget } from "../audit/entry.ts";
import { migration } from "../backends/migrate.ts";
import type { Caller } from "../caller.ts";
import { CofferError, invalid } from "../errors.ts";
import { limits } from "../limits.ts";
import { callOf, read } from "../operation.ts";
import type { Directory } from "../organizations/directory.ts";
import { type Custody, parseSlug, type Ref } from "../organizations/organization.ts";
import { type Page, pageOf } from "../pagination.ts";
import type { Context } from "../ports.ts";
import type { Removal } from "../secrets/remove.ts";
import { demandCustody, parseAttributes } from "../secrets/secret.ts";
import { whereThing } from "../sights/where.ts";
import { askedBackend } from "./backend.ts";
import { createStores, type NewStore } from "./create.ts";
import { getStore, listStores } from "./read.ts";
import { removeStore } from "./remove.ts";
import { type Attributes, parseStoreName, type Store, type StoreOrder } from "./store.ts";
import { refTarget } from "./target.ts";
import { updateStore } from "./update.ts";

export interface StoreOperations {
  create(caller: Caller, org: Ref, store: NewStore): Promise<Store>;
  /** All or none. */
  createAll(caller: Caller, org: Ref, stores: readonly NewStore[]): Promise<readonly Store[]>;
  get(caller: Caller, org: Ref, store: Ref): Promise<Store>;
  /** For contracts that name a store by its id alone; null: none of the caller's organizations has it. */
  organizationOf(caller: Caller, id: string): Promise<string | null>;
  list(
    caller: Caller,
    org: Ref,
    page: {
      after?: string | null;
      offset?: number;
      limit: number;
      order?: StoreOrder | null;
      totals?: boolean;
    },
  ): Promise<Page<Store> & { readonly total: number | null }>;
  update(
    caller: Caller,
    org: Ref,
    store: Ref,
    change: { name?: string; attributes?: Attributes; opaque?: boolean; backend?: string },
  ): Promise<Store>;
  /** Some of its values into another backend, where its new ones go from now on; see backends/migrate.ts. */
  migrate: ReturnType<typeof migration>;
  /** `rehome`: its live secrets stay, in the default store, by who may create there. */
  remove(
    caller: Caller,
    org: Ref,
    store: Ref,
    options: { force: boolean; removal: Removal; rehome?: true },
  ): Promise<void>;
}

function namedBy(name: string, custody: Custody, opaque: boolean): string {
  demandCustody(custody, opaque);
  return parseStoreName(name, custody);
}

export function storeOperations(ctx: Context, directory: Directory): StoreOperations {
  const storesTarget: AuditTarget = { kind: "store", id: null, name: null, storeId: null };

  const createAll: StoreOperations["createAll"] = async (caller, org, stores) => {
    const limit = limits.storesBatchMax;
    if (stores.length > limit) throw invalid("items", `must have at most ${limit} entries`, { limit });
    const { id, custody } = await directory.locate(caller, org, "store.create", storesTarget);
    const drafts = stores.map(
      ({ name, slug = null, attributes = {}, uniqueName = false, opaque = false, backend = null }) => ({
        id: ctx.ids.next(),
        name: namedBy(name, custody, opaque),
        slug: slug === null ? null : parseSlug("slug", slug),
        attributes: parseAttributes(attributes),
        uniqueName,
        opaque,
        asked: backend === null ? null : askedBackend(ctx.backends, backend),
        backend: ctx.backends.defaultName,
      }),
    );
    return ctx.database.execute(createStores, { ...callOf(ctx, caller), organizationId: id, drafts });
  };

  return {
    createAll,
    async create(caller, org, store) {
      const [created] = await createAll(caller, org, [store]);
      if (created === undefined) throw new CofferError("internal", "The store was not created.");
      return created;
    },
    async get(caller, org, store) {
      const target = refTarget(store);
      const { id } = await directory.locate(caller, org, "store.read", target);
      const input = { ...callOf(ctx, caller), organizationId: id, store };
      return read(ctx, { query: getStore, action: "store.read", target, where: "point" }, input);
    },
    organizationOf: (caller, id) =>
      ctx.database.point(whereThing, { ...callOf(ctx, caller), kind: "store", id }),
    async list(caller, org, { after = null, offset = 0, limit, order = null, totals = false }) {
      const { id } = await directory.locate(caller, org, "store.list", storesTarget);
      const input = { ...callOf(ctx, caller), organizationId: id, after, offset, limit, order, totals };
      const reading = {
        query: listStores,
        action: "store.list",
        target: storesTarget,
        where: "scan",
      } as const;
      const { rows, total } = await read(ctx, reading, input);
      return { ...pageOf(rows, limit, (store) => ({ key: store.slug, id: store.id })), total };
    },
    async update(caller, org, store, { name, attributes = {}, opaque = false, backend }) {
      const { id, custody } = await directory.locate(caller, org, "store.update", refTarget(store));
      const change = {
        name: name === undefined ? null : namedBy(name, custody, opaque),
        attributes: parseAttributes(attributes),
        backend: backend === undefined ? null : askedBackend(ctx.backends, backend),
      };
      return ctx.database.execute(updateStore, {
        ...callOf(ctx, caller),
        organizationId: id,
        store,
        ...change,
      });
    },
    migrate: migration(ctx, directory),
    async remove(caller, org, store, { force, removal: promised, rehome = false }) {
      const { id } = await directory.locate(caller, org, "store.delete", refTarget(store));
      const input = { organizationId: id, store, force, removal: promised, rehome };
      while ((await ctx.database.execute(removeStore, { ...callOf(ctx, caller), ...input })) === "more") {
        // Each round is whole in itself and audited; a kill in between leaves a smaller store.
      }
    },
  };
}
