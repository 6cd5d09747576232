// One route: whose credentials it knows, what is asked of the core before the body is read, and what it
// answers. It knows no domain. Keeps: credential, form of the account, account and permission, store,
// secret, body, in this order.
import type { FastifyInstance, FastifyReply, FastifyRequest, onRequestAsyncHookHandler } from "fastify";
import type { Static, TSchema } from "typebox";
import { denied, unauthenticated } from "../../core/access.ts";
import type { CallerKind } from "../../core/caller.ts";
import { CofferError, invalid } from "../../core/errors.ts";
import type { Operations } from "../../core/operations.ts";
import type { Intent } from "../../core/preflight.ts";
import { fold } from "../../core/text.ts";
import { refuseOtherMethods } from "../../http/methods.ts";
import { pair, wrongPair } from "./credential.ts";
import { account, accountRef } from "./places.ts";

/** What every route of this dialect is built with. */
export interface Site {
  readonly app: FastifyInstance;
  readonly operations: Operations;
  /** What a secret may be opened to. */
  readonly scopeNames: ReadonlySet<string>;
  /** By path, as routes are declared. */
  readonly served: Map<string, Method[]>;
}

export type Method = "GET" | "POST" | "PATCH" | "DELETE";

export interface Declared<P, A extends TSchema> {
  readonly method: Method;
  readonly url: string;
  readonly answer: A;
  /** In an account: what is about to be done there. */
  readonly intent?: (params: P) => Omit<Intent, "kinds">;
  /** In none. */
  readonly scope?: Pick<Intent, "action" | "scope">;
  /** Where services read values: for them alone, and what they may the operation decides. */
  readonly services?: Pick<Intent, "action">;
  readonly bodyBytesMax?: number;
}

export type Asked<P> = FastifyRequest<{ Params: P }>;

const base = "/client/v4";
const managing: readonly CallerKind[] = ["person", "machine"];

export function route<P, A extends TSchema>(
  site: Site,
  declared: Declared<P, A>,
  handler: (asked: Asked<P>, reply: FastifyReply) => Promise<Static<A> | FastifyReply>,
): void {
  const { method, url, answer, bodyBytesMax } = declared;
  const { served } = site;
  served.set(url, [...(served.get(url) ?? []), method]);
  site.app.route<{ Params: P }>({
    method,
    url: base + url,
    onRequest: [known(site), wellFormed, admitted(site, declared)],
    ...(bodyBytesMax === undefined ? {} : { bodyLimit: bodyBytesMax }),
    schema: { response: { 200: answer } },
    handler,
  });
}

/** Everybody but jobs, whose credentials nobody knows here; and a key comes with its person's address. */
function known({ operations }: Site): onRequestAsyncHookHandler {
  return async ({ caller, headers }) => {
    if (caller.kind === "job") throw unauthenticated("misplaced");
    const given = pair(headers);
    if (given === null) return;
    if (caller.kind !== "person") throw wrongPair();
    const { email } = await operations.people.me(caller);
    if (fold(email) !== fold(given.email)) throw wrongPair();
  };
}

/** The id of the account, and where a path ends with the id of one thing, that there is one. */
const wellFormed: onRequestAsyncHookHandler = async ({ params, routeOptions }) => {
  const named = params as Readonly<Record<string, string>>; // the router's: text by name
  if (named.account !== undefined && accountRef(named.account) === null) {
    throw invalid("account", "must have 32 hexadecimal digits");
  }
  const last = /:(\w+)$/.exec(routeOptions.url ?? "")?.[1];
  if (last !== undefined && named[last] === "") {
    throw new CofferError("route.not_found", "There is no id in the path.", { field: "id" });
  }
};

function admitted<P, A extends TSchema>(
  { operations }: Site,
  { intent, scope, services }: Declared<P, A>,
): onRequestAsyncHookHandler {
  const { preflight, demandScope } = operations;
  return async ({ caller, params }) => {
    const place = params as P & { readonly account?: string }; // as declared by the path
    if (services !== undefined) {
      if (caller.kind === "service") return;
      const nobody: Intent = { ...services, kinds: ["service"], scope: null, place: "anywhere" };
      await preflight(caller, account(place.account ?? ""), nobody);
      throw denied("not a service");
    }
    if (scope !== undefined) await demandScope(caller, { ...scope, kinds: managing });
    if (intent !== undefined) {
      await preflight(caller, account(place.account ?? ""), { ...intent(place), kinds: managing });
    }
  };
}

/** When all routes are declared. */
export function refuseMethods({ app, served }: Site): void {
  for (const [url, methods] of served) refuseOtherMethods(app, base + url, methods, [wellFormed]);
}
