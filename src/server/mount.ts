// Puts dialects on one server: each in a part of its own with its own credential, parser, error
// form and not-found answer. It knows no dialect by name and nothing of the domain.
import type { FastifyInstance, FastifyReply, FastifyRequest, onRequestHookHandler } from "fastify";
import type { Authenticator } from "../auth/bearer.ts";
import type { LastUses } from "../auth/last-used.ts";
import type { Network } from "../core/addresses.ts";
import type { Refusals } from "../core/audit/refusals.ts";
import { BackendError } from "../core/backends/port.ts";
import type { Caller } from "../core/caller.ts";
import { CofferError } from "../core/errors.ts";
import type { Dialect, DialectServices } from "../dialects/dialect.ts";
import { clientAddress } from "../http/client-address.ts";
import { toCofferError } from "../http/faults.ts";
import { acceptJson } from "../http/json.ts";
import { type Rate, rateExceeded } from "../http/rate-limit.ts";
import { remoteTrace } from "../http/trace-context.ts";
import type { Committed } from "./committed.ts";
import type { RequestCounts } from "./metrics/requests.ts";
import type { Rates } from "./rates.ts";
import { type Reserve, storageFull } from "./reserve.ts";

declare module "fastify" {
  interface FastifyRequest {
    caller: Caller;
    /** The client's, as far as it can be known; see http/client-address.ts. */
    address: string | null;
  }
  interface FastifyContextConfig {
    /** Served without a credential: documents, and routes that give credentials. */
    public?: boolean;
  }
}

export interface MountParts {
  readonly authenticator: Authenticator;
  readonly refusals: Refusals;
  readonly uses: Pick<LastUses, "note">;
  readonly trustedProxies: readonly Network[];
  /** Null: requests are not limited. */
  readonly rates: Rates | null;
  readonly reserve: Pick<Reserve, "low">;
  readonly committed: Pick<Committed, "told">;
  readonly counts: RequestCounts;
  readonly services: DialectServices;
}

export function mountDialect(app: FastifyInstance, dialect: Dialect, parts: MountParts): void {
  const { authenticator, refusals, trustedProxies, rates } = parts;
  const place = (request: FastifyRequest) => {
    request.address = clientAddress(request.socket.remoteAddress, request.headers, trustedProxies);
  };
  const welcome: onRequestHookHandler = (request, _reply, done) => {
    try {
      place(request);
    } catch (error) {
      return done(asError(error));
    }
    // What nobody vouches for is the first to wait when space is short.
    if (parts.reserve.low && request.method !== "GET") done(storageFull());
    else done();
  };
  const authenticate: onRequestHookHandler = (request, reply, done) => {
    let caller: Caller | Promise<Caller>;
    try {
      place(request);
      caller = authenticator.authenticate(dialect.credential(request.headers), {
        dialect: dialect.name,
        address: request.address,
        requestId: request.id,
      });
    } catch (error) {
      return done(asError(error));
    }
    const admit = (found: Caller) => {
      request.caller = found;
      parts.uses.note(found.tokenId);
      if (rates === null) return done();
      const params = request.params as Readonly<Record<string, string>>;
      const named = dialect.organizationNamed(params, request.headers);
      const rate = rates.take(found, named);
      if (!(rate instanceof Promise)) return done(limited(dialect, rate, reply));
      rate.then((taken) => done(limited(dialect, taken, reply)), done);
    };
    if (!(caller instanceof Promise)) return admit(caller);
    caller.then(admit, done);
  };
  const prefixes = dialect.prefix === null ? [""] : ["", dialect.prefix];
  for (const prefix of prefixes) {
    app.register(
      async (scope) => {
        acceptJson(scope, dialect.bodies);
        scope.setErrorHandler((error, request, reply) => {
          // Here, because a body may find that a credential has ended which was good a moment ago.
          if (isUnauthenticated(error)) refusals.unauthenticated(error, request.address);
          const told = parts.committed.told(error, request.caller);
          return answerError(dialect, told, request, reply, parts.counts);
        });
        // Decided once for each route: asking a request for its route's options costs each of them.
        scope.addHook("onRoute", (route) => {
          const own = [route.onRequest ?? []].flat();
          route.onRequest = [route.config?.public === true ? welcome : authenticate, ...own];
          const ended = [route.onResponse ?? []].flat();
          const declared = { method: route.method, url: route.routePath };
          route.onResponse = [...ended, parts.counts.hook(dialect.name, declared)];
        });
        dialect.routes(scope, parts.services);
      },
      { prefix },
    );
  }
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error("a request could not be admitted");
}

/** Undefined where the request may go on; the headers are there either way. */
function limited(dialect: Dialect, rate: Rate | null, reply: FastifyReply): CofferError | undefined {
  if (rate === null) return undefined;
  reply.headers(dialect.rateHeaders(rate));
  return rate.exceeded ? rateExceeded(rate) : undefined;
}

function isUnauthenticated(error: unknown): error is CofferError {
  return (
    error instanceof CofferError &&
    (error.code === "caller.unauthenticated" || error.code === "caller.throttled")
  );
}

export interface Mount {
  readonly path: string;
  /** How every path below it begins. */
  readonly below: string;
  readonly dialect: Dialect;
}

/** Where dialects are, the longest path first. Made once: every request asks it. */
export function mountsOf(dialects: readonly Dialect[]): readonly Mount[] {
  return dialects
    .flatMap((dialect) => {
      const paths = dialect.prefix === null ? dialect.mounts : [...dialect.mounts, dialect.prefix];
      return paths.map((path) => ({ path, below: `${path}/`, dialect }));
    })
    .toSorted((one, other) => other.path.length - one.path.length);
}

/** The dialect whose path this is. */
export function dialectAt(mounts: readonly Mount[], path: string): Dialect | null {
  return mounts.find((mount) => path.startsWith(mount.below) || path === mount.path)?.dialect ?? null;
}

export function answerError(
  dialect: Dialect,
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  counts: Pick<RequestCounts, "failed">,
): FastifyReply {
  const known = toCofferError(error);
  counts.failed(dialect.name, known.code);
  if (known.code === "internal" || known.code === "value.integrity") {
    // Names and codes only: a message from deep inside may quote what must not be logged.
    const cause = error instanceof Error ? error : undefined;
    const traceId = request.traceId ?? remoteTrace(request.headers.traceparent)?.traceId;
    request.log.error(
      { requestId: request.id, traceId, code: known.code, errorName: cause?.name, stack: stackOf(cause) },
      "request failed",
    );
  }
  if (known.cause instanceof BackendError) {
    // Of what the vendor said only what cannot quote anything: which kind of failure, and its own id of it.
    const { failure, vendorRequestId } = known.cause;
    const told = { requestId: request.id, code: known.code, failure, vendorRequestId };
    request.log.warn(told, "a backend of values failed");
  }
  const { status, headers, body } = dialect.presentError(known, {
    requestId: request.id,
    method: request.method,
    path: pathOf(request.url),
    headers: request.headers,
  });
  // The framework's own refusals come before any hook has run.
  const own = { "x-request-id": request.id, "cache-control": "no-store" };
  reply.code(status).headers(headers).headers(own);
  if (body === null) return reply.send();
  return reply.header("content-type", "application/json; charset=utf-8").send(JSON.stringify(body));
}

/** Where it happened, without the message, which stands in the first lines. */
function stackOf(error: Error | undefined): readonly string[] {
  return (error?.stack ?? "")
    .split("\n")
    .filter((line) => line.trimStart().startsWith("at "))
    .slice(0, 8);
}

export function pathOf(url: string): string {
  const end = url.indexOf("?");
  return end < 0 ? url : url.slice(0, end);
}

export function notFound(): CofferError {
  return new CofferError("route.not_found", "There is no such route.");
}
