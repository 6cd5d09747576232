// The HTTP server: the framework's limits, the dialects, health. What every dialect shares and
// nothing of what one of them means.
import type { Server } from "node:http";
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from "fastify";
import { clientLogins, withClientTokens } from "../auth/access-tokens.ts";
import { authenticator } from "../auth/bearer.ts";
import { loginThrottle } from "../auth/throttle.ts";
import { withWorkloads } from "../auth/workload/sessions.ts";
import type { Network } from "../core/addresses.ts";
import { CofferError } from "../core/errors.ts";
import { parseToken, sameHash } from "../crypto/tokens.ts";
import { dialects } from "../dialects/all.ts";
import type { Dialect } from "../dialects/dialect.ts";
import { native } from "../dialects/native/index.ts";
import { documentOf } from "../dialects/native/routes.ts";
import type { OpenNode, SealedNode } from "./compose.ts";
import type { Draining } from "./drain.ts";
import type { Metrics } from "./metrics/metrics.ts";
import { metricsPart } from "./metrics/route.ts";
import { answerError, dialectAt, mountDialect, mountsOf, notFound, pathOf } from "./mount.ts";
import { type RateRules, requestRates } from "./rates.ts";
import type { Health } from "./ready.ts";
import { referencePages } from "./reference/pages.ts";
import { compileWhenAsked } from "./schemas.ts";
import type { Tls } from "./tls/open.ts";
import type { Tracing } from "./tracing.ts";

/** Bounds of the transport; those of the domain are in core/limits.ts. */
const bodyBytesMax = 1024 * 1024;
/** 500 characters of four bytes each, percent-encoded. */
const pathPartCharactersMax = 6_100;
const requestMsMax = 60_000;
const headersMsMax = 15_000;
const keepAliveMs = 72_000;
const connectionsMax = 10_000;

/** What the framework sets on a plain server, and as long for a handshake as for the headers after it. */
const overTls = {
  requestTimeout: requestMsMax,
  headersTimeout: headersMsMax,
  keepAliveTimeout: keepAliveMs,
  handshakeTimeout: headersMsMax,
} as const;

const mounts = mountsOf(dialects);

/** Answered by a sealed server too. */
const healthPaths: ReadonlySet<string> = new Set(["/healthz", "/readyz"]);

export function createApp(
  node: OpenNode | SealedNode,
  parts: {
    log: FastifyBaseLogger;
    publicUrl: string;
    serviceNames: readonly string[];
    namespaces: ReadonlyMap<string, string>;
    valueKilobytes: number;
    trustedProxies: readonly Network[];
    rateLimit: RateRules;
    tls: Pick<Tls, "serverFactory"> | null;
    metrics: Metrics;
    health: Health;
    draining: Draining;
    tracing: Tracing | null;
  },
): FastifyInstance {
  const { ServerResponse } = parts.draining;
  // Two credentials in one request must be seen as two, not as the first.
  const http = { joinDuplicateHeaders: true, ServerResponse } as const;
  const app = Fastify({
    loggerInstance: parts.log,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: bodyBytesMax,
    requestTimeout: requestMsMax,
    keepAliveTimeout: keepAliveMs,
    forceCloseConnections: "idle",
    // While it ends: who has a connection is served on it once more, and told that it closes.
    return503OnClosing: false,
    exposeHeadRoutes: false,
    http,
    ...(parts.tls === null ? {} : { serverFactory: parts.tls.serverFactory({ ...http, ...overTls }) }),
    routerOptions: { maxParamLength: pathPartCharactersMax },
    genReqId: node.sealed ? () => crypto.randomUUID() : () => node.context.ids.next(),
    rewriteUrl: (request) => normalized(request.url ?? "/"),
    // A path that cannot be decoded reaches no hook.
    frameworkErrors: (error, request, reply) => {
      const { requests: counts } = parts.metrics;
      return answerError(dialectFor(request.url), node.sealed ? sealed() : error, request, reply, counts);
    },
    // A logger for each request costs more than all its routing; the few lines name the request themselves.
    childLoggerFactory: (logger) => logger,
  });
  compileWhenAsked(app);
  parts.draining.keepWhole(app.server);
  app.server.maxConnections = connectionsMax;
  app.server.headersTimeout = headersMsMax;
  app.decorateRequest("caller");
  app.decorateRequest("address", null);
  app.decorateRequest("traceId", null);
  // Not for speed: a body's own message is masked wherever an error escapes a dialect's part.
  const { requests: counts } = parts.metrics;
  app.setErrorHandler((error, request, reply) =>
    answerError(dialectFor(request.url), error, request, reply, counts),
  );
  app.setNotFoundHandler((request, reply) => {
    const dialect = dialectFor(request.url);
    answerError(dialect, notFound(), request, reply, counts);
    counts.unmatched(dialect.name, reply.statusCode);
    return reply;
  });
  app.addHook("onRequest", (request, reply, done) => {
    reply.header("x-request-id", request.id);
    reply.header("cache-control", "no-store");
    // Before any body is read: a sealed server has nothing to say about one.
    if (node.sealed && !healthPaths.has(request.routeOptions.url ?? "")) done(sealed());
    else done();
  });
  parts.tracing?.requests(app);
  health(app, parts.health);
  parts.metrics.setConnections(() => connectionsOf(app.server));
  // No route of any dialect: the hook above has answered already.
  if (node.sealed) return app;
  const { database, clock, ids, refusals } = node.context;
  const form = { parse: parseToken, same: sameHash };
  const throttle = loginThrottle(clock);
  const { keyring, minting } = node.context;
  const mounting = {
    authenticator: withClientTokens(
      withWorkloads(authenticator({ database, clock, form, throttle }), {
        database,
        keys: node.workloadKeys,
        clock,
        ids,
      }),
      { database, keyring, clock, dialect: "bitwarden" },
    ),
    refusals,
    uses: node.uses,
    trustedProxies: parts.trustedProxies,
    rates: requestRates(parts.rateLimit, { clock, reached: node.operations.organizations.reached }),
    reserve: node.reserve,
    committed: node.committed,
    counts,
    services: {
      operations: parts.tracing?.operations(node.operations) ?? node.operations,
      logins: clientLogins({ database, keyring, minting, clock, throttle, same: sameHash }),
      publicUrl: parts.publicUrl,
      serviceNames: parts.serviceNames,
      namespaces: parts.namespaces,
      valueKilobytes: parts.valueKilobytes,
    },
  };
  const scrape = () => parts.metrics.scrape(node);
  for (const part of [...dialects, metricsPart(scrape)]) mountDialect(app, part, mounting);
  referencePages(app, () => documentOf(mounting.services));
  return app;
}

function dialectFor(url: string): Dialect {
  return dialectAt(mounts, pathOf(url)) ?? native;
}

function normalized(url: string): string {
  const path = pathOf(url);
  // Clients that append to a base URL with a slash at its end begin with two.
  const dialect = dialectAt(mounts, path.startsWith("//") ? path.replace(/^\/+/, "/") : path);
  return dialect === null ? url : dialect.normalizePath(path) + url.slice(path.length);
}

/** Names the key that is wanted: whoever runs the server reads it in the log, clients learn no more. */
function sealed(): CofferError {
  return new CofferError("server.sealed", "The server is sealed: it was started without its root key.");
}

function health(app: FastifyInstance, { ready }: Health): void {
  app.get("/healthz", async () => ({ status: "ok" }));
  app.get("/readyz", async (_request, reply) => {
    const { status, body } = await ready();
    return reply.code(status).send(body);
  });
}

function connectionsOf(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.getConnections((error, count) => resolve(error === null ? count : 0));
  });
}
