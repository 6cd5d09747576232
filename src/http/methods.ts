// A path that is known answers a method that it does not take as such.
import type { FastifyInstance, HTTPMethods, onRequestAsyncHookHandler } from "fastify";
import { CofferError } from "../core/errors.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** It answers that there is nothing, or nothing by that method. */
    nothing?: true;
  }
}

export const everyMethod: readonly HTTPMethods[] = [
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "PATCH",
  "DELETE",
  "OPTIONS",
];

/** `before`: what a contract asks first of every request for the path. */
export function refuseOtherMethods(
  app: FastifyInstance,
  url: string,
  allowed: readonly string[],
  before: readonly onRequestAsyncHookHandler[] = [],
): void {
  const refuse = async (): Promise<never> => {
    throw new CofferError("route.method", "This path does not take that method.", { allowed });
  };
  const method = everyMethod.filter((it) => !allowed.includes(it));
  // Before the body is read: what it holds does not matter any more.
  const onRequest = [...before, refuse];
  if (method.length > 0) app.route({ method, url, config: { nothing: true }, onRequest, handler: refuse });
}
