// Nobody confers what he does not hold, through the very credential he uses. Each function names what
// is given and refuses unless the caller holds all of it.
import { type Access, organizationTarget } from "./access.ts";
import type { Action } from "./actions.ts";
import { narrower, parseNetworks } from "./addresses.ts";
import { authorize, type Role, type Target } from "./authorize.ts";
import { CofferError } from "./errors.ts";
import { actionsOf, type GrantObject, type Level } from "./grants/grant.ts";
import type { ReadTransaction, TokenRecord } from "./ports.ts";
import { scopesWithin } from "./tokens/scope.ts";

/** Giving a level on an object needs every action of that level there. */
export function demandLevel(
  access: Minter & Pick<Access, "authority">,
  object: GrantObject["kind"],
  target: Target,
  level: Level,
): void {
  for (const action of actionsOf(object, level)) {
    const { allowed, because } = authorize(access.authority, action, target);
    if (!allowed) throw notHeld(`${because} (to confer ${level})`);
  }
  demandLasting(access);
}

/** Giving a role needs that role's rights; only owners make owners, and only by a credential that is not narrowed. */
export function demandRole(access: Access, role: Role): void {
  const { standing, scopes, stores } = access.authority;
  const own = standing?.kind === "person" ? standing.role : null;
  const narrowed = scopes !== null || stores !== null;
  const holds =
    role === "owner"
      ? own === "owner" && !narrowed
      : role === "admin"
        ? (own === "owner" || own === "admin") && !narrowed
        : conferredActions[role].every(
            (action) => authorize(access.authority, action, organizationTarget()).allowed,
          );
  if (!holds) throw notHeld(`to confer the role ${role}`);
  demandLasting(access);
}

const conferredActions = {
  auditor: [
    "store.list",
    "store.read",
    "secret.list",
    "secret.read",
    "audit.read",
    "grant.read",
    "people.read",
    "group.read",
    "machine.read",
    "service.read",
    "token.read",
    "trust.read",
    "key.read",
  ],
  member: ["store.create", "machine.create"],
} as const;

export type Narrowing = Pick<TokenRecord, "reach" | "stores" | "addresses" | "expiresAt">;

/** A credential that mints. Its standing is null where a person acts for himself in all organizations. */
export type Minter = Pick<Access, "expiresAt" | "addresses"> & {
  readonly authority: Pick<Access["authority"], "scopes" | "stores" | "standing">;
};

/**
 * A token is never wider than the one that minted it, in actions, stores or addresses, and lasts no
 * longer than its minter lets one last.
 */
export function demandNarrower(access: Minter, token: Narrowing): void {
  const { scopes, stores } = access.authority;
  if (!scopesWithin(token.reach, scopes)) throw notHeld("to mint a token with more scopes");
  if (stores !== null && (token.stores === null || !token.stores.every((id) => stores.includes(id)))) {
    throw notHeld("to mint a token for more stores");
  }
  if (!narrower(networksOf(token.addresses), networksOf(access.addresses)))
    throw notHeld("to mint a token for more addresses");
  const until = lastsUntil(access);
  if (until !== null && (token.expiresAt === null || token.expiresAt > until)) {
    throw notHeld("to mint a token that lasts longer");
  }
}

/**
 * A role, a grant, a place in a group, what a service reaches and whom a trust lets in have no end and no
 * addresses. Only a credential that could mint a token without either gives them.
 */
export function demandLasting(access: Minter): void {
  if (access.addresses !== null) throw notHeld("to confer what holds from every address");
  if (lastsUntil(access) !== null) throw notHeld("to confer what lasts longer");
}

/** The latest end of what this credential mints; only an unnarrowed token of a person mints lasting ones. */
export function lastsUntil({ authority, addresses, expiresAt }: Minter): number | null {
  const { scopes, stores, standing } = authority;
  const person = standing === null || standing.kind === "person";
  return person && scopes === null && stores === null && addresses === null ? null : expiresAt;
}

function networksOf(texts: readonly string[] | null) {
  return texts === null ? null : parseNetworks("addresses", texts);
}

/**
 * By another name or in another store nobody does with a secret, or with a copy of its value, what he may
 * not do where it is: scopes go by names and stores.
 */
export function demandNoMore(access: Access, actions: Iterable<Action>, before: Target, after: Target): void {
  if (access.authority.scopes === null) return;
  for (const action of actions) {
    const { allowed, because } = authorize(access.authority, action, before);
    if (!allowed && authorize(access.authority, action, after).allowed) {
      throw notHeld(`${because} (where it is)`);
    }
  }
}

/** Who manages a machine holds what it holds, now and later: that is as wide as no narrowed token is. */
export function demandWholeOfMachine(access: Access): void {
  const { scopes, stores } = access.authority;
  if (scopes !== null || stores !== null) throw notHeld("a narrowed token (to confer manage on a machine)");
  demandLasting(access);
}

/** Letting others in as a machine. */
export async function demandMachine(tx: ReadTransaction, access: Access, machineId: string): Promise<void> {
  const machine = await tx.access.principal("machine", machineId);
  const target: Target = { kind: "machine", storeId: null, machineId };
  const known = machine !== null && machine.organizationId === access.organization.id;
  const { allowed, because } = authorize(access.authority, "machine.manage", target);
  // A machine that is not there and one that he does not manage are the same.
  if (!known || !allowed) throw notHeld(known ? because : "no such machine");
  demandWholeOfMachine(access);
}

export function notHeld(because: string): CofferError {
  return new CofferError(
    "caller.denied",
    "This credential may not give what it does not hold itself.",
    {},
    { because },
  );
}
