// The routes of the Bitwarden dialect, put on a server. Each noun's lie in routes/.
import type { FastifyInstance } from "fastify";
import type { DialectServices } from "../dialect.ts";
import type { Site } from "./route.ts";
import { countRoutes } from "./routes/counts.ts";
import { eventRoutes } from "./routes/events.ts";
import { identityRoutes } from "./routes/identity.ts";
import { machineRoutes } from "./routes/machines.ts";
import { policyRoutes } from "./routes/policies.ts";
import { projectRoutes } from "./routes/projects.ts";
import { secretRoutes } from "./routes/secrets.ts";
import { transferRoutes } from "./routes/transfer.ts";
import { trashRoutes } from "./routes/trash.ts";
import { versionRoutes } from "./routes/versions.ts";

export function routes(app: FastifyInstance, services: DialectServices): void {
  const site: Site = { app, operations: services.operations, logins: services.logins };
  identityRoutes(app, services);
  secretRoutes(site);
  projectRoutes(site);
  machineRoutes(site);
  policyRoutes(site);
  versionRoutes(site);
  trashRoutes(site);
  countRoutes(site);
  eventRoutes(site);
  transferRoutes(site);
}
