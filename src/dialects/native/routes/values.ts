// Values: the routes by which plaintext comes in and goes out, and the history of it. Each value that
// leaves was written into the audit trail first; the core sees to that.
import type { Operations } from "../../../core/operations.ts";
import { parseValue } from "../../../core/secrets/secret.ts";
import { etag, revisionsOf } from "../../../http/conditional.ts";
import { wholeNumber } from "../../../http/queries.ts";
import { preconditionOf } from "../inputs.ts";
import { listOf, numberBefore, pageAsked, wirePage } from "../pages.ts";
import * as present from "../present.ts";
import { nameRef, placeRef, secretPath } from "../refs.ts";
import { type Route, route } from "../route.ts";
import * as schema from "../schema.ts";
import { showSecret } from "./secrets.ts";

const inStore = "/v1/organizations/:org/stores/:store";
const one = `${inStore}/secrets/:secret` as const;

/** 10,000 names of 500 characters, escaped or not. */
const batchBodyBytesMax = 16 * 1024 * 1024;

/** Counted in 32 bits by the tables. */
const versionMax = 2 ** 31 - 1;
const versionRule = { min: 1, max: versionMax, otherwise: 1 };

export function valueRoutes(operations: Operations): readonly Route[] {
  const { secrets } = operations;
  const show = showSecret(operations);
  return [
    route(
      {
        method: "GET",
        url: `${one}/value`,
        operationId: "getValue",
        summary: "The current value, or that of a past version",
        query: schema.valueQuery,
        status: 200,
        answer: schema.value,
        condition: "if-none-match",
      },
      async ({ caller, params, query, headers }, reply) => {
        const [org, store, ref] = secretPath(params, query);
        const held = revisionsOf("if-none-match", headers["if-none-match"]);
        const options = {
          ...(query.version === undefined
            ? {}
            : { version: wholeNumber("version", query.version, versionRule) }),
          ...(held === undefined ? {} : { unlessRevisions: held }),
        };
        const { secret, version, value } = await secrets.reveal(caller, org, store, ref, options);
        reply.header("etag", etag(secret.revision));
        if (value === null) return reply.code(304).send();
        return { name: secret.name, version, value: value.reveal() };
      },
    ),

    route(
      {
        method: "PUT",
        url: `${one}/value`,
        operationId: "putValue",
        summary: "Write a new version; one is made also where the value is the same",
        query: schema.strict(schema.by),
        body: schema.newValue,
        status: 200,
        answer: schema.secret,
        condition: "if-match",
      },
      async ({ caller, params, query, headers, body }, reply) => {
        const [org, store, ref] = secretPath(params, query);
        const precondition = preconditionOf(headers);
        const patch = { value: parseValue(body.value, "server") };
        return show(reply, caller, org, await secrets.update(caller, org, store, ref, patch, precondition));
      },
    ),

    route(
      {
        method: "POST",
        url: `${inStore}/values`,
        operationId: "getValues",
        summary: "Many values by name, in the order asked; an item that is refused holds up no other",
        body: schema.names,
        bodyBytesMax: batchBodyBytesMax,
        status: 200,
        answer: schema.values,
      },
      async ({ caller, params, body }) => {
        const { names } = body;
        const refs = names.map((name, index) => nameRef(`names[${index}]`, name));
        const org = placeRef("organization", params.org);
        const items = await secrets.revealAll(caller, org, placeRef("store", params.store), refs);
        return { items: items.map((item, index) => present.batchItem(names[index] ?? "", item)) };
      },
    ),

    route(
      {
        method: "GET",
        url: `${one}/versions`,
        operationId: "listVersions",
        summary: "The versions that are kept, newest first",
        query: schema.strict({ ...schema.by, ...schema.paging }),
        status: 200,
        answer: schema.page(schema.version),
      },
      async ({ caller, params, query }) => {
        const [org, store, ref] = secretPath(params, query);
        const list = listOf("versions", params.org, params.store, params.secret, query.by);
        const asked = pageAsked(list, query);
        const { limit } = asked;
        const before = numberBefore(asked);
        const { secret, page } = await secrets.versions(caller, org, store, ref, { before, limit });
        return wirePage(list, page, (version) => present.version(version, secret.version));
      },
    ),

    route(
      {
        method: "POST",
        url: `${one}/versions/:version/restore`,
        operationId: "restoreVersion",
        summary: "Make the value of a past version current again, as a new version",
        query: schema.strict(schema.by),
        status: 200,
        answer: schema.secret,
        condition: "if-match",
      },
      async ({ caller, params, query, headers }, reply) => {
        const [org, store, ref] = secretPath(params, query);
        const number = wholeNumber("version", params.version, versionRule);
        const precondition = preconditionOf(headers);
        return show(
          reply,
          caller,
          org,
          await secrets.restoreVersion(caller, org, store, ref, number, precondition),
        );
      },
    ),
  ];
}
