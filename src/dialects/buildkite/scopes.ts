// The scopes of API access tokens. Each lets its holder know which clusters there are (`store.list`):
// the contract tells a cluster that is missing from a secret that is.
import type { Action } from "../../core/actions.ts";
import type { Intent } from "../../core/preflight.ts";

/** What the documents of the REST API call it, and what all clients do. */
const readSecrets = { names: ["read_secret_details", "read_secrets_details"] } as const;
const secretDetails: readonly Action[] = ["store.list", "secret.list", "secret.read"];
const places: readonly Action[] = ["store.list", "store.read"];
const placeChanges: readonly Action[] = ["store.create", "store.update", "store.delete"];

export const scopes = {
  read_secret_details: secretDetails,
  read_secrets_details: secretDetails,
  write_secrets: ["store.list", "secret.create", "secret.update", "secret.write", "secret.delete"],
  read_clusters: places,
  write_clusters: ["store.list", ...placeChanges],
  read_organizations: ["organization.read"],
  /** Who one is needs no right. */
  read_user: [],
  graphql: ["organization.read", ...places, ...placeChanges, "secret.list", "secret.read"],
} satisfies Readonly<Record<string, readonly Action[]>>;

export type ScopeName = keyof typeof scopes;

/** A token that was narrowed to core actions has a scope by those; where no right is asked for, by name alone. */
export function asks(scope: ScopeName, action: Action): Pick<Intent, "action" | "scope"> {
  const names = readSecrets.names.some((name) => name === scope) ? readSecrets.names : ([scope] as const);
  return { action, scope: { names, byAction: (scopes[scope] as readonly Action[]).includes(action) } };
}

/** By its name alone: what is done with it, the operations decide. */
export function named(scope: ScopeName, action: Action): Pick<Intent, "action" | "scope"> {
  return { action, scope: { names: [scope], byAction: false } };
}

/** By their own names those that a token was narrowed to, and those that its actions come to. */
export function namesOf(given: readonly string[] | null): readonly string[] {
  if (given === null) return Object.keys(scopes).filter((name) => name !== "read_secrets_details");
  return given.filter((name) => Object.hasOwn(scopes, name));
}
