// The people of an organization, invitations to it, and one's own account.
import type { Operations } from "../../../core/operations.ts";
import { listOf, pageAsked, wirePage } from "../pages.ts";
import * as wire from "../people.ts";
import { idRef, placeRef } from "../refs.ts";
import { type Route, route } from "../route.ts";
import * as schema from "../schema.ts";

const all = "/v1/organizations/:org/people";
const one = `${all}/:membership` as const;

export function peopleRoutes({ people }: Operations): readonly Route[] {
  return [
    route(
      {
        method: "GET",
        url: "/v1/me",
        operationId: "getMe",
        summary: "The account of the person this token speaks for",
        status: 200,
        answer: wire.account,
      },
      async ({ caller }) => wire.presentAccount(await people.me(caller)),
    ),

    route(
      {
        method: "PATCH",
        url: "/v1/me",
        operationId: "updateMe",
        summary: "Change one's own name, and as an operator one's e-mail address",
        body: wire.accountPatch,
        status: 200,
        answer: wire.account,
      },
      async ({ caller, body }) => wire.presentAccount(await people.updateMe(caller, body)),
    ),

    route(
      {
        method: "POST",
        url: "/v1/invitations/accept",
        operationId: "acceptInvitation",
        summary: "Take the place that an invitation keeps; the token is for that organization, 30 days",
        body: wire.acceptance,
        status: 201,
        answer: wire.accepted,
        public: true,
      },
      async ({ id, address, body }) => {
        const origin = { dialect: "native", address, requestId: id };
        const { person, token } = await people.accept(origin, {
          code: body.invitation,
          name: body.name ?? null,
        });
        return { person: wire.presentAccount(person), token };
      },
    ),

    route(
      {
        method: "GET",
        url: all,
        operationId: "listPeople",
        summary: "Members and invitations by e-mail address; without the right to read them, oneself",
        query: schema.strict(schema.paging),
        status: 200,
        answer: schema.page(wire.member),
      },
      async ({ caller, params, query }) => {
        const list = listOf("people", params.org);
        const asked = pageAsked(list, query);
        const page = { after: wire.emailAfter(asked), limit: asked.limit };
        const found = await people.list(caller, placeRef("organization", params.org), page);
        return wirePage(list, found, wire.presentMember);
      },
    ),

    route(
      {
        method: "POST",
        url: all,
        operationId: "invitePerson",
        summary: "Invite an e-mail address; the code is shown once and replaces an earlier one",
        body: wire.newMember,
        status: 201,
        answer: wire.invited,
      },
      async ({ caller, params, body }) =>
        wire.presentInvited(await people.invite(caller, placeRef("organization", params.org), body)),
    ),

    route(
      {
        method: "GET",
        url: one,
        operationId: "getPerson",
        summary: "One membership or invitation",
        status: 200,
        answer: wire.member,
      },
      async ({ caller, params }) => wire.presentMember(await people.get(caller, ...placeOf(params))),
    ),

    route(
      {
        method: "PATCH",
        url: one,
        operationId: "changeRole",
        summary: "Give somebody another role",
        body: wire.memberPatch,
        status: 200,
        answer: wire.member,
      },
      async ({ caller, params, body }) =>
        wire.presentMember(await people.changeRole(caller, ...placeOf(params), body.role)),
    ),

    route(
      {
        method: "DELETE",
        url: one,
        operationId: "removePerson",
        summary: "Remove somebody, withdraw an invitation, or leave; the account stays",
        status: 204,
      },
      async ({ caller, params }) => {
        await people.remove(caller, ...placeOf(params));
      },
    ),
  ];
}

function placeOf({ org, membership }: { readonly org: string; readonly membership: string }) {
  return [placeRef("organization", org), idRef("membership", membership)] as const;
}
