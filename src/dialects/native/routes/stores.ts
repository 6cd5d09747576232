// Stores: named places for secrets inside one organization.
import type { Operations } from "../../../core/operations.ts";
import { flag } from "../../../http/queries.ts";
import { listOf, pageAsked, slugAfter, wirePage } from "../pages.ts";
import * as present from "../present.ts";
import { placeRef } from "../refs.ts";
import { type Route, route } from "../route.ts";
import * as schema from "../schema.ts";

const all = "/v1/organizations/:org/stores";
const one = `${all}/:store` as const;

export function storeRoutes({ organizations, stores }: Operations): readonly Route[] {
  return [
    route(
      {
        method: "GET",
        url: all,
        operationId: "listStores",
        summary: "The stores of an organization, by slug",
        query: schema.strict(schema.paging),
        status: 200,
        answer: schema.page(schema.store),
      },
      async ({ caller, params, query }) => {
        const org = placeRef("organization", params.org);
        const list = listOf("stores", params.org);
        const asked = pageAsked(list, query);
        const page = await stores.list(caller, org, { after: slugAfter(asked), limit: asked.limit });
        const custody = await organizations.custody(caller, org);
        return wirePage(list, page, (store) => present.store(store, custody));
      },
    ),

    route(
      {
        method: "POST",
        url: all,
        operationId: "createStore",
        summary: "Make a store; without a slug one is derived from the name",
        body: schema.newStore,
        status: 201,
        answer: schema.store,
      },
      async ({ caller, params, body }) => {
        const org = placeRef("organization", params.org);
        const store = await stores.create(caller, org, body);
        return present.store(store, await organizations.custody(caller, org));
      },
    ),

    route(
      {
        method: "GET",
        url: one,
        operationId: "getStore",
        summary: "One store",
        status: 200,
        answer: schema.store,
      },
      async ({ caller, params }) => {
        const org = placeRef("organization", params.org);
        const store = await stores.get(caller, org, placeRef("store", params.store));
        return present.store(store, await organizations.custody(caller, org));
      },
    ),

    route(
      {
        method: "PATCH",
        url: one,
        operationId: "updateStore",
        summary: "Rename a store, its slug stays; or change a setting of a dialect",
        body: schema.storePatch,
        status: 200,
        answer: schema.store,
      },
      async ({ caller, params, body }) => {
        const org = placeRef("organization", params.org);
        const store = await stores.update(caller, org, placeRef("store", params.store), body);
        return present.store(store, await organizations.custody(caller, org));
      },
    ),

    route(
      {
        method: "DELETE",
        url: one,
        operationId: "deleteStore",
        summary: "Delete a store; with live secrets in it only by force, which trashes them",
        query: schema.forcedRemoval,
        status: 204,
      },
      async ({ caller, params, query }) => {
        const org = placeRef("organization", params.org);
        const options = { force: flag("force", query.force), removal: "trash" } as const;
        await stores.remove(caller, org, placeRef("store", params.store), options);
      },
    ),
  ];
}
