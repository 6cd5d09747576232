// The first step of every body: who is this in that organization, as of now? It reads the epochs
// first, so what is remembered under them is never older than the answer it serves.
import type { Action } from "./actions.ts";
import { type Authority, authorize, type Decision, type Target } from "./authorize.ts";
import type { Caller } from "./caller.ts";
import { CofferError } from "./errors.ts";
import { limits } from "./limits.ts";
import { type Organization, organizationNotFound, type Ref } from "./organizations/organization.ts";
import type { CachedAuthority, Epochs, ReadTransaction } from "./ports.ts";
import { type Store, storeNotFound } from "./stores/store.ts";

/** What every operation is called with: who, when, and nothing of the transport. */
export interface Call {
  readonly caller: Caller;
  readonly at: number;
}

/** A caller admitted to an organization. */
export interface Access {
  readonly organization: Organization;
  readonly authority: Authority;
  readonly epochs: Epochs;
  /** When the credential ends by itself. */
  readonly expiresAt: number | null;
}

/** An organization without membership and one that does not exist are the same to the caller. */
export async function admit(tx: ReadTransaction, call: Call, ref: Ref): Promise<Access> {
  const organization = await tx.organizations.find(ref);
  if (organization === null) throw organizationNotFound();
  const epochs = await tx.access.epochs(organization.id);
  const { authority, expiresAt } = await authorityOf(tx, call, organization.id, epochs);
  if (authority.role === null) throw organizationNotFound("no membership");
  return { organization, authority, epochs, expiresAt };
}

async function authorityOf(
  tx: ReadTransaction,
  call: Call,
  organizationId: string,
  epochs: Epochs,
): Promise<CachedAuthority> {
  const key = `${call.caller.tokenId}@${organizationId}`;
  const cached = tx.authorities.get(key);
  if (
    cached !== undefined &&
    cached.epochs.organization === epochs.organization &&
    cached.epochs.installation === epochs.installation
  ) {
    refuseExpired(cached.expiresAt, call.at);
    return cached;
  }
  const loaded = await loadAuthority(tx, call, organizationId, epochs);
  // Forgetting all at once is rare and cheap; an order of use would cost every request.
  if (tx.authorities.size >= limits.accessCacheEntriesMax) tx.authorities.clear();
  tx.authorities.set(key, loaded);
  return loaded;
}

async function loadAuthority(
  tx: ReadTransaction,
  call: Call,
  organizationId: string,
  epochs: Epochs,
): Promise<CachedAuthority> {
  const { token, principal } = await liveCredential(tx, call);
  const reaches = token.organizationId === null || token.organizationId === organizationId;
  const role = reaches ? await tx.access.role(organizationId, principal.id) : null;
  return {
    epochs,
    expiresAt: token.expiresAt,
    authority: { role, operator: principal.operator, scopes: token.scopes, stores: token.stores },
  };
}

/** The credential of a call, if it still stands: it may have been revoked since it was looked at. */
export async function liveCredential(tx: ReadTransaction, call: Call) {
  const { tokenId } = call.caller;
  const credential = tokenId === null ? null : await tx.access.credential(tokenId);
  if (credential === null || credential.token.revokedAt !== null) throw unauthenticated();
  refuseExpired(credential.token.expiresAt, call.at);
  return credential;
}

function refuseExpired(expiresAt: number | null, at: number): void {
  if (expiresAt !== null && expiresAt <= at) throw unauthenticated();
}

export function unauthenticated(): CofferError {
  return new CofferError("caller.unauthenticated", "No valid credential was given.");
}

/** Decides, and refuses with what the caller may know: a place he may not list does not exist for him. */
export function permit(
  access: Access,
  action: Action,
  target: Target,
  hidden: (because: string) => CofferError,
): Decision {
  const decision = authorize(access.authority, action, target);
  if (decision.allowed) return decision;
  const listing = target.kind === "organization" ? "organization.read" : "store.list";
  if (!authorize(access.authority, listing, target).allowed) throw hidden(decision.because);
  throw new CofferError(
    "caller.denied",
    "This credential may not do that.",
    {},
    { because: decision.because },
  );
}

export function organizationTarget(): Target {
  return { kind: "organization", storeId: null };
}

export function storeTarget(store: Store): Target {
  return { kind: "store", storeId: store.id };
}

/** A store by reference; one that the caller may not list is not there. */
export async function storeOf(tx: ReadTransaction, access: Access, ref: Ref): Promise<Store> {
  const store = await tx.stores.find(access.organization.id, ref);
  if (store === null) throw storeNotFound();
  const decision = authorize(access.authority, "store.list", storeTarget(store));
  if (!decision.allowed) throw storeNotFound(decision.because);
  return store;
}
