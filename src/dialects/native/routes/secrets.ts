// Secrets by their metadata: making, listing, changing, copying, moving and deleting them. Values
// come in here and in values.ts; they go out in values.ts alone.
import type { FastifyReply } from "fastify";
import type { Caller } from "../../../core/caller.ts";
import type { Operations } from "../../../core/operations.ts";
import type { Ref } from "../../../core/organizations/organization.ts";
import type { Secret } from "../../../core/secrets/secret.ts";
import { etag, revisionsOf } from "../../../http/conditional.ts";
import { flag } from "../../../http/queries.ts";
import { duplicateOf, moveOf, newSecretOf, patchOf, preconditionOf } from "../inputs.ts";
import { wirePage } from "../pages.ts";
import * as present from "../present.ts";
import { placeRef, secretPath } from "../refs.ts";
import { type Route, route } from "../route.ts";
import * as schema from "../schema.ts";
import { secretListQuery, secretsAsked } from "../secret-lists.ts";

const all = "/v1/organizations/:org/stores/:store/secrets";
const one = `${all}/:secret` as const;

/** Answers with a secret and its tag. */
export type ShowSecret = (
  reply: FastifyReply,
  caller: Caller,
  org: Ref,
  secret: Secret,
) => Promise<ReturnType<typeof present.secret>>;

export function showSecret({ organizations }: Operations): ShowSecret {
  return async (reply, caller, org, secret) => {
    reply.header("etag", etag(secret.revision));
    return present.secret(secret, await organizations.custody(caller, org));
  };
}

export function secretRoutes(operations: Operations): readonly Route[] {
  const { organizations, secrets } = operations;
  const show = showSecret(operations);
  return [
    route(
      {
        method: "GET",
        url: "/v1/organizations/:org/secrets",
        operationId: "listSecretsOfOrganization",
        summary: "The secrets of all stores, without values",
        query: secretListQuery,
        status: 200,
        answer: schema.page(schema.secret),
      },
      async ({ caller, params, query }) => {
        const org = placeRef("organization", params.org);
        const asked = secretsAsked("secrets", [params.org], query);
        const page = await secrets.list(caller, org, null, asked.query);
        const custody = await organizations.custody(caller, org);
        return wirePage(asked.list, page, (secret) => present.secret(secret, custody));
      },
    ),

    route(
      {
        method: "GET",
        url: all,
        operationId: "listSecrets",
        summary: "The secrets of a store, without values",
        query: secretListQuery,
        status: 200,
        answer: schema.page(schema.secret),
      },
      async ({ caller, params, query }) => {
        const org = placeRef("organization", params.org);
        const asked = secretsAsked("secrets", [params.org, params.store], query);
        const page = await secrets.list(caller, org, placeRef("store", params.store), asked.query);
        const custody = await organizations.custody(caller, org);
        return wirePage(asked.list, page, (secret) => present.secret(secret, custody));
      },
    ),

    route(
      {
        method: "POST",
        url: all,
        operationId: "createSecret",
        summary: "Make a secret, with a value or without",
        body: schema.newSecret,
        status: 201,
        answer: schema.secret,
      },
      async ({ caller, params, body }, reply) => {
        const org = placeRef("organization", params.org);
        const store = placeRef("store", params.store);
        return show(reply, caller, org, await secrets.create(caller, org, store, newSecretOf(body)));
      },
    ),

    route(
      {
        method: "GET",
        url: one,
        operationId: "getSecret",
        summary: "One secret, without its value",
        query: schema.strict(schema.by),
        status: 200,
        answer: schema.secret,
        condition: "if-none-match",
      },
      async ({ caller, params, query, headers }, reply) => {
        const held = revisionsOf("if-none-match", headers["if-none-match"]);
        const [org, store, ref] = secretPath(params, query);
        const secret = await secrets.get(caller, org, store, ref);
        if (held?.includes(secret.revision) === true) {
          return reply.code(304).header("etag", etag(secret.revision)).send();
        }
        return show(reply, caller, org, secret);
      },
    ),

    route(
      {
        method: "PATCH",
        url: one,
        operationId: "updateSecret",
        summary: "Change name, metadata or value in one step",
        query: schema.strict(schema.by),
        body: schema.secretPatch,
        status: 200,
        answer: schema.secret,
        condition: "if-match",
      },
      async ({ caller, params, query, headers, body }, reply) => {
        const [org, store, ref] = secretPath(params, query);
        const precondition = preconditionOf(headers);
        const secret = await secrets.update(caller, org, store, ref, patchOf(body), precondition);
        return show(reply, caller, org, secret);
      },
    ),

    route(
      {
        method: "DELETE",
        url: one,
        operationId: "deleteSecret",
        summary: "Delete a secret: into the trash, or for good with purge=true",
        query: schema.secretRemoval,
        status: 204,
        condition: "if-match",
      },
      async ({ caller, params, query, headers }) => {
        const [org, store, ref] = secretPath(params, query);
        await secrets.remove(caller, org, store, ref, {
          removal: "trash",
          demandsPurge: flag("purge", query.purge),
          ...preconditionOf(headers),
        });
      },
    ),

    route(
      {
        method: "POST",
        url: `${one}/duplicate`,
        operationId: "duplicateSecret",
        summary: "Copy the value under a new name, with policy, consumers and expiry unless named",
        query: schema.strict(schema.by),
        body: schema.duplicate,
        status: 201,
        answer: schema.secret,
      },
      async ({ caller, params, query, body }, reply) => {
        const [org, store, ref] = secretPath(params, query);
        return show(reply, caller, org, await secrets.duplicate(caller, org, store, ref, duplicateOf(body)));
      },
    ),

    route(
      {
        method: "POST",
        url: `${one}/move`,
        operationId: "moveSecret",
        summary: "Move a secret with its versions into another store",
        query: schema.strict(schema.by),
        body: schema.move,
        status: 200,
        answer: schema.secret,
        condition: "if-match",
      },
      async ({ caller, params, query, headers, body }, reply) => {
        const [org, store, ref] = secretPath(params, query);
        const precondition = preconditionOf(headers);
        const secret = await secrets.update(caller, org, store, ref, moveOf(body), precondition);
        return show(reply, caller, org, secret);
      },
    ),
  ];
}
