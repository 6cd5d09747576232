// The one decision: may this principal, through this credential, do this here? Pure: all it
// needs is handed in, so that a table can test it without a server.
import { type Action, actions } from "./actions.ts";

export type Role = "owner" | "admin" | "auditor" | "member";

/** What a caller holds in one organization, as of one pair of epochs. */
export interface Authority {
  /** Null: no membership, so the organization does not exist for this caller. */
  readonly role: Role | null;
  readonly operator: boolean;
  /** Null: the token narrows nothing. */
  readonly scopes: readonly string[] | null;
  /** Null: every store. */
  readonly stores: readonly string[] | null;
}

export interface Target {
  readonly kind: "installation" | "organization" | "store" | "secret";
  readonly storeId: string | null;
}

export interface Decision {
  readonly allowed: boolean;
  readonly because: string;
}

const auditorActions: ReadonlySet<Action> = new Set<Action>([
  "organization.read",
  "store.list",
  "store.read",
  "secret.list",
  "secret.read",
  "audit.read",
]);

const memberActions: ReadonlySet<Action> = new Set<Action>(["organization.read", "store.create"]);

function roleAllows(role: Role, action: Action): boolean {
  if (action === "organization.create") return false;
  if (role === "owner" || role === "admin") return true;
  return (role === "auditor" ? auditorActions : memberActions).has(action);
}

/** `secret.*` covers every action on secrets; a scope is an action or such a family. */
export function scopeCovers(scope: string, action: Action): boolean {
  if (scope === action) return true;
  return scope.endsWith(".*") && action.startsWith(scope.slice(0, -1));
}

export function isScope(text: string): boolean {
  return actions.some((action) => scopeCovers(text, action));
}

const allowed = (because: string): Decision => ({ allowed: true, because });
const refused = (because: string): Decision => ({ allowed: false, because });

/** A token bound to stores still reads its organization and lists, else it could not find them. */
function withinStores(stores: readonly string[], action: Action, { storeId }: Target): boolean {
  if (storeId !== null) return stores.includes(storeId);
  return action === "organization.read" || action === "store.list";
}

export function authorize(authority: Authority, action: Action, target: Target): Decision {
  const { scopes, stores, role } = authority;
  if (scopes !== null && !scopes.some((scope) => scopeCovers(scope, action))) {
    return refused(`token: no scope covers ${action}`);
  }
  if (stores !== null && !withinStores(stores, action, target))
    return refused("token: bound to other stores");
  if (action === "organization.create") {
    return authority.operator ? allowed("operator") : refused("not an operator");
  }
  if (role === null) return refused("no membership");
  return roleAllows(role, action) ? allowed(`role: ${role}`) : refused(`role: ${role} has no ${action}`);
}
