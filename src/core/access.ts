// The first step of every body: who is this in that organization, as of now? It reads the epochs
// first, so what is remembered under them is never older than the answer it serves.
import { isDeepStrictEqual } from "node:util";
import { type Action, actions } from "./actions.ts";
import type { UnauthenticatedKind } from "./audit/refusals.ts";
import {
  type Authority,
  authorize,
  holdingsOf,
  narrowing,
  type Standing,
  storesFor,
  type Target,
} from "./authorize.ts";
import type { Caller } from "./caller.ts";
import { allowed, type Decision } from "./decision.ts";
import { CofferError, RunAgain } from "./errors.ts";
import { type Organization, organizationNotFound, type Ref } from "./organizations/organization.ts";
import type {
  CachedAuthority,
  Credential,
  Decided,
  Epochs,
  Principal,
  ReadTransaction,
  Transaction,
} from "./ports.ts";
import { type Secret, secretNotFound } from "./secrets/secret.ts";
import { type Store, storeNotFound } from "./stores/store.ts";
import { actionCovers } from "./tokens/scope.ts";

/** What every operation is called with: who, when, and nothing of the transport. */
export interface Call {
  readonly caller: Caller;
  readonly at: number;
  /** The credential was refused so often that a refusal of this call is counted, not written down. */
  readonly refusalsCounted?: true;
  /** What is refused to a job or a service is missing to it. */
  readonly hidesRefused?: boolean;
}

/** A caller admitted to an organization. */
export interface Access {
  readonly organization: Organization;
  readonly authority: Authority;
  readonly epochs: Epochs;
  /** When the credential ends by itself. */
  readonly expiresAt: number | null;
  /** The networks from which it is accepted; null: all. */
  readonly addresses: readonly string[] | null;
  /** As the call says. */
  readonly hidesRefused?: boolean;
}

/** An organization without membership and one that does not exist are the same to the caller. */
export async function admit(tx: ReadTransaction, call: Call, ref: Ref): Promise<Access> {
  const organization = await tx.organizations.find(ref);
  if (organization === null) {
    // Whose own organization was deleted has no credential any more.
    await liveCredential(tx, call);
    throw organizationNotFound();
  }
  const epochs = await tx.access.epochs(organization.id);
  const { authority, expiresAt, addresses } = await authorityOf(tx, call, organization, epochs);
  tx.authorities.rests({ call, organizationId: organization.id, authority });
  if (authority.standing === null) throw organizationNotFound("no membership");
  const { hidesRefused = false } = call;
  return { organization, authority, epochs, expiresAt, addresses, hidesRefused };
}

/** Whether a caller is now who he was found to be: access moved since, and it may have been another's. */
export async function stillHolds(tx: ReadTransaction, decided: Decided): Promise<boolean> {
  try {
    return isDeepStrictEqual(await authorityNow(tx, decided), decided.authority);
  } catch (error) {
    if (error instanceof CofferError) return false;
    throw error;
  }
}

async function authorityNow(tx: ReadTransaction, { call, organizationId }: Decided): Promise<Authority> {
  if (organizationId === null) return overInstallation(await liveCredential(tx, call));
  const organization = await tx.organizations.find({ id: organizationId });
  if (organization === null) throw organizationNotFound();
  return (await loadAuthority(tx, call, organization, await tx.access.epochs(organizationId))).authority;
}

async function authorityOf(
  tx: ReadTransaction,
  call: Call,
  organization: Organization,
  epochs: Epochs,
): Promise<CachedAuthority> {
  const key = `${call.caller.tokenId}@${organization.id}`;
  const cached = tx.authorities.get(key);
  if (
    cached !== undefined &&
    cached.epochs.organization === epochs.organization &&
    cached.epochs.installation === epochs.installation &&
    // Of the organization's own row, which was read before the epochs.
    cached.authority.membersCreate === organization.membersCreate
  ) {
    refuseExpired(cached.expiresAt, call.at);
    return cached;
  }
  const loaded = await loadAuthority(tx, call, organization, epochs);
  tx.authorities.set(key, loaded);
  return loaded;
}

async function loadAuthority(
  tx: ReadTransaction,
  call: Decided["call"],
  organization: Organization,
  epochs: Epochs,
): Promise<CachedAuthority> {
  const credential = await liveCredential(tx, call);
  const { token, principal } = credential;
  return {
    epochs,
    expiresAt: token.expiresAt,
    addresses: token.addresses,
    authority: {
      principalId: principal.id,
      standing: reaches(credential, organization.id)
        ? await standingOf(tx, principal, organization.id)
        : null,
      operator: principal.operator && token.organizationId === null,
      membersCreate: organization.membersCreate,
      scopes: token.reach,
      stores: token.stores,
    },
  };
}

/** Only a person's token may be bound to no organization; all others belong to one, and so do their tokens. */
function reaches({ token, principal }: Credential, organizationId: string): boolean {
  return (
    token.organizationId === organizationId || (token.organizationId === null && principal.kind === "person")
  );
}

/** What a principal is in the organization; null where he is nothing there. */
export async function standingOf(
  tx: ReadTransaction,
  principal: Principal,
  organizationId: string,
): Promise<Standing | null> {
  const { kind, id, name } = principal;
  if (kind === "person") {
    const role = await tx.access.role(organizationId, id);
    if (role === null) return null;
    const holdings = role === "owner" ? noGrants : await tx.grants.heldBy(organizationId, "person", id);
    return { kind, role, holdings: holdingsOf(holdings) };
  }
  if (principal.organizationId !== organizationId) return null;
  if (kind === "machine") {
    return { kind, holdings: holdingsOf(await tx.grants.heldBy(organizationId, "machine", id)) };
  }
  if (kind === "service") return { kind, name, stores: principal.stores };
  if (kind === "job" && principal.job !== null) return { kind, ...principal.job };
  return null;
}

/** An owner may everything: what else he holds adds nothing. */
const noGrants: readonly never[] = [];

/** The credential of a call, if it still stands: it may have been revoked since it was looked at. */
export async function liveCredential(tx: ReadTransaction, call: Decided["call"]) {
  const { tokenId } = call.caller;
  const credential = tokenId === null ? null : await tx.access.credential(tokenId);
  if (credential === null) throw unauthenticated("unknown");
  if (credential.token.revokedAt !== null) throw revoked(credential.token);
  refuseExpired(credential.token.expiresAt, call.at);
  return credential;
}

/** For what concerns the whole installation: its operators, by a token over all their organizations. */
export async function permitOperator(tx: ReadTransaction, call: Call, action: Action): Promise<Decision> {
  const { authority } = await overAll(tx, call);
  const decision = authorize(authority, action, { kind: "installation", storeId: null });
  if (!decision.allowed) {
    throw new CofferError("caller.denied", "Only operators of this installation may do that.", {}, decision);
  }
  return decision;
}

/** For what concerns a person in all his organizations: he himself, by a token over all of them. */
export async function permitPerson(
  tx: ReadTransaction,
  call: Call,
  action: Action,
): Promise<Decision & { readonly credential: Credential }> {
  const { credential } = await overAll(tx, call);
  const { token, principal } = credential;
  const narrowed = narrowing({ scopes: token.reach, stores: token.stores }, action, ownTarget);
  const because =
    principal.kind !== "person"
      ? `${principal.kind}: belongs to one organization`
      : token.organizationId !== null
        ? "token: bound to one organization"
        : narrowed;
  if (because !== null) {
    const message = "Only a person may do that, by a token over all his organizations.";
    throw new CofferError("caller.denied", message, {}, { because });
  }
  return { credential, ...allowed("his own") };
}

async function overAll(tx: ReadTransaction, call: Call) {
  await tx.access.installationEpoch();
  const credential = await liveCredential(tx, call);
  const authority = overInstallation(credential);
  tx.authorities.rests({ call, organizationId: null, authority });
  return { credential, authority };
}

function overInstallation({ token, principal }: Credential): Authority {
  return {
    principalId: principal.id,
    standing: null,
    operator: principal.operator && token.organizationId === null,
    membersCreate: false,
    scopes: token.reach,
    stores: token.stores,
  };
}

const ownTarget: Target = { kind: "principal", storeId: null, own: true };

/** Somebody of another organization and nobody at all are the same. */
export function principalNotFound(because?: string): CofferError {
  return new CofferError(
    "principal.not_found",
    "There is no such person, machine or service here.",
    {},
    because === undefined ? {} : { because },
  );
}

function refuseExpired(expiresAt: number | null, at: number): void {
  if (expiresAt !== null && expiresAt <= at) throw unauthenticated();
}

/** The same to the client for every reason; the reason is for the audit trail. */
export function unauthenticated(because: UnauthenticatedKind = "ended"): CofferError {
  return new CofferError("caller.unauthenticated", "No valid credential was given.", {}, { because });
}

/** Tokens of jobs are revoked by the end of the job alone. */
export function revoked({ principalKind }: Pick<Credential["token"], "principalKind">): CofferError {
  return unauthenticated(principalKind === "job" ? "finished" : "ended");
}

/** Decides, and refuses with what the caller may know: a place he may not list does not exist for him. */
export function permit(
  access: Access,
  action: Action,
  target: Target,
  hidden: (because: string) => CofferError = (because) => missing(access, target, because),
): Decision {
  const decision = authorize(access.authority, action, target);
  if (decision.allowed) return decision;
  const { because } = decision;
  throw knows(access, target, action) ? denied(because) : hidden(because);
}

export function denied(because: string): CofferError {
  return new CofferError("caller.denied", "This credential may not do that.", {}, { because });
}

/**
 * Before the first write of what changes somebody's access. Who decided under these epochs starts over
 * if access moved since, and from here on nobody else changes it: where several nodes write, two owners
 * cannot take each other's place, and nobody acts by rights that were just taken from him.
 */
export async function changeAccess(tx: Transaction, organizationId: string, from: Epochs): Promise<void> {
  await tx.access.raiseEpoch(organizationId);
  const { organization, installation } = await tx.access.epochs(organizationId);
  const alone = organization === from.organization + 1 && installation === from.installation;
  if (!alone) throw new RunAgain("access moved", { moved: organizationId });
}

/**
 * Before the first write of what rests on somebody's rights and changes nobody's. Until the commit they
 * cannot be taken from him; others may rest on theirs at the same time.
 */
export async function holdAccess(tx: Transaction, organizationId: string, from: Epochs): Promise<void> {
  const { organization, installation } = await tx.access.holdEpochs(organizationId);
  if (organization !== from.organization || installation !== from.installation)
    throw new RunAgain("access moved", { moved: organizationId });
}

/** Whether the caller may know that what he named is there. */
function knows({ authority, hidesRefused = false }: Access, target: Target, action: Action): boolean {
  const { standing, stores } = authority;
  if (target.storeId !== null && (standing?.kind === "job" || standing?.kind === "service")) {
    if (hidesRefused && target.kind === "secret") return false;
    // Admitted to a store, they may learn that what they name is there: their contracts tell them.
    const admitted = standing.kind === "job" ? [standing.storeId] : standing.stores;
    return [admitted, stores].every((each) => each === null || each.includes(target.storeId ?? ""));
  }
  const shows = target.kind === "principal" ? readingOf(action) : listing[target.kind];
  return shows.some((each) => authorize(authority, each, target).allowed);
}

/** What shows that a thing is there; any of these. */
const listing: Readonly<Record<Exclude<Target["kind"], "principal">, readonly Action[]>> = {
  installation: ["organization.read"],
  organization: ["organization.read"],
  store: ["store.list"],
  secret: ["secret.list", "secret.read"],
  machine: ["machine.read"],
};

/** People, groups, services, tokens and trusts are each shown by a right of their own. */
function readingOf(action: Action): readonly Action[] {
  const family = action.slice(0, action.indexOf(".") + 1);
  return actions.filter((each) => each === `${family}read`);
}

/**
 * The error for what is not there, or not there for this caller: the same for both. In a store that he
 * may not list, already the store is missing.
 */
export function missing(access: Access, target: Target, because?: string): CofferError {
  const { storeId } = target;
  if (storeId === null) {
    const inside = authorize(access.authority, "organization.read", organizationTarget()).allowed;
    return inside ? denied(because ?? "not his to see") : organizationNotFound(because);
  }
  const store: Target = { kind: "store", storeId };
  if (target.kind === "secret" && knows(access, store, "store.list")) return secretNotFound(because);
  return storeNotFound(because);
}

export function organizationTarget(): Target {
  return { kind: "organization", storeId: null };
}

export function storeTarget(store: Pick<Store, "id">): Target {
  return { kind: "store", storeId: store.id };
}

/** A secret where it lies: one whose store was deleted lies in the organization alone. */
export function targetOf(secret: Secret): Target {
  const { id, name, consumers, policy } = secret;
  const storeId = secret.orphaned ? null : secret.storeId;
  return { kind: "secret", storeId, secret: { id, name, consumers, policy } };
}

/** No secret in particular, or one that is not there. */
export function anySecretIn(store: Pick<Store, "id">): Target {
  return { kind: "secret", storeId: store.id };
}

/** A secret of that name which is not there, or not there yet: scopes may name it. */
export function namedIn(store: Pick<Store, "id">, name: string): Target {
  return {
    kind: "secret",
    storeId: store.id,
    secret: { id: "", name, consumers: null, policy: null },
  };
}

/** As if the credential's scopes named no secret: what it may do to some secret or other of a store. */
export function namingNone(access: Access): Access {
  const { authority } = access;
  if (authority.scopes === null) return access;
  const scopes = authority.scopes.map((scope) => ({ ...scope, name: null }));
  return { ...access, authority: { ...authority, scopes } };
}

/**
 * The stores of which the caller may list all there is; null: every one. Who holds nothing yet sees
 * nothing; a credential that is not for listing is refused.
 */
export function permitStores(access: Access, action: Action): readonly string[] | null {
  const { standing, scopes } = access.authority;
  const within = storesFor(access.authority, action);
  if (within === null || within.length > 0) return within;
  const holds = standing?.kind === "person" || standing?.kind === "machine";
  const narrowed = scopes !== null && !scopes.some((scope) => actionCovers(scope.action, action));
  if (!holds || narrowed) permit(access, action, organizationTarget());
  return within;
}

/** A store by reference. What the caller may do there, and whether it is there for him, `permit` decides. */
export async function storeOf(tx: ReadTransaction, access: Access, ref: Ref): Promise<Store> {
  const store = await tx.stores.find(access.organization.id, ref);
  if (store === null) throw storeNotFound();
  return store;
}
