// What a dialect may do with stores.
import type { AuditTarget } from "../audit/entry.ts";
import type { Caller } from "../caller.ts";
import { callOf, read } from "../operation.ts";
import type { Directory } from "../organizations/directory.ts";
import { parseSlug, type Ref } from "../organizations/organization.ts";
import { type Page, pageOf } from "../pagination.ts";
import type { Context } from "../ports.ts";
import type { Removal } from "../secrets/remove.ts";
import { parseAttributes } from "../secrets/secret.ts";
import { createStore } from "./create.ts";
import { getStore, listStores, organizationOfStore } from "./read.ts";
import { removeStore } from "./remove.ts";
import { type Attributes, parseStoreName, type Store } from "./store.ts";
import { refTarget } from "./target.ts";
import { updateStore } from "./update.ts";

export interface StoreOperations {
  create(
    caller: Caller,
    org: Ref,
    store: { name: string; slug?: string | null; attributes?: Attributes; uniqueName?: boolean },
  ): Promise<Store>;
  get(caller: Caller, org: Ref, store: Ref): Promise<Store>;
  /** For contracts that name a store by its id alone; null: none of the caller's organizations has it. */
  organizationOf(caller: Caller, id: string): Promise<string | null>;
  list(
    caller: Caller,
    org: Ref,
    page: { after?: string | null; offset?: number; limit: number; totals?: boolean },
  ): Promise<Page<Store> & { readonly total: number | null }>;
  update(
    caller: Caller,
    org: Ref,
    store: Ref,
    change: { name?: string; attributes?: Attributes },
  ): Promise<Store>;
  remove(caller: Caller, org: Ref, store: Ref, options: { force: boolean; removal: Removal }): Promise<void>;
}

export function storeOperations(ctx: Context, directory: Directory): StoreOperations {
  const storesTarget: AuditTarget = { kind: "store", id: null, name: null, storeId: null };
  return {
    async create(caller, org, { name, slug = null, attributes = {}, uniqueName = false }) {
      const input = {
        id: ctx.ids.next(),
        name: parseStoreName(name),
        slug: slug === null ? null : parseSlug("slug", slug),
        attributes: parseAttributes(attributes),
        uniqueName,
      };
      const { id } = await directory.locate(caller, org, "store.create", storesTarget);
      return ctx.database.execute(createStore, { ...callOf(ctx, caller), organizationId: id, ...input });
    },
    async get(caller, org, store) {
      const target = refTarget(store);
      const { id } = await directory.locate(caller, org, "store.read", target);
      const input = { ...callOf(ctx, caller), organizationId: id, store };
      return read(ctx, { query: getStore, action: "store.read", target, where: "point" }, input);
    },
    organizationOf: (caller, id) => ctx.database.point(organizationOfStore, { ...callOf(ctx, caller), id }),
    async list(caller, org, { after = null, offset = 0, limit, totals = false }) {
      const { id } = await directory.locate(caller, org, "store.list", storesTarget);
      const input = { ...callOf(ctx, caller), organizationId: id, after, offset, limit, totals };
      const reading = {
        query: listStores,
        action: "store.list",
        target: storesTarget,
        where: "scan",
      } as const;
      const { rows, total } = await read(ctx, reading, input);
      return { ...pageOf(rows, limit, (store) => ({ key: store.slug, id: store.id })), total };
    },
    async update(caller, org, store, { name, attributes = {} }) {
      const change = {
        name: name === undefined ? null : parseStoreName(name),
        attributes: parseAttributes(attributes),
      };
      const { id } = await directory.locate(caller, org, "store.update", refTarget(store));
      return ctx.database.execute(updateStore, {
        ...callOf(ctx, caller),
        organizationId: id,
        store,
        ...change,
      });
    },
    async remove(caller, org, store, { force, removal: promised }) {
      const { id } = await directory.locate(caller, org, "store.delete", refTarget(store));
      const input = { organizationId: id, store, force, removal: promised };
      while ((await ctx.database.execute(removeStore, { ...callOf(ctx, caller), ...input })) === "more") {
        // Each round is whole in itself and audited; a kill in between leaves a smaller store.
      }
    },
  };
}
