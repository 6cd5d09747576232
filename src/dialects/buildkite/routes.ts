// The routes of the Buildkite dialect, put on a server. Each noun's lie in routes/.
import type { FastifyInstance } from "fastify";
import type { DialectServices } from "../dialect.ts";
import { openToAll } from "./errors.ts";
import type { Site } from "./route.ts";
import { accountRoutes } from "./routes/account.ts";
import { clusterRoutes } from "./routes/clusters.ts";
import { graphqlRoutes } from "./routes/graphql.ts";
import { jobRoutes } from "./routes/jobs.ts";
import { organizationRoutes } from "./routes/organizations.ts";
import { secretRoutes } from "./routes/secrets.ts";
import * as schema from "./schema.ts";

export function routes(app: FastifyInstance, services: DialectServices): void {
  const { operations, publicUrl, valueKilobytes } = services;
  const site: Site = {
    app,
    operations,
    valueKilobytes,
    bases: { api: `${publicUrl}${app.prefix}`, web: publicUrl },
  };
  app.decorateRequest("admitted", null);
  accountRoutes(site);
  organizationRoutes(site);
  clusterRoutes(site);
  secretRoutes(site);
  jobRoutes(site);
  graphqlRoutes(site);
  greet(app, "/", "🛠");
  greet(app, "/v3", "👋");
  openToBrowsers(app);
}

/** What clients that look whether anybody is there are answered. */
function greet(app: FastifyInstance, url: string, message: string): void {
  app.route({
    method: ["GET", "HEAD"],
    url,
    config: { public: true },
    schema: { response: { 200: schema.greeting } },
    handler: async () => ({ message, timestamp: Math.floor(Date.now() / 1_000) }),
  });
}

/** A browser asks before it sends a token, and sends none along. */
function openToBrowsers(app: FastifyInstance): void {
  app.route({
    method: "OPTIONS",
    url: "/v2/*",
    config: { public: true },
    handler: async (_request, reply) =>
      reply
        .code(204)
        .headers({
          ...openToAll,
          "access-control-allow-methods": "GET, HEAD, POST, PUT, PATCH, DELETE",
          "access-control-allow-headers": "Authorization, Content-Type",
        })
        .send(),
  });
}
