// The service's actions as scopes of tokens, with what each comes to, and its fixed roles by their names.
// Where one may act is written after it as with the core's own: `secret.securevalues:read@STORE/NAME`.
import type { Action } from "../../core/actions.ts";
import type { Intent } from "../../core/preflight.ts";

const read: readonly Action[] = ["store.list", "secret.list", "secret.read"];
const create: readonly Action[] = ["secret.create"];
// A change answers with the whole object: whoever may write reads what he writes over.
const write: readonly Action[] = ["secret.read", "secret.update", "secret.write"];
const remove: readonly Action[] = ["secret.delete"];
const readKeepers: readonly Action[] = ["store.read"];
const writeKeepers: readonly Action[] = ["store.read", "store.update"];
const decrypt: readonly Action[] = ["secret.read", "secret.reveal"];

export const scopes = {
  "secret.securevalues:read": read,
  "secret.securevalues:create": create,
  "secret.securevalues:write": write,
  "secret.securevalues:delete": remove,
  "secret.keepers:read": readKeepers,
  "secret.keepers:create": writeKeepers,
  "secret.keepers:write": writeKeepers,
  // Whether secure values are left in one is asked of their list.
  "secret.keepers:delete": [...writeKeepers, "secret.list"],
  "fixed:secret.securevalues:reader": read,
  "fixed:secret.securevalues:creator": create,
  "fixed:secret.securevalues:updater": write,
  "fixed:secret.securevalues:deleter": remove,
  "fixed:secret.keepers:reader": readKeepers,
  "fixed:secret.keepers:writer": [...writeKeepers, "secret.list"],
  "secret.grafana.app/securevalues:decrypt": decrypt,
} satisfies Readonly<Record<string, readonly Action[]>>;

type ScopeName = keyof typeof scopes;

const roles: Readonly<Record<string, ScopeName>> = {
  "secret.securevalues:read": "fixed:secret.securevalues:reader",
  "secret.securevalues:create": "fixed:secret.securevalues:creator",
  "secret.securevalues:write": "fixed:secret.securevalues:updater",
  "secret.securevalues:delete": "fixed:secret.securevalues:deleter",
  "secret.keepers:read": "fixed:secret.keepers:reader",
  "secret.keepers:create": "fixed:secret.keepers:writer",
  "secret.keepers:write": "fixed:secret.keepers:writer",
  "secret.keepers:delete": "fixed:secret.keepers:writer",
};

/** A token of the core's actions has a scope by those; one of the service's own, by their names alone. */
export function asks(scope: ScopeName, action: Action): Pick<Intent, "action" | "scope"> {
  const role = roles[scope];
  const names = [scope, ...(role === undefined ? [] : [role])] as const;
  return { action, scope: { names, byAction: true, among: Object.keys(scopes) } };
}
