// Machines: principals without a person.
import type { Operations } from "../../../core/operations.ts";
import * as wire from "../access.ts";
import { listOf, pageAsked, wirePage } from "../pages.ts";
import { idRef, placeRef } from "../refs.ts";
import { type Route, route } from "../route.ts";
import * as schema from "../schema.ts";

const all = "/v1/organizations/:org/machines";
const one = `${all}/:id` as const;

export function machineRoutes({ organizations, machines }: Operations): readonly Route[] {
  return [
    route(
      {
        method: "GET",
        url: all,
        operationId: "listMachines",
        summary: "The machines that the caller may see, by name",
        query: schema.strict(schema.paging),
        status: 200,
        answer: schema.page(wire.machine),
      },
      async ({ caller, params, query }) => {
        const org = placeRef("organization", params.org);
        const list = listOf("machines", params.org);
        const page = await machines.list(caller, org, pageAsked(list, query));
        const custody = await organizations.custody(caller, org);
        return wirePage(list, page, (machine) => wire.presentMachine(machine, custody));
      },
    ),

    route(
      {
        method: "POST",
        url: all,
        operationId: "createMachine",
        summary: "Make a machine; who makes it manages it",
        body: wire.newName,
        status: 201,
        answer: wire.machine,
      },
      async ({ caller, params, body }) => {
        const org = placeRef("organization", params.org);
        const machine = await machines.create(caller, org, body);
        return wire.presentMachine(machine, await organizations.custody(caller, org));
      },
    ),

    route(
      {
        method: "GET",
        url: one,
        operationId: "getMachine",
        summary: "One machine",
        status: 200,
        answer: wire.machine,
      },
      async ({ caller, params }) => {
        const org = placeRef("organization", params.org);
        const machine = await machines.get(caller, org, idRef("id", params.id));
        return wire.presentMachine(machine, await organizations.custody(caller, org));
      },
    ),

    route(
      {
        method: "PATCH",
        url: one,
        operationId: "updateMachine",
        summary: "Rename a machine",
        body: wire.namePatch,
        status: 200,
        answer: wire.machine,
      },
      async ({ caller, params, body }) => {
        const org = placeRef("organization", params.org);
        const machine = await machines.update(caller, org, idRef("id", params.id), body);
        return wire.presentMachine(machine, await organizations.custody(caller, org));
      },
    ),

    route(
      {
        method: "DELETE",
        url: one,
        operationId: "deleteMachine",
        summary: "Delete a machine with its tokens and grants",
        status: 204,
      },
      async ({ caller, params }) => {
        await machines.remove(caller, placeRef("organization", params.org), idRef("id", params.id));
      },
    ),
  ];
}
