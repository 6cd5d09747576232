// Trusts: whose workloads may come with the tokens of their own platform.
import type { Operations } from "../../../core/operations.ts";
import { idAfter, listOf, pageAsked, wirePage } from "../pages.ts";
import * as present from "../present.ts";
import { idRef, placeRef } from "../refs.ts";
import { type Route, route } from "../route.ts";
import * as schema from "../schema.ts";

const all = "/v1/organizations/:org/trusts";
const one = `${all}/:id` as const;

/** The example that documents have of one. */
const shown = Object.assign(schema.newTrust, {
  examples: [
    {
      name: "pipelines",
      issuer: "https://agent.buildkite.com",
      claims: { organization_slug: "acme" },
      store: "default",
      as: "job",
    },
  ],
});

export function trustRoutes({ trusts }: Operations): readonly Route[] {
  const org = (text: string) => placeRef("organization", text);
  return [
    route(
      {
        method: "GET",
        url: all,
        operationId: "listTrusts",
        summary: "The trusts of an organization",
        query: schema.strict(schema.paging),
        status: 200,
        answer: schema.page(schema.trust),
      },
      async ({ caller, params, query }) => {
        const list = listOf("trusts", params.org);
        const asked = pageAsked(list, query);
        const page = await trusts.list(caller, org(params.org), {
          after: idAfter(asked),
          limit: asked.limit,
        });
        return wirePage(list, page, present.trust);
      },
    ),

    route(
      {
        method: "POST",
        url: all,
        operationId: "createTrust",
        summary: "Let workloads in by the tokens of their own platform",
        body: shown,
        status: 201,
        answer: schema.trust,
      },
      async ({ caller, params, body }) => {
        const { audience, jwks, store, storeClaim, stores, ...given } = body;
        return present.trust(
          await trusts.create(caller, org(params.org), {
            ...given,
            ...(audience === undefined ? {} : { audience }),
            ...(jwks === undefined ? {} : { jwks }),
            ...(store === undefined ? {} : { store }),
            ...(storeClaim === undefined ? {} : { storeClaim }),
            ...(stores === undefined ? {} : { stores }),
          }),
        );
      },
    ),

    route(
      {
        method: "GET",
        url: one,
        operationId: "getTrust",
        summary: "One trust",
        status: 200,
        answer: schema.trust,
      },
      async ({ caller, params }) =>
        present.trust(await trusts.get(caller, org(params.org), idRef("id", params.id))),
    ),

    route(
      {
        method: "PATCH",
        url: one,
        operationId: "renameTrust",
        summary: "Give a trust another name; what it trusts cannot be changed",
        body: schema.trustPatch,
        status: 200,
        answer: schema.trust,
      },
      async ({ caller, params, body }) =>
        present.trust(await trusts.rename(caller, org(params.org), idRef("id", params.id), body.name)),
    ),

    route(
      {
        method: "DELETE",
        url: one,
        operationId: "deleteTrust",
        summary: "End a trust, and every session it let in",
        status: 204,
      },
      async ({ caller, params }, reply) => {
        await trusts.remove(caller, org(params.org), idRef("id", params.id));
        return reply.send();
      },
    ),
  ];
}
