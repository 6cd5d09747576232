// Traces, where the operator has brought an SDK of OpenTelemetry (`node --import`, NODE_OPTIONS): a span
// for each request, and below it one for each operation of the core. Without an SDK nothing is loaded and
// nothing is done. A span says which route and which operation, how long and how it ended: no URL, no
// header, no argument, no message of an error, for any of these may hold what is nobody's business.
import type { Span, Context as TraceContext } from "@opentelemetry/api";
import type { FastifyInstance } from "fastify";
import { CofferError } from "../core/errors.ts";
import type { Operations } from "../core/operations.ts";
import { remoteTrace, traceState } from "../http/trace-context.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** The trace that this request belongs to; null where there is none. */
    traceId: string | null;
  }
}

export interface Tracing {
  /** Spans for the requests of every route that is declared afterwards. */
  requests(app: FastifyInstance): void;
  /** The same operations, each in a span. */
  operations(operations: Operations): Operations;
}

/** Where an SDK registers itself; the API has this one place for all its releases. */
const registered = Symbol.for("opentelemetry.js.api.1");

/** Null: nobody listens. */
export async function openTracing(): Promise<Tracing | null> {
  if (!(registered in globalThis)) return null;
  const { context, createTraceState, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, TraceFlags } =
    await import("@opentelemetry/api");
  const tracer = trace.getTracer("coffer");
  const spans = new WeakMap<object, Span>();

  const parentOf = (headers: Readonly<Record<string, string | string[] | undefined>>): TraceContext => {
    const remote = remoteTrace(headers.traceparent);
    if (remote === null) return ROOT_CONTEXT;
    const { traceId, spanId, sampled } = remote;
    const state = traceState(headers.tracestate);
    return trace.setSpanContext(ROOT_CONTEXT, {
      traceId,
      spanId,
      traceFlags: sampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
      isRemote: true,
      ...(state === null ? {} : { traceState: createTraceState(state) }),
    });
  };

  const failed = (span: Span, error: unknown) => {
    const known = error instanceof CofferError;
    span.setAttribute("error.type", known ? error.code : error instanceof Error ? error.name : "unknown");
    // A refusal is an answer; an engine that fails is a fault.
    if (!known || /^(internal$|storage\.|value\.)/.test(error.code))
      span.setStatus({ code: SpanStatusCode.ERROR });
  };

  const run = (name: string, work: () => unknown): unknown => {
    const span = tracer.startSpan(name);
    return context.with(trace.setSpan(context.active(), span), () => {
      try {
        const result = work();
        if (!(result instanceof Promise)) {
          span.end();
          return result;
        }
        result.then(
          () => span.end(),
          (error: unknown) => {
            failed(span, error);
            span.end();
          },
        );
        return result;
      } catch (error) {
        failed(span, error);
        span.end();
        throw error;
      }
    });
  };

  return {
    requests(app) {
      app.addHook("onRequest", (request, _reply, done) => {
        const route = request.routeOptions.url ?? "none";
        const parent = parentOf(request.headers);
        const attributes = {
          "http.request.method": request.method,
          "http.route": route,
          "coffer.request_id": request.id,
        };
        const kind = SpanKind.SERVER;
        const span = tracer.startSpan(`${request.method} ${route}`, { kind, attributes }, parent);
        request.traceId = span.spanContext().traceId;
        spans.set(request, span);
        // The framework keeps it across the reading of a body.
        context.with(trace.setSpan(parent, span), done);
      });
      const end = (request: object, status: number | null) => {
        const span = spans.get(request);
        if (span === undefined || !spans.delete(request)) return;
        if (status !== null) span.setAttribute("http.response.status_code", status);
        if (status === null || status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
        span.end();
      };
      app.addHook("onResponse", (request, reply, done) => {
        end(request, reply.statusCode);
        done();
      });
      app.addHook("onRequestAbort", (request, done) => {
        end(request, null);
        done();
      });
    },
    operations: (operations) => traced(operations, "", run),
  };
}

type Run = (name: string, work: () => unknown) => unknown;

/** What is no function stays as it is, read at the moment it is asked for. */
function traced<T extends object>(group: T, path: string, run: Run): T {
  const copy: T = Object.create(group);
  for (const [name, member] of Object.entries(group)) {
    const within = (value: unknown) => Object.defineProperty(copy, name, { value, enumerable: true });
    if (typeof member === "function") {
      within((...given: unknown[]) => run(path + name, () => Reflect.apply(member, group, given)));
    } else if (typeof member === "object" && member !== null) within(traced(member, `${path}${name}.`, run));
  }
  return copy;
}
