// TLS of one node: a certificate from wherever the configuration says, and a listener that serves it, and
// that takes a new one without letting go of anybody.
import { createServer, type Server, type ServerOptions } from "node:https";
import type { FastifyServerFactory } from "fastify";
import type { OpenNode, SealedNode } from "../compose.ts";
import { autoCertificates } from "./auto.ts";
import type { CertificateParts, Certificates } from "./certificates.ts";
import { ownCertificates } from "./own.ts";
import type { Pair } from "./pair.ts";
import { applicationProtocols, protocol } from "./protocol.ts";

export interface Tls {
  readonly authority: Certificates["authority"];
  /** Makes listeners with these bounds of HTTP. */
  serverFactory(bounds: ServerOptions): FastifyServerFactory;
  /** Serves what has come in the meantime, or is due. */
  look(): Promise<void>;
}

/** Null where plain http is spoken. */
export async function openTls(node: OpenNode | SealedNode, parts: CertificateParts): Promise<Tls | null> {
  const { tls } = parts.config;
  if (tls === null) return null;
  const certificates =
    tls.mode === "auto" ? await autoCertificates(tls.names, node, parts) : await ownCertificates(tls, parts);
  const servers: Server[] = [];
  return {
    authority: certificates.authority,
    serverFactory: (bounds) => (handler) => {
      const options = { ...bounds, ...contextOf(certificates.pair), ALPNProtocols: applicationProtocols };
      const server = createServer(options, handler);
      servers.push(server);
      return server;
    },
    async look() {
      const pair = await certificates.look();
      // Connections that are open keep what they began with.
      if (pair !== null) for (const server of servers) server.setSecureContext(contextOf(pair));
    },
  };
}

function contextOf({ cert, key }: Pair) {
  return { ...protocol, cert, key };
}
