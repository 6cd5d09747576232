// The routes of the native API, put on a server. Each noun's lie in routes/; here they are gathered,
// documented, and a known path answers a wrong method as such.
import type { FastifyInstance } from "fastify";
import type { Operations } from "../../core/operations.ts";
import { refuseOtherMethods } from "../../http/methods.ts";
import { validationError } from "../../http/validation.ts";
import type { DialectServices } from "../dialect.ts";
import { openapi } from "./openapi.ts";
import { type Route, route } from "./route.ts";
import { backendRoutes } from "./routes/backends.ts";
import { bitwardenRoutes } from "./routes/bitwarden.ts";
import { explainRoutes } from "./routes/explain.ts";
import { grantRoutes } from "./routes/grants.ts";
import { groupRoutes } from "./routes/groups.ts";
import { historyRoutes } from "./routes/history.ts";
import { installationKeyRoutes } from "./routes/installation-keys.ts";
import { jobRoutes } from "./routes/jobs.ts";
import { keyRoutes } from "./routes/keys.ts";
import { machineRoutes } from "./routes/machines.ts";
import { organizationRoutes } from "./routes/organizations.ts";
import { peopleRoutes } from "./routes/people.ts";
import { secretRoutes } from "./routes/secrets.ts";
import { serviceRoutes } from "./routes/services.ts";
import { storeRoutes } from "./routes/stores.ts";
import { tokenRoutes } from "./routes/tokens.ts";
import { trashRoutes } from "./routes/trash.ts";
import { trustRoutes } from "./routes/trusts.ts";
import { valueRoutes } from "./routes/values.ts";

export function routes(app: FastifyInstance, { operations, publicUrl }: DialectServices): void {
  // Not to be seen by other dialects: the framework keeps it to this part of the server.
  app.setSchemaErrorFormatter((errors, part) => validationError(errors, part));
  const table = tableOf(operations, publicUrl);
  for (const { register } of table) register(app);
  for (const [url, allowed] of methodsByUrl(table)) refuseOtherMethods(app, url, allowed);
}

/** What `/v1/openapi.json` says, for who makes pages of it. */
export function documentOf({
  operations,
  publicUrl,
}: Pick<DialectServices, "operations" | "publicUrl">): string {
  return JSON.stringify(openapi(tableOf(operations, publicUrl), publicUrl));
}

function tableOf(operations: Operations, publicUrl: string): readonly Route[] {
  const served = [
    ...organizationRoutes(operations.organizations),
    ...peopleRoutes(operations),
    ...storeRoutes(operations),
    ...secretRoutes(operations),
    ...valueRoutes(operations),
    ...trashRoutes(operations),
    ...historyRoutes(operations),
    ...explainRoutes(operations),
    ...groupRoutes(operations),
    ...machineRoutes(operations),
    ...bitwardenRoutes(operations),
    ...serviceRoutes(operations),
    ...grantRoutes(operations),
    ...tokenRoutes(operations),
    ...jobRoutes(operations),
    ...trustRoutes(operations),
    ...keyRoutes(operations),
    ...installationKeyRoutes(operations),
    ...backendRoutes(operations),
  ];
  const document: Route = route(
    {
      method: "GET",
      url: "/v1/openapi.json",
      operationId: "getDocument",
      summary: "This document",
      status: 200,
      public: true,
    },
    async (_asked, reply) => {
      text ??= JSON.stringify(openapi(table, publicUrl));
      return reply.type("application/json; charset=utf-8").send(text);
    },
  );
  const table: readonly Route[] = [...served, document];
  /** Made when first asked for: a start has better things to do. */
  let text: string | null = null;
  return table;
}

function methodsByUrl(table: readonly Route[]): Map<string, string[]> {
  const methods = new Map<string, string[]>();
  for (const { url, method } of table) methods.set(url, [...(methods.get(url) ?? []), method]);
  return methods;
}
