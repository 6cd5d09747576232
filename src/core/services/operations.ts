// What a dialect may do with services.
import type { Caller } from "../caller.ts";
import { callOf, read } from "../operation.ts";
import type { Directory } from "../organizations/directory.ts";
import type { Ref } from "../organizations/organization.ts";
import { type Page, type Position, pageOf } from "../pagination.ts";
import type { Context } from "../ports.ts";
import { listConsumed } from "../secrets/consumed.ts";
import type { Secret } from "../secrets/secret.ts";
import { someSecrets } from "../secrets/target.ts";
import { parseServiceStores } from "./confer.ts";
import { createService } from "./create.ts";
import { type FindServicePlace, servicePlaces } from "./place.ts";
import { getService, listServices } from "./read.ts";
import { removeService } from "./remove.ts";
import { parseServiceName, type Service, serviceAuditTarget } from "./service.ts";
import { updateService } from "./update.ts";

export interface ServiceOperations {
  /** Stores absent or null: all. */
  create(
    caller: Caller,
    org: Ref,
    service: { name: string; stores?: readonly Ref[] | null },
  ): Promise<Service>;
  get(caller: Caller, org: Ref, id: string): Promise<Service>;
  list(caller: Caller, org: Ref, page: { after: Position | null; limit: number }): Promise<Page<Service>>;
  update(
    caller: Caller,
    org: Ref,
    id: string,
    change: { name?: string; stores?: readonly Ref[] | null },
  ): Promise<Service>;
  remove(caller: Caller, org: Ref, id: string): Promise<void>;
  readonly place: FindServicePlace;
  /** The secrets of a store that list the calling service, by name. */
  secrets(caller: Caller, org: Ref, store: Ref): Promise<readonly Secret[]>;
}

export function serviceOperations(ctx: Context, directory: Directory): ServiceOperations {
  const callIn = async (
    caller: Caller,
    org: Ref,
    action: "service.read" | "service.manage",
    id: string | null,
  ) => {
    const { id: organizationId } = await directory.locate(caller, org, action, serviceAuditTarget({ id }));
    return { ...callOf(ctx, caller), organizationId };
  };
  const reading = (id: string | null) =>
    ({ action: "service.read", target: serviceAuditTarget({ id }) }) as const;

  return {
    async create(caller, org, { name, stores = null }) {
      const input = {
        id: ctx.ids.next(),
        name: parseServiceName(name),
        stores: parseServiceStores(stores),
      };
      const call = await callIn(caller, org, "service.manage", null);
      return ctx.database.execute(createService, { ...call, ...input });
    },
    async get(caller, org, id) {
      const call = await callIn(caller, org, "service.read", id);
      return read(ctx, { query: getService, ...reading(id), where: "point" }, { ...call, id });
    },
    async list(caller, org, page) {
      const call = await callIn(caller, org, "service.read", null);
      const input = { ...call, ...page };
      const rows = await read(ctx, { query: listServices, ...reading(null), where: "scan" }, input);
      return pageOf(rows, page.limit, ({ id, name }) => ({ key: name, id }));
    },
    async update(caller, org, id, { name, stores }) {
      const change = {
        name: name === undefined ? null : parseServiceName(name),
        ...(stores === undefined ? {} : { stores: parseServiceStores(stores) }),
      };
      const call = await callIn(caller, org, "service.manage", id);
      return ctx.database.execute(updateService, { ...call, id, ...change });
    },
    async remove(caller, org, id) {
      const call = await callIn(caller, org, "service.manage", id);
      // Each round is whole in itself and audited.
      while ((await ctx.database.execute(removeService, { ...call, id })) === "more");
    },
    async secrets(caller, org, store) {
      const { id } = await directory.locate(caller, org, "secret.list", someSecrets);
      const input = { ...callOf(ctx, caller), organizationId: id, store };
      const query = { query: listConsumed, action: "secret.list", target: someSecrets } as const;
      return read(ctx, { ...query, where: "scan" }, input);
    },
    place: servicePlaces(ctx),
  };
}
