// A real issuer of OpenID Connect tokens on loopback, over TLS: discovery, a key set, signatures, a
// change of keys, and every misbehaviour that a test asks for.
import { createServer as createPlainServer } from "node:http";
import { createServer, type ServerOptions } from "node:https";
import type { AddressInfo } from "node:net";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";
import { selfSigned } from "./certificate.ts";

export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Endless: sent on and on. Silent: never sent. Text and bytes as they are, all else as JSON. */
  readonly body?: unknown;
}

export interface SignOptions {
  readonly alg?: string;
  readonly kid?: string | null;
  readonly header?: Readonly<Record<string, unknown>>;
}

export interface TestIssuer {
  /** `https://127.0.0.1:PORT`, also what it calls itself. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly certificate: string;
  /** The paths that were asked for, in order. */
  readonly requests: string[];
  /** What to answer instead, by path. */
  readonly instead: Map<string, Answer>;
  /** The public keys as it publishes them now. */
  readonly keys: () => readonly JWK[];
  /** A token with the newest key. */
  readonly sign: (claims: Record<string, unknown>, options?: SignOptions) => Promise<string>;
  /** A new key takes the place of the old ones; answers its kid. */
  readonly rotate: () => Promise<string>;
  /** How many connections are open to it. */
  readonly connections: () => Promise<number>;
  readonly close: () => Promise<void>;
}

export const discoveryPath = "/.well-known/openid-configuration";
export const keysPath = "/keys";

interface SigningKey {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
}

/** This process trusts its certificate from then on; another one takes it by NODE_EXTRA_CA_CERTS. */
export async function startIssuer(alg = "RS256"): Promise<TestIssuer> {
  const { certificate, key } = selfSigned(["127.0.0.1", "localhost", "issuer.example"]);
  setDefaultCACertificates([...getCACertificates("default"), certificate]);
  let signing = await newKey("key-1", alg);
  let count = 1;
  const requests: string[] = [];
  const instead = new Map<string, Answer>();
  let url = "";

  const usual = (path: string): Answer => {
    if (path === discoveryPath) return { body: { issuer: url, jwks_uri: `${url}${keysPath}` } };
    return path === keysPath ? { body: { keys: [signing.jwk] } } : { status: 404, body: {} };
  };
  const server = createServer({ cert: certificate, key } satisfies ServerOptions, (request, response) => {
    const path = request.url ?? "";
    requests.push(path);
    const { status = 200, headers = {}, body } = instead.get(path) ?? usual(path);
    if (body === "silent") return;
    response.writeHead(status, { "content-type": "application/json", ...headers });
    if (body !== "endless") {
      response.end(typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body));
      return;
    }
    const more = (): void => {
      while (!response.destroyed && response.write(" ".repeat(16_384)));
    };
    response.on("drain", more);
    more();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  url = `https://127.0.0.1:${port}`;

  return {
    url,
    host: `127.0.0.1:${port}`,
    port,
    certificate,
    requests,
    instead,
    keys: () => [signing.jwk],
    sign: (claims, options = {}) => {
      const { kid = signing.kid, header = {} } = options;
      return new SignJWT(claims)
        .setProtectedHeader({
          alg: options.alg ?? signing.alg,
          typ: "JWT",
          ...(kid === null ? {} : { kid }),
          ...header,
        })
        .sign(signing.privateKey);
    },
    async rotate() {
      count += 1;
      signing = await newKey(`key-${count}`, alg);
      return signing.kid;
    },
    connections: () =>
      new Promise((resolve, reject) => {
        server.getConnections((error, open) => (error === null ? resolve(open) : reject(error)));
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function newKey(kid: string, alg: string): Promise<SigningKey> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  return { kid, alg, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: "sig" } };
}

/** A server without TLS that counts who came. */
export async function startPlainServer(): Promise<{
  url: string;
  visits: () => number;
  close: () => Promise<void>;
}> {
  let visits = 0;
  const server = createPlainServer((_request, response) => {
    visits += 1;
    response.end("{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    visits: () => visits,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
