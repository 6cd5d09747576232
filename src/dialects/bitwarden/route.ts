// One route: whom it is for, where it acts, and what it answers. It knows no domain. Keeps: a credential
// of a kind that this API does not know is none; to machines, routes for people are not there.
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Static, TSchema } from "typebox";
import { unauthenticated } from "../../core/access.ts";
import type { Caller } from "../../core/caller.ts";
import { CofferError } from "../../core/errors.ts";
import { isUuid } from "../../core/ids.ts";
import type { Operations } from "../../core/operations.ts";
import type { Custody, Ref } from "../../core/organizations/organization.ts";
import type { MachineSight, SecretSight, StoreSight } from "../../core/sights/sight.ts";
import type { ThingKind } from "../../core/sights/where.ts";
import type { DialectServices } from "../dialect.ts";
import { errorBody, type Problems } from "./errors.ts";
import { type Wire, wireFor } from "./wire.ts";

export interface Site {
  readonly app: FastifyInstance;
  readonly operations: Operations;
  readonly logins: DialectServices["logins"];
}

export interface Declared<A extends TSchema> {
  readonly method: "GET" | "POST" | "PUT";
  readonly url: string;
  /** Absent: machines as well. */
  readonly only?: "people";
  readonly bodyBytesMax?: number;
  /** Absent: no body. */
  readonly answer?: A;
}

export type Asked = FastifyRequest<{
  Params: Readonly<Record<string, string>>;
  Querystring: Readonly<Record<string, unknown>>;
}>;

/** What the parts of a request break, said all at once. */
export class Refusal {
  readonly status: number;
  readonly body: unknown;

  constructor(problems: Problems) {
    this.status = 400;
    this.body = errorBody("The model state is invalid.", problems);
  }
}

/** A rule of the contract with a sentence of its own. */
export class BusinessRefusal {
  readonly status: number;
  readonly body: unknown;

  constructor(message: string, status = 400) {
    this.status = status;
    this.body = errorBody(message);
  }
}

export type Outcome<T> = T | Refusal | BusinessRefusal;

/** Of thousands of ids, and of imports. */
export const bulkBytesMax = 16 * 1024 * 1024;

export function route<A extends TSchema>(
  { app }: Site,
  { method, url, only, bodyBytesMax, answer }: Declared<A>,
  handler: (asked: Asked) => Promise<Outcome<Static<A> | undefined>>,
): void {
  app.route<{ Params: Readonly<Record<string, string>>; Querystring: Readonly<Record<string, unknown>> }>({
    method,
    url: `/api${url}`,
    ...(bodyBytesMax === undefined ? {} : { bodyLimit: bodyBytesMax }),
    ...(answer === undefined ? {} : { schema: { response: { 200: answer } } }),
    onRequest: async ({ caller }) => {
      if (caller.kind === "machine" && only !== "people") return;
      if (caller.kind === "machine") throw new CofferError("route.not_found", "Only people call this.");
      if (caller.kind !== "person") throw unauthenticated("misplaced");
    },
    handler: async (asked, reply) => answerWith(reply, await handler(asked)),
  });
}

function answerWith(reply: FastifyReply, outcome: unknown): FastifyReply {
  if (outcome instanceof Refusal || outcome instanceof BusinessRefusal) {
    return json(reply.code(outcome.status)).serializer(JSON.stringify).send(outcome.body);
  }
  return outcome === undefined ? reply.code(200).send() : json(reply.code(200)).send(outcome);
}

/** Newer clients refuse a JSON answer whose content type does not say that it is one. */
function json(reply: FastifyReply): FastifyReply {
  return reply.header("content-type", "application/json; charset=utf-8");
}

export function organizationRef(text: string): Ref {
  // What has not the form of an id is no organization's.
  return { id: isUuid(text) ? text.toLowerCase() : nobody };
}

const nobody = "00000000-0000-0000-0000-000000000000";

/** Where a request acts, and under which key names and values travel. */
export interface Place {
  readonly caller: Caller;
  readonly org: Ref & { readonly id: string };
  readonly custody: Custody;
  readonly wire: Wire;
}

/** An id in a path; a problem where it has not the form of one. */
export function pathId(asked: Asked, name: string): string | Refusal {
  const text = asked.params[name] ?? "";
  if (isUuid(text)) return text.toLowerCase();
  return new Refusal({ [name]: [`The value '${text.slice(0, 100)}' is not valid.`] });
}

/** In the organization that the path names. */
export async function inOrganization(site: Site, asked: Asked): Promise<Place | Refusal> {
  const id = pathId(asked, "organizationId");
  return id instanceof Refusal ? id : placeIn(site, asked.caller, id);
}

/** In the organization where what the path names lies. Whether it is there for the caller, others decide. */
export async function whereLies(
  site: Site,
  asked: Asked,
  kind: ThingKind,
  name: string,
): Promise<(Place & { readonly id: string }) | Refusal> {
  const id = pathId(asked, name);
  if (id instanceof Refusal) return id;
  const organizationId = await site.operations.sights.where(asked.caller, kind, id);
  return { id, ...(await placeIn(site, asked.caller, organizationId)) };
}

/** What there is to be seen of a thing. */
interface Sights {
  readonly store: StoreSight;
  readonly secret: SecretSight;
  readonly machine: MachineSight;
}

/**
 * At a thing that is there for the caller. Asked before his body is looked at: what is wrong with that
 * would tell him that the thing is there.
 */
export async function atThing<K extends keyof Sights>(
  site: Site,
  asked: Asked,
  kind: K,
  name: string,
): Promise<(Place & { readonly id: string; readonly sight: Sights[K] }) | Refusal> {
  const place = await whereLies(site, asked, kind, name);
  if (place instanceof Refusal) return place;
  const { sights } = site.operations;
  const see: { readonly [S in keyof Sights]: () => Promise<Sights[S]> } = {
    store: () => sights.store(place.caller, place.org, place.id),
    machine: () => sights.machine(place.caller, place.org, place.id),
    secret: () => sights.secret(place.caller, place.org, place.id),
  };
  return { ...place, sight: await see[kind]() };
}

export async function placeIn({ operations }: Site, caller: Caller, id: string): Promise<Place> {
  const org = { id };
  const { custody } = await operations.sights.admitted(caller, org);
  return { caller, org, custody, wire: wireFor(operations, caller, { id, custody }) };
}
