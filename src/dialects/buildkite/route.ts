// One route: whose credentials it knows, what is asked of the core before the body is read, and what it
// answers. It knows no domain. Keeps: credential, organization, scope, cluster, permission, secret, body,
// in this order.
import type {
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  onRequestAsyncHookHandler,
  onRequestHookHandler,
} from "fastify";
import type { Static, TSchema } from "typebox";
import { unauthenticated } from "../../core/access.ts";
import type { CallerKind } from "../../core/caller.ts";
import { CofferError } from "../../core/errors.ts";
import type { Operations } from "../../core/operations.ts";
import type { Organization, Ref } from "../../core/organizations/organization.ts";
import type { Intent } from "../../core/preflight.ts";
import { openToAll } from "./errors.ts";
import type { Bases } from "./present.ts";
import type { Refusal } from "./validation.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** The organization that the path names, once the caller is admitted to it. */
    admitted: Organization | null;
  }
}

/** What every route of this dialect is built with. */
export interface Site {
  readonly app: FastifyInstance;
  readonly operations: Operations;
  readonly bases: Bases;
  /** Values are below it. */
  readonly valueKilobytes: number;
}

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

export interface Declared<P, A extends TSchema> {
  readonly method: Method | readonly Method[];
  readonly url: string;
  readonly status: 200 | 201 | 204;
  readonly answer?: A;
  /** In an organization: where, and what is about to be done there. */
  readonly intent?: (params: P) => readonly [org: Ref, intent: Intent];
  /** In none. */
  readonly scope?: Pick<Intent, "action" | "scope">;
}

export type Asked<P> = FastifyRequest<{ Params: P }>;

/** For people and machines: what the service calls an API access token. */
export function route<P, A extends TSchema>(
  site: Site,
  declared: Declared<P, A>,
  handler: (asked: Asked<P>, reply: FastifyReply) => Promise<Static<A> | FastifyReply>,
): void {
  const { intent, scope } = declared;
  const { preflight, demandScope } = site.operations;
  const admit: onRequestAsyncHookHandler = async (request) => {
    if (scope !== undefined) await demandScope(request.caller, scope);
    if (intent !== undefined) {
      const [org, wanted] = intent(request.params as P); // as declared by the path
      request.admitted = await preflight(request.caller, org, wanted);
    }
  };
  add(site, declared, handler, [showToBrowsers, knows("person", "machine"), admit]);
}

const showToBrowsers: onRequestHookHandler = (_request, reply, done) => {
  reply.headers(openToAll);
  done();
};

/** For jobs: what the service calls an agent access token. */
export function jobRoute<P, A extends TSchema>(
  site: Site,
  declared: Omit<Declared<P, A>, "intent" | "scope">,
  handler: (asked: Asked<P>, reply: FastifyReply) => Promise<Static<A> | FastifyReply>,
): void {
  add(site, declared, handler, [knows("job")]);
}

/** A credential of another kind is one that nobody knows here. */
function knows(...kinds: readonly CallerKind[]): onRequestHookHandler {
  return ({ caller }, _reply, done) => {
    done(kinds.includes(caller.kind) ? undefined : unauthenticated("misplaced"));
  };
}

function add<P, A extends TSchema>(
  { app }: Site,
  { method, url, status, answer }: Declared<P, A>,
  handler: (asked: Asked<P>, reply: FastifyReply) => Promise<Static<A> | FastifyReply>,
  onRequest: readonly (onRequestHookHandler | onRequestAsyncHookHandler)[],
): void {
  const methods = [method].flat();
  app.route<{ Params: P }>({
    method: methods.includes("GET") ? [...methods, "HEAD"] : methods,
    url,
    onRequest: [...onRequest],
    ...(answer === undefined ? {} : { schema: { response: { [status]: answer } } }),
    handler: (asked, reply) => {
      reply.code(status);
      return handler(asked, reply);
    },
  });
}

export function organizationOf({ admitted }: Pick<FastifyRequest, "admitted">): Organization {
  if (admitted === null) throw new CofferError("internal", "A route without an intent asked for one.");
  return admitted;
}

export function refuse(reply: FastifyReply, { status, body }: Refusal): FastifyReply {
  return reply.code(status).send(body);
}
