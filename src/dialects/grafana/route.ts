// One route: who may ask it is decided before the body is read, and every refusal names what it is about.
// Keeps the order of checks: credential, namespace and permission, body, existence, preconditions, rules.
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { unauthenticated } from "../../core/access.ts";
import type { Action } from "../../core/actions.ts";
import { CofferError } from "../../core/errors.ts";
import type { Operations } from "../../core/operations.ts";
import type { Ref } from "../../core/organizations/organization.ts";
import type { Intent } from "../../core/preflight.ts";
import type { Store } from "../../core/stores/store.ts";
import { type Aliases, storeRef } from "./namespaces.ts";
import type { At } from "./noun.ts";
import { type QueryText, queryOf } from "./options.ts";
import { asks, type scopes } from "./scopes.ts";
import { type Answer, conflict, forbidden, modified, type Named, notFound } from "./status.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Where the request acts, once its caller is admitted. */
    place: { readonly org: Ref; readonly store: Store | null } | null;
  }
}

/** What every route of this dialect is built with. */
export interface Site {
  readonly app: FastifyInstance;
  readonly operations: Operations;
  readonly aliases: Aliases;
}

export interface Params {
  readonly namespace?: string;
  readonly name?: string;
}

export interface Declared {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly url: string;
  readonly verb: (query: QueryText) => string;
  readonly noun: { readonly resource: "securevalues" | "keepers"; readonly kind: string };
  readonly scope: keyof typeof scopes;
  readonly action: Action;
  /** On one object, on some of a namespace, or in all namespaces. */
  readonly on: "object" | "some" | "everywhere";
}

export interface Asked {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly at: At;
  readonly name: string;
  readonly query: QueryText;
  readonly body: Buffer | undefined;
}

export type Handler = (asked: Asked) => Promise<Answer | "sent">;

export function route({ app, operations, aliases }: Site, declared: Declared, handler: Handler): void {
  const { method, url } = declared;
  app.route<{ Params: Params }>({
    method: method === "GET" ? ["GET", "HEAD"] : method,
    url,
    onRequest: async (request, reply) => {
      demandKnown(request);
      try {
        request.place = await admitted(operations, aliases, declared, request);
      } catch (error) {
        if (!isRefused(error)) throw error;
        return send(reply, refusal(declared, request));
      }
    },
    handler: async (request, reply) => {
      const query = queryOf(request.query);
      let answer: Answer | "sent";
      try {
        const asked = {
          request,
          reply,
          at: atOf(request),
          name: request.params.name ?? "",
          query,
          body: request.body as Buffer | undefined, // as this dialect's parser has it
        };
        answer = await handler(asked);
      } catch (error) {
        answer = problem(error, declared, request);
      }
      return answer === "sent" ? reply : send(reply, answer);
    },
  });
}

/** Jobs and services have ways of their own to what they read; here nobody knows them. */
export function demandKnown({ caller }: Pick<FastifyRequest, "caller">): void {
  if (caller.kind !== "person" && caller.kind !== "machine") throw unauthenticated("misplaced");
}

/** The store of a request over all namespaces is none. */
function atOf({ caller, place, params }: FastifyRequest): At {
  if (place === null) throw new CofferError("internal", "A route was asked before its caller was admitted.");
  const { namespace = "" } = params as Params;
  return { caller, org: place.org, store: place.store as Store, namespace };
}

async function admitted(
  operations: Operations,
  aliases: Aliases,
  { noun, scope, action, on }: Declared,
  { caller, params }: FastifyRequest,
): Promise<FastifyRequest["place"]> {
  const { namespace = "", name } = params as Params;
  const id = await operations.organizations.sole(caller);
  if (id === null)
    throw new CofferError("caller.denied", "The credential is of no organization, or of several.");
  const org = { id };
  const store = storeRef(aliases, namespace);
  // A document is as much its reader's as the store it lies in.
  const named = noun.resource === "securevalues" && on === "object" && name !== undefined;
  const somewhere = named ? { store, secret: { name } } : { store, ...(on === "some" ? some : {}) };
  const intent: Intent = {
    ...asks(scope, action),
    place: on === "everywhere" ? "anywhere" : somewhere,
    absent: true,
  };
  return { org, store: (await operations.admission(caller, org, intent)).store };
}

const some = { someSecrets: true } as const;

const refusedCodes: ReadonlySet<string> = new Set([
  "caller.denied",
  "organization.not_found",
  "store.not_found",
  "secret.not_found",
]);

function isRefused(error: unknown): boolean {
  return error instanceof CofferError && refusedCodes.has(error.code);
}

function namedBy({ noun }: Declared, request: FastifyRequest): Named {
  const { name = null } = request.params as { readonly name?: string };
  return { ...noun, name };
}

function refusal(declared: Declared, request: FastifyRequest): Answer {
  const { namespace = null } = request.params as { readonly namespace?: string };
  const verb = declared.verb(queryOf(request.query));
  return forbidden(namedBy(declared, request), { user: request.caller.name, verb, namespace });
}

/** What an operation refused, said of this object; all else is said by errors.ts. */
function problem(error: unknown, declared: Declared, request: FastifyRequest): Answer {
  if (!(error instanceof CofferError)) throw error;
  const named = namedBy(declared, request);
  switch (error.code) {
    case "caller.denied":
      return refusal(declared, request);
    case "store.not_found":
    case "secret.not_found":
    case "document.not_found":
      // Who was admitted may know that it is not there.
      return named.name === null ? refusal(declared, request) : notFound(named);
    case "precondition.failed":
      return conflict(named, modified);
    default:
      throw error;
  }
}

export function send(reply: FastifyReply, { status, body, headers = {} }: Answer): FastifyReply {
  for (const [name, value] of Object.entries(headers)) reply.header(name, value);
  return reply.code(status).type("application/json").send(JSON.stringify(body));
}
