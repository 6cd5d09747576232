// The one decision: may this principal, through this credential, do this here? Pure: all it needs is
// handed in, so that a table can test it without a server. What somebody may do is the union of what
// he is, his role and his grants, and of that what his credential's scopes and stores leave.
import { type Action, actions } from "./actions.ts";
import { allowed, type Decision, refused } from "./decision.ts";
import { actionsOf, type HeldGrant, isStronger, levelActions, type ObjectKind } from "./grants/grant.ts";
import type { Claims } from "./policies/claims.ts";
import { judge } from "./policies/evaluate.ts";
import { type Scope, scopeCovers } from "./tokens/scope.ts";

export const roles = ["owner", "admin", "auditor", "member"] as const;
export type Role = (typeof roles)[number];

/** The strongest grant on one object. */
export type Held = Pick<HeldGrant, "level" | "group">;

export interface Holdings {
  readonly organization: Held | null;
  readonly stores: ReadonlyMap<string, Held>;
  readonly secrets: ReadonlyMap<string, Held>;
  readonly machines: ReadonlyMap<string, Held>;
}

/** Who is meant in the organization, as its tables say. */
export type Standing =
  | { readonly kind: "person"; readonly role: Role; readonly holdings: Holdings }
  | { readonly kind: "machine"; readonly holdings: Holdings }
  /** Null: every store. A secret names its services by their name. */
  | { readonly kind: "service"; readonly name: string; readonly stores: readonly string[] | null }
  | { readonly kind: "job"; readonly storeId: string; readonly claims: Claims };

/** What a caller holds in one organization, as of one pair of epochs. */
export interface Authority {
  readonly principalId: string;
  /** Null: the organization does not exist for this caller. */
  readonly standing: Standing | null;
  readonly operator: boolean;
  /** Whether the organization lets members and machines make stores and machines. */
  readonly membersCreate: boolean;
  /** Null: the token narrows nothing. */
  readonly scopes: readonly Scope[] | null;
  /** Null: every store. */
  readonly stores: readonly string[] | null;
}

/** What of a secret decides about it. */
export interface SecretFacts {
  readonly id: string;
  readonly name: string;
  readonly consumers: readonly string[] | null;
  readonly policy: string | null;
}

export interface Target {
  readonly kind: "installation" | "organization" | "store" | "secret" | "machine" | "principal";
  readonly storeId: string | null;
  /** Absent: no secret in particular. */
  readonly secret?: SecretFacts;
  readonly machineId?: string;
  /** The token or membership is the caller's own. */
  readonly own?: true;
  /** It concerns somebody who is owner, or would be. */
  readonly ofOwner?: true;
}

/** What only operators do, wherever they are members. */
const operatorActions: ReadonlySet<Action> = new Set<Action>(["organization.create", "metrics.read"]);

const auditorActions: ReadonlySet<Action> = new Set(
  actions.filter((action) => /\.(read|list)$/.test(action) && !operatorActions.has(action)),
);

/** Every principal of an organization may know where he is. */
const everyone: ReadonlySet<Action> = new Set<Action>(["organization.read"]);

/** To manage one's own membership is to leave: whoever changes a role does not call it his own. */
const ownActions: ReadonlySet<Action> = new Set<Action>([
  "token.read",
  "token.manage",
  "people.read",
  "people.manage",
]);

export function authorize(authority: Authority, action: Action, target: Target): Decision {
  const narrowed = narrowing(authority, action, target);
  if (narrowed !== null) return refused(narrowed);
  if (operatorActions.has(action) || target.kind === "installation") {
    return authority.operator ? allowed("operator") : refused("not an operator");
  }
  const { standing } = authority;
  if (standing === null) return refused("no membership");
  if (standing.kind === "job") return byPolicy(standing, action, target);
  if (everyone.has(action))
    return allowed(standing.kind === "person" ? `role: ${standing.role}` : standing.kind);
  if (target.own === true && ownActions.has(action)) return allowed("his own");
  if (standing.kind === "service") return byConsumers(standing, action, target);
  const base =
    standing.kind === "person" ? byRole(authority, standing.role, action, target) : byKind(authority, action);
  // Whatever a table says, machines never manage.
  const beyond = standing.kind === "machine" && !levelActions.write.has(action);
  return base.allowed || beyond ? base : (byGrants(standing.holdings, action, target) ?? base);
}

/** What the credential takes away; null where it takes nothing. */
export function narrowing(
  { scopes, stores }: Pick<Authority, "scopes" | "stores">,
  action: Action,
  target: Target,
): string | null {
  if (scopes !== null) {
    const place = { storeId: target.storeId, name: target.secret?.name ?? null };
    if (!scopes.some((scope) => scopeCovers(scope, action, place))) return `token: no scope covers ${action}`;
  }
  if (stores !== null && !withinStores(stores, action, target)) return "token: bound to other stores";
  return null;
}

/** A token bound to stores still reads its organization and lists, else it could not find them. */
function withinStores(stores: readonly string[], action: Action, { storeId }: Target): boolean {
  if (storeId !== null) return stores.includes(storeId);
  return action === "organization.read" || action === "store.list";
}

function byRole({ membersCreate }: Authority, role: Role, action: Action, target: Target): Decision {
  const yes = allowed(`role: ${role}`);
  if (role === "owner") return yes;
  if (role === "admin") {
    if (action === "organization.delete") return refused("role: only owners delete an organization");
    return target.ofOwner === true && !auditorActions.has(action)
      ? refused("role: only owners touch owners")
      : yes;
  }
  if (role === "auditor" && auditorActions.has(action)) return yes;
  const makes = action === "store.create" || action === "machine.create";
  if (role === "member" && makes && membersCreate) return yes;
  return refused(`role: ${role} has no ${action}`);
}

function byKind({ membersCreate }: Authority, action: Action): Decision {
  if (action === "store.create" && membersCreate) return allowed("machine");
  return refused(`machine: has no ${action}`);
}

/** The grant that allows it; null where there is none. */
function byGrants(holdings: Holdings, action: Action, target: Target): Decision | null {
  for (const { object, held } of heldOn(holdings, target)) {
    if (actionsOf(object, held.level).has(action)) return allowed(grantText(object, held));
  }
  return null;
}

export interface HeldOn {
  readonly object: ObjectKind;
  readonly held: Held;
}

/** What is held on a target and on what it lies in, from the widest object to the narrowest. */
export function heldOn(holdings: Holdings, target: Target): readonly HeldOn[] {
  const all: HeldOn[] = [];
  const add = (object: ObjectKind, held: Held | null | undefined) => {
    if (held) all.push({ object, held });
  };
  if (target.kind === "principal") return all;
  if (target.machineId !== undefined) {
    add("machine", holdings.machines.get(target.machineId));
    return all;
  }
  add("organization", holdings.organization);
  if (target.storeId !== null) add("store", holdings.stores.get(target.storeId));
  if (target.secret !== undefined) add("secret", holdings.secrets.get(target.secret.id));
  return all;
}

export function grantText(object: ObjectKind, { level, group }: Held): string {
  return `grant: ${level} on the ${object}${group === null ? "" : ` by group ${group}`}`;
}

function byConsumers(
  { name, stores }: Extract<Standing, { kind: "service" }>,
  action: Action,
  { storeId, secret }: Target,
): Decision {
  if (action !== "secret.reveal" && action !== "secret.read") return refused(`service: has no ${action}`);
  if (storeId === null || (stores !== null && !stores.includes(storeId)))
    return refused("service: bound to other stores");
  return secret?.consumers?.includes(name)
    ? allowed("consumer")
    : refused("service: not among the consumers");
}

function byPolicy(
  { storeId, claims }: Extract<Standing, { kind: "job" }>,
  action: Action,
  target: Target,
): Decision {
  if (action !== "secret.reveal") return refused(`job: has no ${action}`);
  if (target.storeId !== storeId) return refused("job: of another store");
  if (target.secret === undefined) return refused("job: no secret in particular");
  return judge(target.secret.policy, claims);
}

/** The stores in which an action is allowed on all there is; null: in every one. */
export function storesFor(authority: Authority, action: Action): readonly string[] | null {
  const inAny: Target = { kind: "store", storeId: null };
  const { scopes, stores, standing } = authority;
  const unbound = { ...authority, scopes: null, stores: null };
  if (standing === null) return [];
  const everywhere = authorize(unbound, action, inAny).allowed;
  const held =
    standing.kind === "person" || standing.kind === "machine" ? [...standing.holdings.stores.keys()] : [];
  const named = scopes === null ? [] : scopes.flatMap(({ storeId }) => (storeId === null ? [] : [storeId]));
  const narrowedEverywhere =
    scopes === null || scopes.some((scope) => scopeCovers(scope, action, { storeId: null, name: null }));
  if (everywhere && narrowedEverywhere && stores === null) return null;
  const candidates = new Set([...held, ...named, ...(stores ?? [])]);
  return [...candidates].filter(
    (storeId) => authorize(authority, action, { kind: "store", storeId }).allowed,
  );
}

const noHoldings: Holdings = {
  organization: null,
  stores: new Map(),
  secrets: new Map(),
  machines: new Map(),
};

/** Grants by object, the strongest of each. */
export function holdingsOf(grants: readonly HeldGrant[]): Holdings {
  if (grants.length === 0) return noHoldings;
  let organization: Held | null = null;
  const byKindOfObject = {
    store: new Map<string, Held>(),
    secret: new Map<string, Held>(),
    machine: new Map<string, Held>(),
  };
  for (const { object, level, group } of grants) {
    if (object.kind === "organization") {
      if (organization === null || isStronger(level, organization.level)) organization = { level, group };
      continue;
    }
    const held = byKindOfObject[object.kind];
    const before = held.get(object.id);
    if (before === undefined || isStronger(level, before.level)) held.set(object.id, { level, group });
  }
  const { store: stores, secret: secrets, machine: machines } = byKindOfObject;
  return { organization, stores, secrets, machines };
}
