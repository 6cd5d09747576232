// The dialect of Buildkite secrets: REST `/v2`, the agent's `/v3`, and as much GraphQL as Terraform asks
// for. Organizations, clusters and their secrets are the core's organizations, stores and secrets; a job
// is a session of a job. The contract is specs/buildkite.md, the differences docs/dialects/buildkite.md.
import type { Dialect, RequestHeaders } from "../dialect.ts";
import { presentError, rateHeaders } from "./errors.ts";
import { organizationRef } from "./places.ts";
import { routes } from "./routes.ts";
import { scopes } from "./scopes.ts";

export const buildkite: Dialect = {
  name: "buildkite",
  mounts: ["/v2", "/v3", "/graphql/v1"],
  prefix: "/buildkite",
  bodies: "assumed",
  normalizePath,
  credential,
  organizationNamed: ({ org }) => (org === undefined ? null : organizationRef(org)),
  scopes,
  presentError,
  rateHeaders,
  routes,
};

/** Clients append to a base URL, with and without a slash at its end; one at the end of a path is nothing. */
function normalizePath(path: string): string {
  const collapsed = path.replace(/\/{2,}/g, "/");
  return collapsed.length > 1 && collapsed.endsWith("/") ? collapsed.slice(0, -1) : collapsed;
}

// The agent says Token, everyone else Bearer. No comma: two credentials in one request are none.
const given = /^(?:bearer|token) +([\w.~+/=-]+)$/i;

function credential({ authorization }: RequestHeaders): string | null {
  return typeof authorization === "string" ? (given.exec(authorization)?.[1] ?? null) : null;
}
