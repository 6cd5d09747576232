// The dialect of Scale's SGP secrets: five routes. An account is an organization, and its secrets are those
// of the organization's default store. Values come in here and never go out. The contract is
// specs/scale.md, the differences docs/dialects/scale.md.
import type { Dialect, RequestHeaders } from "../dialect.ts";
import { accountNamed } from "./account.ts";
import { presentError } from "./errors.ts";
import { routes } from "./routes.ts";

export const scale: Dialect = {
  name: "scale",
  mounts: ["/v5/sgp"],
  prefix: "/scale",
  bodies: "assumed",
  normalizePath: (path) => path,
  credential,
  organizationNamed: (_params, headers) => accountNamed(headers),
  scopes: {},
  presentError,
  // Its clients read `Retry-After` alone, which is an error's.
  rateHeaders: () => ({}),
  routes,
};

function credential({ "x-api-key": key }: RequestHeaders): string | null {
  return typeof key === "string" && key !== "" ? key : null;
}
