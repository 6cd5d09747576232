// What is counted of requests: one counter for each route and class of status, made when the route is
// declared, so that a request costs a hook and a few additions. A path that no route has is counted once
// for its dialect: clients choose paths, and must not make series of them.
import type { onResponseHookHandler, RouteOptions } from "fastify";
import type { ErrorCode } from "../../core/errors.ts";
import { Histogram, secondsBounds } from "./histogram.ts";
import type { Page } from "./page.ts";

interface RouteCount {
  readonly dialect: string;
  readonly method: string;
  readonly route: string;
  /** By the first digit of the status. */
  readonly statuses: Float64Array;
  readonly seconds: Histogram;
}

export interface RequestCounts {
  /** Counts what this route answers. The same route under another prefix is the same one. */
  hook(
    dialect: string,
    route: Pick<RouteOptions, "method"> & { readonly url: string },
  ): onResponseHookHandler;
  /** There is no such route. */
  unmatched(dialect: string, status: number): void;
  failed(dialect: string, code: ErrorCode): void;
  show(page: Page): void;
}

const statusClasses = ["1xx", "2xx", "3xx", "4xx", "5xx"] as const;

export function requestCounts(): RequestCounts {
  const routes = new Map<string, RouteCount>();
  const errors = new Map<string, Map<ErrorCode, number>>();

  const countOf = (dialect: string, method: string, route: string): RouteCount => {
    const key = `${dialect} ${method} ${route}`;
    const known = routes.get(key);
    if (known !== undefined) return known;
    const statuses = new Float64Array(statusClasses.length + 1);
    const made = { dialect, method, route, statuses, seconds: new Histogram(secondsBounds) };
    routes.set(key, made);
    return made;
  };
  const note = ({ statuses, seconds }: RouteCount, status: number, ms: number) => {
    const digit = Math.floor(status / 100);
    statuses[digit] = (statuses[digit] ?? 0) + 1;
    seconds.observe(ms / 1000);
  };

  return {
    hook(dialect, { method, url }) {
      // A handler for many methods at once is one that refuses them.
      const methods = [method].flat();
      let count: RouteCount | null = null;
      return (_request, reply, done) => {
        count ??= countOf(dialect, methods.length === 1 ? String(methods[0]) : "other", url);
        note(count, reply.statusCode, reply.elapsedTime);
        done();
      };
    },
    unmatched: (dialect, status) => {
      const { statuses } = countOf(dialect, "any", "none");
      const digit = Math.floor(status / 100);
      statuses[digit] = (statuses[digit] ?? 0) + 1;
    },
    failed(dialect, code) {
      const here = errors.get(dialect) ?? new Map<ErrorCode, number>();
      errors.set(dialect, here.set(code, (here.get(code) ?? 0) + 1));
    },
    show(page) {
      for (const { dialect, method, route, statuses } of routes.values()) {
        for (const [index, status] of statusClasses.entries()) {
          const count = statuses[index + 1] ?? 0;
          if (count > 0) page.add("coffer_http_requests_total", count, { dialect, method, route, status });
        }
      }
      for (const { dialect, method, route, seconds } of routes.values()) {
        if (route !== "none")
          page.histogram("coffer_http_request_seconds", seconds, { dialect, method, route });
      }
      for (const [dialect, codes] of errors) {
        for (const [code, count] of codes) page.add("coffer_errors_total", count, { dialect, code });
      }
    },
  };
}
