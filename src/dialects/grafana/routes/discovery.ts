// Documents about the API. They are the same for everyone, but nobody without a credential gets them.
import type { FastifyInstance } from "fastify";
import { CofferError } from "../../../core/errors.ts";
import { everyMethod } from "../../../http/methods.ts";
import * as discovery from "../discovery.ts";
import * as openapi from "../openapi.ts";
import { demandKnown } from "../route.ts";
import { group, groupVersion } from "../status.ts";

const documents: Readonly<Record<string, unknown>> = {
  "/version": discovery.versionInfo,
  "/api": discovery.apiVersions,
  "/apis": discovery.groupList,
  [`/apis/${group}`]: discovery.apiGroup,
  [`/apis/${groupVersion}`]: discovery.resourceList,
  "/openapi/v3": openapi.index,
  [openapi.documentPath]: openapi.document,
};

const version2 = "/openapi/v2";

export const discoveryPaths: readonly string[] = [...Object.keys(documents), version2];

export function discoveryRoutes(app: FastifyInstance): void {
  for (const [url, document] of Object.entries(documents)) {
    const text = typeof document === "string" ? document : JSON.stringify(document);
    app.route({
      method: ["GET", "HEAD"],
      url,
      handler: async (request, reply) => {
        demandKnown(request);
        return reply.type("application/json").send(text);
      },
    });
  }
  app.route({
    method: ["GET", "HEAD"],
    url: version2,
    handler: async (request, reply) => {
      demandKnown(request);
      const binary = request.headers.accept?.includes("protobuf") === true;
      if (!binary) return reply.type("application/json").send(JSON.stringify(openapi.version2));
      return reply.type(openapi.version2Type).send(openapi.version2Binary);
    },
  });
}

/** Whatever else lies below: with a credential it is not there, without one nobody learns even that. */
export function refuseOtherPaths(app: FastifyInstance, url: string): void {
  const refuse = async (): Promise<never> => {
    throw new CofferError("route.not_found", "There is no such route.");
  };
  app.route({ method: [...everyMethod], url, config: { nothing: true }, onRequest: refuse, handler: refuse });
}
