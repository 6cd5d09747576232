// The routes of the Grafana dialect, put on a server. Each noun's lie in routes/. Bodies come as bytes:
// what Kubernetes says of a repeated member is lost to whoever parses first.
import type { FastifyInstance } from "fastify";
import { refuseOtherMethods } from "../../http/methods.ts";
import type { DialectServices } from "../dialect.ts";
import type { Site } from "./route.ts";
import { discoveryRoutes, refuseOtherPaths } from "./routes/discovery.ts";
import { gsmRoutes } from "./routes/gsm.ts";
import { keeperRoutes } from "./routes/keepers.ts";
import { secureValueRoutes } from "./routes/securevalues.ts";

export function routes(app: FastifyInstance, { operations, namespaces }: DialectServices): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  app.decorateRequest("place", null);
  const methods = new Map<string, string[]>();
  app.addHook("onRoute", ({ url, method, config }) => {
    const path = url.slice(app.prefix.length);
    if (config?.nothing !== true) methods.set(path, [...(methods.get(path) ?? []), ...[method].flat()]);
  });
  const site: Site = { app, operations, aliases: namespaces };
  discoveryRoutes(app);
  secureValueRoutes(site);
  keeperRoutes(site);
  gsmRoutes(site);
  for (const [url, allowed] of methods) refuseOtherMethods(app, url, allowed);
  for (const below of ["/apis/*", "/openapi/*", "/api/v1/*", "/gsm/api/v1/*"]) refuseOtherPaths(app, below);
}
