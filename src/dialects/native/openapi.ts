// The OpenAPI 3.1 document, made from the very declarations that are served: a route cannot be in
// one and not in the other.
import type { TSchema } from "typebox";
import type { Route } from "./route.ts";
import { components, error, secret, value } from "./schema.ts";

const pathParts: Readonly<Record<string, string>> = {
  org: "Slug or id of an organization.",
  store: "Slug or id of a store.",
  secret: "Name of a secret, percent-encoded, or its id.",
  version: "Number of a version.",
  term: "Number of a key's term.",
  id: "Id of what the path speaks of.",
  person: "Id of a person.",
  job: "Name of a job, as it was let in.",
  membership: "Id of a membership.",
  rootKey: "Id of a root key.",
};

type Json = Readonly<Record<string, unknown>>;

export function openapi(routes: readonly Route[], publicUrl: string): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const route of routes) {
    const path = route.url.replaceAll(/:(\w+)/g, "{$1}");
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route) };
  }
  return {
    openapi: "3.1.0",
    info: { title: "Coffer", version: "1", description: "The native API of Coffer." },
    servers: [{ url: publicUrl }],
    security: [{ bearer: [] }],
    paths,
    components: {
      securitySchemes: { bearer: { type: "http", scheme: "bearer" } },
      headers: {
        ETag: { description: "The revision of the secret, in quotes.", schema: { type: "string" } },
      },
      schemas: Object.fromEntries(
        Object.entries(components).map(([name, schema]) => [name, membersOf(schema)]),
      ),
    },
  };
}

/** Answers that carry the revision of a secret. */
const tagged: ReadonlySet<TSchema | null> = new Set([secret, value]);

function operationOf(route: Route): Json {
  const { operationId, summary, body } = route;
  return {
    operationId,
    summary,
    ...(route.public ? { security: [] } : {}),
    parameters: [...pathParameters(route.url), ...queryParameters(route), ...conditionOf(route)],
    ...(body === null ? {} : { requestBody: { required: isRequired(body), content: json(body) } }),
    responses: {
      [route.status]: {
        description: route.status === 204 ? "Done." : summary,
        ...(route.answer === null ? {} : { content: json(route.answer) }),
        ...(tagged.has(route.answer) ? { headers: { ETag: { $ref: "#/components/headers/ETag" } } } : {}),
      },
      ...(route.condition === "if-none-match"
        ? { 304: { description: "The revision that the caller holds is the current one." } }
        : {}),
      default: { description: "An error of the closed list.", content: json(error) },
    },
  };
}

function pathParameters(url: string): Json[] {
  return Array.from(url.matchAll(/:(\w+)/g), ([, name = ""]) => ({
    name,
    in: "path",
    required: true,
    description: pathParts[name],
    schema: { type: "string" },
  }));
}

function queryParameters({ query }: Route): Json[] {
  const required: readonly string[] = query.required ?? [];
  return Object.entries(query.properties).map(([name, schema]) => ({
    name,
    in: "query",
    required: required.includes(name),
    schema: referring(schema),
  }));
}

function conditionOf({ condition }: Route): Json[] {
  if (condition === null) return [];
  const name = condition === "if-match" ? "If-Match" : "If-None-Match";
  return [{ name, in: "header", required: false, schema: { type: "string" } }];
}

/** A body that may be null may be left out. */
function isRequired(body: TSchema): boolean {
  return !("type" in body && Array.isArray(body.type) && body.type.includes("null"));
}

function json(schema: TSchema): Json {
  return { "application/json": { schema: referring(schema) } };
}

const names = new Map<unknown, string>(Object.entries(components).map(([name, schema]) => [schema, name]));

/** The schema with a reference wherever a named one stands in it. */
function referring(schema: unknown): unknown {
  const name = names.get(schema);
  return name === undefined ? membersOf(schema) : { $ref: `#/components/schemas/${name}` };
}

function membersOf(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(referring);
  if (typeof schema !== "object" || schema === null) return schema;
  return Object.fromEntries(Object.entries(schema).map(([key, member]) => [key, referring(member)]));
}
