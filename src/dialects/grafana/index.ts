// The dialect of Grafana's secrets management: the Kubernetes-shaped API `secret.grafana.app/v1beta1` for
// kubectl and its kin, and `/gsm/api/v1` for the services that decrypt. A namespace is a store, a
// SecureValue a secret, a decrypter a service. The contract is specs/grafana.md, the differences
// docs/dialects/grafana.md.
import type { Dialect, RequestHeaders } from "../dialect.ts";
import { presentError, rateHeaders } from "./errors.ts";
import { routes } from "./routes.ts";
import { scopes } from "./scopes.ts";

export const grafana: Dialect = {
  name: "grafana",
  mounts: ["/apis", "/openapi", "/version", "/api/v1", "/gsm/api/v1"],
  prefix: "/grafana",
  bodies: "strict",
  normalizePath,
  credential,
  organizationNamed: () => null,
  scopes,
  presentError,
  rateHeaders,
  routes,
};

/** Clients append to a base URL, with and without a slash at its end. */
function normalizePath(path: string): string {
  const single = path.replace(/^\/{2,}/, "/");
  return single.length > 1 && single.endsWith("/") ? single.slice(0, -1) : single;
}

// No comma: two credentials in one request are none.
const bearer = /^bearer +([\w.~+/=-]+)$/i;
const basic = /^basic +([\w+/]+={0,2})$/i;

/** A token as such, or as the password of whatever user; the name says nothing. */
function credential({ authorization }: RequestHeaders): string | null {
  if (typeof authorization !== "string") return null;
  const token = bearer.exec(authorization)?.[1];
  if (token !== undefined) return token;
  const pair = basic.exec(authorization)?.[1];
  if (pair === undefined) return null;
  const text = Buffer.from(pair, "base64").toString("utf8");
  const colon = text.indexOf(":");
  return colon < 0 || colon === text.length - 1 ? null : text.slice(colon + 1);
}
