// A path that is known answers a method that it does not take as such.
import type { FastifyInstance } from "fastify";
import { CofferError } from "../core/errors.ts";

const everyMethod = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

export function refuseOtherMethods(app: FastifyInstance, url: string, allowed: readonly string[]): void {
  const refuse = async (): Promise<never> => {
    throw new CofferError("route.method", "This path does not take that method.", { allowed });
  };
  const method = everyMethod.filter((it) => !allowed.includes(it));
  // Before the body is read: what it holds does not matter any more.
  app.route({ method, url, onRequest: refuse, handler: refuse });
}
