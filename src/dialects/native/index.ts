// The native API: `/v1`, JSON, Bearer. The first user of the dialect interface; it sees the core
// whole and adds no rule of its own.
import { refOf } from "../../core/organizations/organization.ts";
import type { Dialect, RequestHeaders } from "../dialect.ts";
import { presentError, rateHeaders } from "./errors.ts";
import { routes } from "./routes.ts";

export const native: Dialect = {
  name: "native",
  mounts: ["/v1"],
  prefix: null,
  bodies: "strict",
  normalizePath: (path) => path,
  credential,
  organizationNamed: ({ org }) => (org === undefined ? null : refOf(org)),
  scopes: {},
  presentError,
  rateHeaders,
  routes,
};

// No comma: a server that joins repeated headers hands over two credentials with one between them.
const bearer = /^bearer +([\w.~+/=-]+)$/i;

function credential({ authorization }: RequestHeaders): string | null {
  return typeof authorization === "string" ? (bearer.exec(authorization)?.[1] ?? null) : null;
}
