// What a dialect declares, whole, as the server mounts it.
import Fastify from "fastify";
import type { Dialect } from "../../../src/dialects/dialect.ts";
import { nobodyLogsIn } from "../../support/logins.ts";
import type { TestCoffer } from "../../support/server.ts";

export interface DeclaredRoute {
  readonly row: string;
  readonly method: string;
  readonly config: Readonly<Record<string, unknown>>;
}

export async function declaredRoutes(dialect: Dialect, coffer: TestCoffer): Promise<DeclaredRoute[]> {
  const declared: DeclaredRoute[] = [];
  const app = Fastify({ exposeHeadRoutes: false });
  app.addHook("onRoute", ({ method: methods, url, config = {} }) => {
    for (const method of [methods].flat())
      declared.push({ row: `${method} ${url}`, method, config: { ...config } });
  });
  dialect.routes(app, {
    operations: coffer.node.operations,
    logins: nobodyLogsIn,
    publicUrl: coffer.url,
    serviceNames: [],
    namespaces: new Map(),
    valueKilobytes: 8,
  });
  await app.ready();
  await app.close();
  return declared;
}
