// The dialect of Bitwarden Secrets Manager: `/identity/connect/token` and `/api`, for `bws`, the SDKs and
// what is built on them. Projects and machine accounts are the core's stores and machines; names and
// values travel as EncStrings. The contract is specs/bitwarden.md, the differences
// docs/dialects/bitwarden.md.
import type { Dialect, RequestHeaders } from "../dialect.ts";
import { presentError } from "./errors.ts";
import { organizationRef } from "./route.ts";
import { routes } from "./routes.ts";

export const bitwarden: Dialect = {
  name: "bitwarden",
  mounts: ["/identity", "/api"],
  prefix: "/bitwarden",
  bodies: "assumed",
  normalizePath,
  credential,
  organizationNamed: ({ organizationId }) =>
    organizationId === undefined ? null : organizationRef(organizationId),
  // Its access tokens are narrowed by nothing: what a machine may do, its policies say.
  scopes: {},
  presentError,
  rateHeaders: ({ resetSeconds, exceeded }) => (exceeded ? { "retry-after": String(resetSeconds) } : {}),
  routes,
};

/** Clients append to a base URL, with and without a slash at its end; the service knows no letter case. */
function normalizePath(path: string): string {
  const collapsed = path.replace(/\/{2,}/g, "/").toLowerCase();
  return collapsed.length > 1 && collapsed.endsWith("/") ? collapsed.slice(0, -1) : collapsed;
}

// No comma: two credentials in one request are none.
const bearer = /^bearer +([\w.~+/=-]+)$/i;

function credential({ authorization }: RequestHeaders): string | null {
  return typeof authorization === "string" ? (bearer.exec(authorization)?.[1] ?? null) : null;
}
