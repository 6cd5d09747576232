// The permissions of API tokens, by the names that the service's own pages give them.
import type { Action } from "../../core/actions.ts";
import type { Intent } from "../../core/preflight.ts";

const read: readonly Action[] = [
  "organization.read",
  "store.list",
  "store.read",
  "secret.list",
  "secret.read",
];
const write: readonly Action[] = [
  ...read,
  "store.create",
  "store.delete",
  "secret.create",
  "secret.update",
  "secret.write",
  "secret.delete",
];

export const scopes = {
  "Secrets Store Read": read,
  "Secrets Store Write": write,
  "Account Secrets Store Read": read,
  "Account Secrets Store Edit": write,
  /** Who one is needs no right. */
  "User Details Read": [],
  "Memberships Read": ["organization.read"],
  "Account Settings Read": ["organization.read"],
} satisfies Readonly<Record<string, readonly Action[]>>;

type ScopeName = keyof typeof scopes;
type Names = readonly [ScopeName, ...ScopeName[]];

const writers: Names = ["Secrets Store Write", "Account Secrets Store Edit"];
const readers: Names = ["Secrets Store Read", "Account Secrets Store Read", ...writers];

/** Of what is done with stores and secrets; a token that was narrowed to core actions has it by these. */
export function asks(permission: "read" | "write", action: Action): Pick<Intent, "action" | "scope"> {
  return { action, scope: { names: permission === "read" ? readers : writers, byAction: true } };
}

export const userDetails: Pick<Intent, "action" | "scope"> = {
  action: "people.read",
  scope: { names: ["User Details Read"], byAction: true },
};
