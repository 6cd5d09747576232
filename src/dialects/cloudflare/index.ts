// The dialect of Cloudflare's Secrets Store: its metadata routes with what clients ask beside them, and
// the routes by which services read values. An account is an organization, a store a store, scopes are the
// consumers of a secret. The contract is specs/cloudflare.md, the differences docs/dialects/cloudflare.md.
import type { Dialect } from "../dialect.ts";
import { credential } from "./credential.ts";
import { presentError } from "./errors.ts";
import { accountRef } from "./places.ts";
import { routes } from "./routes.ts";
import { scopes } from "./scopes.ts";

export const cloudflare: Dialect = {
  name: "cloudflare",
  mounts: ["/client/v4"],
  prefix: "/cloudflare",
  bodies: "assumed",
  normalizePath,
  credential,
  organizationNamed: ({ account }) => (account === undefined ? null : accountRef(account)),
  scopes,
  presentError,
  // Its clients read `retry-after`, which a refusal has.
  rateHeaders: () => ({}),
  routes,
};

/**
 * Clients join a base URL with a slash at its end and a path that begins with one. Nowhere else is a slash
 * too many nothing: a missing id must not lead to the route of the whole list.
 */
function normalizePath(path: string): string {
  return path.replace(/^\/+((?:cloudflare\/)?client\/v4)\/+/, "/$1/");
}
