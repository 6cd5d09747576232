// Groups: people who hold something together, and who is among them.
import type { Operations } from "../../../core/operations.ts";
import * as wire from "../access.ts";
import { idAfter, listOf, pageAsked, wirePage } from "../pages.ts";
import { idRef, placeRef } from "../refs.ts";
import { type Route, route } from "../route.ts";
import * as schema from "../schema.ts";

const all = "/v1/organizations/:org/groups";
const one = `${all}/:id` as const;
const members = `${one}/members` as const;
const member = `${members}/:person` as const;

export function groupRoutes({ groups }: Operations): readonly Route[] {
  return [
    route(
      {
        method: "GET",
        url: all,
        operationId: "listGroups",
        summary: "The groups of an organization, by name",
        query: schema.strict(schema.paging),
        status: 200,
        answer: schema.page(wire.group),
      },
      async ({ caller, params, query }) => {
        const list = listOf("groups", params.org);
        const page = await groups.list(caller, placeRef("organization", params.org), pageAsked(list, query));
        return wirePage(list, page, wire.presentGroup);
      },
    ),

    route(
      {
        method: "POST",
        url: all,
        operationId: "createGroup",
        summary: "Make a group; its name is its own in the organization",
        body: wire.newName,
        status: 201,
        answer: wire.group,
      },
      async ({ caller, params, body }) =>
        wire.presentGroup(await groups.create(caller, placeRef("organization", params.org), body)),
    ),

    route(
      {
        method: "GET",
        url: one,
        operationId: "getGroup",
        summary: "One group",
        status: 200,
        answer: wire.group,
      },
      async ({ caller, params }) => wire.presentGroup(await groups.get(caller, ...placeOf(params))),
    ),

    route(
      {
        method: "PATCH",
        url: one,
        operationId: "updateGroup",
        summary: "Rename a group",
        body: wire.namePatch,
        status: 200,
        answer: wire.group,
      },
      async ({ caller, params, body }) =>
        wire.presentGroup(await groups.update(caller, ...placeOf(params), body)),
    ),

    route(
      {
        method: "DELETE",
        url: one,
        operationId: "deleteGroup",
        summary: "Delete a group, and with it what its members held by it",
        status: 204,
      },
      async ({ caller, params }) => {
        await groups.remove(caller, ...placeOf(params));
      },
    ),

    route(
      {
        method: "GET",
        url: members,
        operationId: "listGroupMembers",
        summary: "Who is in a group, by id",
        query: schema.strict(schema.paging),
        status: 200,
        answer: schema.page(wire.groupMember),
      },
      async ({ caller, params, query }) => {
        const list = listOf("members", params.org, params.id);
        const asked = pageAsked(list, query);
        const page = { after: idAfter(asked), limit: asked.limit };
        return wirePage(
          list,
          await groups.members(caller, ...placeOf(params), page),
          wire.presentGroupMember,
        );
      },
    ),

    route(
      {
        method: "PUT",
        url: member,
        operationId: "addGroupMember",
        summary: "Let a person into a group; it gives him all that the group holds",
        status: 204,
      },
      async ({ caller, params }) => {
        await groups.addMember(caller, ...placeOf(params), idRef("person", params.person));
      },
    ),

    route(
      {
        method: "DELETE",
        url: member,
        operationId: "removeGroupMember",
        summary: "Take a person out of a group",
        status: 204,
      },
      async ({ caller, params }) => {
        await groups.removeMember(caller, ...placeOf(params), idRef("person", params.person));
      },
    ),
  ];
}

function placeOf({ org, id }: { readonly org: string; readonly id: string }) {
  return [placeRef("organization", org), idRef("id", id)] as const;
}
