// Tokens: of an organization's principals, and of a person over all his organizations.
import type { Static } from "typebox";
import type { Operations } from "../../../core/operations.ts";
import type { Custody } from "../../../core/organizations/organization.ts";
import type { TokenRequest } from "../../../core/tokens/operations.ts";
import { instant } from "../../../http/queries.ts";
import { idAfter, listOf, type PageQuery, pageAsked, wirePage } from "../pages.ts";
import * as present from "../present.ts";
import { idRef, placeRef } from "../refs.ts";
import { type Route, route } from "../route.ts";
import * as schema from "../schema.ts";

const all = "/v1/organizations/:org/tokens";
const one = `${all}/:id` as const;
const own = "/v1/tokens";
const ownOne = `${own}/:id` as const;

/** Tokens of persons alone: no client seals their names. */
const persons: Custody = "server";

export function tokenRoutes({ organizations, tokens }: Operations): readonly Route[] {
  const place = (text: string) => placeRef("organization", text);
  const asked = (list: string, query: PageQuery) => {
    const { limit, ...page } = pageAsked(list, query);
    return { before: idAfter({ limit, ...page }), limit };
  };
  return [
    route(
      {
        method: "GET",
        url: all,
        operationId: "listTokens",
        summary: "Tokens of an organization that the caller may see, newest first",
        query: schema.strict(schema.paging),
        status: 200,
        answer: schema.page(schema.token),
      },
      async ({ caller, params, query }) => {
        const org = place(params.org);
        const list = listOf("tokens", params.org);
        const page = await tokens.list(caller, org, asked(list, query));
        const custody = await organizations.custody(caller, org);
        return wirePage(list, page, (token) => present.token(token, custody));
      },
    ),

    route(
      {
        method: "POST",
        url: all,
        operationId: "mintToken",
        summary: "Make a token for oneself, a machine or a service; its text is in this answer alone",
        body: schema.newToken,
        status: 201,
        answer: schema.mintedToken,
      },
      async ({ caller, params, body }) => {
        const org = place(params.org);
        const { principal, ...request } = body;
        const owner = { kind: principal.kind, id: idRef("principal.id", principal.id) };
        const minted = await tokens.mint(caller, org, owner, requestOf(request));
        return present.mintedToken(minted, await organizations.custody(caller, org));
      },
    ),

    route(
      {
        method: "GET",
        url: one,
        operationId: "getToken",
        summary: "One token",
        status: 200,
        answer: schema.token,
      },
      async ({ caller, params }) => {
        const org = place(params.org);
        const token = await tokens.get(caller, org, idRef("id", params.id));
        return present.token(token, await organizations.custody(caller, org));
      },
    ),

    route(
      {
        method: "DELETE",
        url: one,
        operationId: "revokeToken",
        summary: "Revoke a token, from this answer on",
        status: 204,
      },
      async ({ caller, params }) => tokens.revoke(caller, place(params.org), idRef("id", params.id)),
    ),

    route(
      {
        method: "GET",
        url: own,
        operationId: "listOwnTokens",
        summary: "The caller's tokens over all his organizations, newest first",
        query: schema.strict(schema.paging),
        status: 200,
        answer: schema.page(schema.token),
      },
      async ({ caller, query }) => {
        const list = listOf("own tokens");
        const page = await tokens.own.list(caller, asked(list, query));
        return wirePage(list, page, (token) => present.token(token, persons));
      },
    ),

    route(
      {
        method: "POST",
        url: own,
        operationId: "mintOwnToken",
        summary:
          "Make a token over all organizations of the caller, a person; its text is in this answer alone",
        body: schema.newOwnToken,
        status: 201,
        answer: schema.mintedToken,
      },
      async ({ caller, body }) =>
        present.mintedToken(await tokens.own.mint(caller, requestOf(body)), persons),
    ),

    route(
      {
        method: "GET",
        url: ownOne,
        operationId: "getOwnToken",
        summary: "One of the caller's tokens over all his organizations",
        status: 200,
        answer: schema.token,
      },
      async ({ caller, params }) =>
        present.token(await tokens.own.get(caller, idRef("id", params.id)), persons),
    ),

    route(
      {
        method: "DELETE",
        url: ownOne,
        operationId: "revokeOwnToken",
        summary: "Revoke one of the caller's tokens over all his organizations, from this answer on",
        status: 204,
      },
      async ({ caller, params }) => tokens.own.revoke(caller, idRef("id", params.id)),
    ),
  ];
}

function requestOf(body: Omit<Static<typeof schema.newToken>, "principal">): TokenRequest {
  const { expiresAt = null, ...rest } = body;
  return { ...rest, expiresAt: expiresAt === null ? null : instant("expiresAt", expiresAt) };
}
