// Services: what secrets name as their consumers.
import type { Operations } from "../../../core/operations.ts";
import * as wire from "../access.ts";
import { listOf, pageAsked, wirePage } from "../pages.ts";
import { idRef, placeRef } from "../refs.ts";
import { type Route, route } from "../route.ts";
import * as schema from "../schema.ts";

const all = "/v1/organizations/:org/services";
const one = `${all}/:id` as const;

export function serviceRoutes({ services }: Operations): readonly Route[] {
  return [
    route(
      {
        method: "GET",
        url: all,
        operationId: "listServices",
        summary: "The services of an organization, by name",
        query: schema.strict(schema.paging),
        status: 200,
        answer: schema.page(wire.service),
      },
      async ({ caller, params, query }) => {
        const list = listOf("services", params.org);
        const org = placeRef("organization", params.org);
        const page = await services.list(caller, org, pageAsked(list, query));
        return wirePage(list, page, wire.presentService);
      },
    ),

    route(
      {
        method: "POST",
        url: all,
        operationId: "createService",
        summary: "Make a service, bound to stores, or without any to all of them",
        body: wire.newService,
        status: 201,
        answer: wire.service,
      },
      async ({ caller, params, body: { name, stores = null } }) => {
        const org = placeRef("organization", params.org);
        const asked = { name, stores: wire.storeRefs(stores) };
        return wire.presentService(await services.create(caller, org, asked));
      },
    ),

    route(
      {
        method: "GET",
        url: one,
        operationId: "getService",
        summary: "One service",
        status: 200,
        answer: wire.service,
      },
      async ({ caller, params }) => wire.presentService(await services.get(caller, ...placeOf(params))),
    ),

    route(
      {
        method: "PATCH",
        url: one,
        operationId: "updateService",
        summary: "Rename a service, or bind it to other stores; null is all",
        body: wire.servicePatch,
        status: 200,
        answer: wire.service,
      },
      async ({ caller, params, body: { stores, ...rest } }) => {
        const change = { ...rest, ...(stores === undefined ? {} : { stores: wire.storeRefs(stores) }) };
        return wire.presentService(await services.update(caller, ...placeOf(params), change));
      },
    ),

    route(
      {
        method: "DELETE",
        url: one,
        operationId: "deleteService",
        summary: "Delete a service with its tokens",
        status: 204,
      },
      async ({ caller, params }) => {
        await services.remove(caller, ...placeOf(params));
      },
    ),
  ];
}

function placeOf({ org, id }: { readonly org: string; readonly id: string }) {
  return [placeRef("organization", org), idRef("id", id)] as const;
}
