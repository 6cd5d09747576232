// From what somebody asks of a token to what it will be: form is checked at once, stores are looked up
// in the transaction. Keeps: a store that the caller may not know of and one that is not there are the same.
import { type Access, namedIn, storeTarget, targetOf } from "../access.ts";
import { networkText, parseNetworks } from "../addresses.ts";
import { authorize, type Target } from "../authorize.ts";
import { invalid } from "../errors.ts";
import { levelActions } from "../grants/grant.ts";
import { limits } from "../limits.ts";
import { parseSlug, type Ref, refOf } from "../organizations/organization.ts";
import type { ReadTransaction, TokenRecord } from "../ports.ts";
import { storeNotFound } from "../stores/store.ts";
import { parseText } from "../text.ts";
import { parseScope, type Scope, type ScopeNames, type ScopeText, scopeWord } from "./scope.ts";

export interface NarrowingRequest {
  /** Null or absent: all that the principal may do. */
  readonly scopes?: readonly string[] | null;
  /** By slug or id. Null or absent: every store. */
  readonly stores?: readonly string[] | null;
  /** Null or absent: until it is revoked. */
  readonly expiresAt?: number | null;
  /** Null or absent: from everywhere. */
  readonly addresses?: readonly string[] | null;
}

/** What was asked, right in form. Plain data, on its way into a transaction. */
export interface AskedNarrowing {
  readonly scopes: readonly string[] | null;
  readonly parts: readonly ScopeText[] | null;
  readonly stores: readonly Ref[] | null;
  readonly expiresAt: number | null;
  readonly addresses: readonly string[] | null;
}

export type Narrowed = Pick<TokenRecord, "scopes" | "reach" | "stores" | "addresses" | "expiresAt">;

export function parseNarrowing(
  request: NarrowingRequest,
  { at, names }: { readonly at: number; readonly names: ScopeNames },
): AskedNarrowing {
  const { scopes = null, stores = null, expiresAt = null, addresses = null } = request;
  if (scopes !== null) bounded("scopes", scopes, limits.scopesMax, "allow all that the principal may do");
  if (stores !== null) bounded("stores", stores, limits.storesOfTokenMax, "allow every store");
  if (expiresAt !== null && expiresAt <= at) throw invalid("expiresAt", "must lie in the future");
  return {
    scopes,
    parts: scopes?.flatMap((text, index) => scopeTexts(`scopes.${index}`, text, names)) ?? null,
    stores: stores?.map((text, index) => storeRef(`stores.${index}`, text)) ?? null,
    expiresAt,
    addresses: addresses && parseNetworks("addresses", addresses).map(networkText),
  };
}

function bounded(field: string, items: readonly string[], limit: number, otherwise: string): void {
  if (items.length === 0) throw invalid(field, `must not be empty; leave it out to ${otherwise}`);
  if (items.length > limit) throw invalid(field, `must have at most ${limit} entries`, { limit });
}

function scopeTexts(field: string, text: string, names: ScopeNames): readonly ScopeText[] {
  const { scopeCharactersMax: max } = limits;
  const named = names.get(scopeWord(text));
  const texts = named?.map((action) => action + text.slice(scopeWord(text).length)) ?? [text];
  return texts.map((one) => {
    const scope = parseScope(field, parseText(field, one, { max }));
    if (scope.store !== null) storeRef(field, scope.store);
    return scope;
  });
}

function storeRef(field: string, text: string): Ref {
  const ref = refOf(text);
  return "id" in ref ? ref : { slug: parseSlug(field, text) };
}

/** For a token over all organizations of a person: a store lies in one of them. */
export function placeless(asked: AskedNarrowing): Narrowed {
  const { scopes, parts, expiresAt, addresses } = asked;
  const rule = "cannot name a store in a token over all organizations";
  if (asked.stores !== null) throw invalid("stores", rule);
  const reach =
    parts?.map(({ field, action, store }) => {
      if (store !== null) throw invalid(field, rule);
      return { action, storeId: null, name: null };
    }) ?? null;
  return { scopes, reach, stores: null, expiresAt, addresses };
}

export async function resolveNarrowing(
  tx: ReadTransaction,
  access: Access,
  asked: AskedNarrowing,
): Promise<Narrowed> {
  const { scopes, parts, expiresAt, addresses } = asked;
  const reach: Scope[] = [];
  for (const { action, store, name } of parts ?? []) {
    reach.push({
      action,
      storeId: store === null ? null : await knownStore(tx, access, refOf(store), name),
      name,
    });
  }
  const stores = new Set<string>();
  for (const ref of asked.stores ?? []) stores.add(await knownStore(tx, access, ref, null));
  return {
    scopes,
    reach: parts && reach,
    stores: asked.stores && [...stores],
    expiresAt,
    addresses,
  };
}

/** The id of a store in which the caller may do anything at all, be it with that one name. */
async function knownStore(
  tx: ReadTransaction,
  access: Access,
  ref: Ref,
  name: string | null,
): Promise<string> {
  const store = await tx.stores.find(access.organization.id, ref);
  if (store === null) throw storeNotFound();
  const target = name === null ? storeTarget(store) : await targetOfName(tx, store.id, name);
  if (!actsOn(access, target)) throw storeNotFound("no right in the store");
  return store.id;
}

/** A name that nobody has taken can be scoped too. */
async function targetOfName(tx: ReadTransaction, storeId: string, name: string): Promise<Target> {
  const secret = await tx.secrets.find(storeId, { name });
  return secret !== null ? targetOf(secret) : namedIn({ id: storeId }, name);
}

function actsOn({ authority }: Access, target: Target): boolean {
  return [...levelActions.manage].some((action) => authorize(authority, action, target).allowed);
}
