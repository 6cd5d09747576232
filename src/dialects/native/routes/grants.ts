// Grants: who holds which level on what.
import type { Operations } from "../../../core/operations.ts";
import * as wire from "../access.ts";
import { listOf, pageAsked, wirePage } from "../pages.ts";
import { placeRef } from "../refs.ts";
import { type Route, route } from "../route.ts";
import * as schema from "../schema.ts";

const all = "/v1/organizations/:org/grants";

export function grantRoutes({ grants }: Operations): readonly Route[] {
  return [
    route(
      {
        method: "GET",
        url: all,
        operationId: "listGrants",
        summary: "Grants by object and subject; of one object for who may read them there",
        query: wire.grantFilter,
        status: 200,
        answer: schema.page(wire.grant),
      },
      async ({ caller, params, query }) => {
        const list = listOf("grants", params.org, query.subject, query.object);
        const asked = pageAsked(list, query);
        const filter = {
          subject: query.subject === undefined ? null : wire.subjectOf(query.subject),
          object: query.object === undefined ? null : wire.objectOf(query.object),
        };
        const page = { after: wire.grantAfter(asked), limit: asked.limit };
        const found = await grants.list(caller, placeRef("organization", params.org), filter, page);
        return wirePage(list, found, wire.presentGrant);
      },
    ),

    route(
      {
        method: "PUT",
        url: all,
        operationId: "putGrant",
        summary: "Give a grant, or change its level",
        body: wire.newGrant,
        status: 200,
        answer: wire.grant,
      },
      async ({ caller, params, body }) => {
        const grant = { ...wire.placeOf(body), level: body.level };
        return wire.presentGrant(await grants.put(caller, placeRef("organization", params.org), grant));
      },
    ),

    route(
      {
        method: "DELETE",
        url: all,
        operationId: "deleteGrant",
        summary: "Take a grant away; with a level only if it is that",
        body: wire.grantRemoval,
        status: 204,
      },
      async ({ caller, params, body }) => {
        const { level } = body;
        const grant = { ...wire.placeOf(body), ...(level === undefined ? {} : { level }) };
        await grants.remove(caller, placeRef("organization", params.org), grant);
      },
    ),
  ];
}
