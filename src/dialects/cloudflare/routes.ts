// The routes of the Cloudflare dialect, put on a server. Each noun's lie in routes/.
import type { FastifyInstance } from "fastify";
import type { DialectServices } from "../dialect.ts";
import { refuseMethods, type Site } from "./route.ts";
import { accountRoutes } from "./routes/accounts.ts";
import { secretRoutes } from "./routes/secrets.ts";
import { storeRoutes } from "./routes/stores.ts";
import { userRoutes } from "./routes/user.ts";
import { valueRoutes } from "./routes/values.ts";
import { serviceScopes } from "./validation.ts";

export function routes(app: FastifyInstance, { operations, serviceNames }: DialectServices): void {
  const scopeNames = new Set([...serviceScopes, ...serviceNames]);
  const site: Site = { app, operations, scopeNames, served: new Map() };
  // Clients print it beside an error.
  app.addHook("onRequest", (request, reply, next) => {
    reply.header("cf-ray", request.id);
    next();
  });
  storeRoutes(site);
  secretRoutes(site);
  valueRoutes(site);
  accountRoutes(site);
  userRoutes(site);
  refuseMethods(site);
}
