// Who one is, and the organizations one reaches.
import type { OrganizationOperations } from "../../../core/organizations/operations.ts";
import { flag } from "../../../http/queries.ts";
import { listOf, pageAsked, slugAfter, wirePage } from "../pages.ts";
import * as present from "../present.ts";
import { placeRef } from "../refs.ts";
import { type Route, route } from "../route.ts";
import * as schema from "../schema.ts";

const one = "/v1/organizations/:org";

export function organizationRoutes(organizations: OrganizationOperations): readonly Route[] {
  return [
    route(
      {
        method: "GET",
        url: "/v1/whoami",
        operationId: "whoami",
        summary: "The principal this token speaks for",
        status: 200,
        answer: schema.whoami,
      },
      async ({ caller }) => present.whoami(await organizations.whoami(caller)),
    ),

    route(
      {
        method: "GET",
        url: "/v1/organizations",
        operationId: "listOrganizations",
        summary: "The organizations this token reaches, by slug",
        query: schema.strict(schema.paging),
        status: 200,
        answer: schema.page(schema.organization),
      },
      async ({ caller, query }) => {
        const list = listOf("organizations");
        const asked = pageAsked(list, query);
        const page = await organizations.list(caller, { after: slugAfter(asked), limit: asked.limit });
        return wirePage(list, page, present.organization);
      },
    ),

    route(
      {
        method: "POST",
        url: "/v1/organizations",
        operationId: "createOrganization",
        summary: "Make an organization (operators); the caller owns it",
        body: schema.newOrganization,
        status: 201,
        answer: schema.organization,
      },
      async ({ caller, body }) => present.organization(await organizations.create(caller, body)),
    ),

    route(
      {
        method: "GET",
        url: one,
        operationId: "getOrganization",
        summary: "One organization",
        status: 200,
        answer: schema.organization,
      },
      async ({ caller, params }) =>
        present.organization(await organizations.get(caller, placeRef("organization", params.org))),
    ),

    route(
      {
        method: "PATCH",
        url: one,
        operationId: "updateOrganization",
        summary: "Change an organization's name, rules or limits",
        body: schema.organizationPatch,
        status: 200,
        answer: schema.organization,
      },
      async ({ caller, params, body }) =>
        present.organization(await organizations.update(caller, placeRef("organization", params.org), body)),
    ),

    route(
      {
        method: "DELETE",
        url: one,
        operationId: "deleteOrganization",
        summary: "Delete an organization (owners); with secrets in it only by force, which destroys them",
        query: schema.forcedRemoval,
        status: 204,
      },
      async ({ caller, params, query }) => {
        const options = { force: flag("force", query.force) };
        await organizations.remove(caller, placeRef("organization", params.org), options);
      },
    ),

    route(
      {
        method: "GET",
        url: `${one}/quota`,
        operationId: "getQuota",
        summary: "Limits and usage; a quota of null is unlimited",
        status: 200,
        answer: schema.quota,
      },
      async ({ caller, params }) =>
        present.quota(await organizations.get(caller, placeRef("organization", params.org))),
    ),
  ];
}
