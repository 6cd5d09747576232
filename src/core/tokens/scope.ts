// Scopes: how a token narrows what its principal may do. A scope is an action, or a family of actions
// (`secret.*`), by itself everywhere, or in one store, or for one name there: `ACTION@STORE/NAME`.
import { type Action, actions } from "../actions.ts";
import { invalid } from "../errors.ts";
import { limits } from "../limits.ts";

/** A scope whose store is known by its id: a store that takes the slug of a deleted one gains nothing. */
export interface Scope {
  /** An action, or a family with `.*` at its end. */
  readonly action: string;
  readonly storeId: string | null;
  readonly name: string | null;
}

/** The scopes of foreign APIs by their own names, each with the actions that it comes to. */
export type ScopeNames = ReadonlyMap<string, readonly Action[]>;

/** A scope as somebody wrote it: the store by slug or id. */
export interface ScopeText {
  /** Where it stood in what was asked. */
  readonly field: string;
  readonly action: string;
  readonly store: string | null;
  readonly name: string | null;
}

export interface ScopePlace {
  readonly storeId: string | null;
  readonly name: string | null;
}

const families: ReadonlySet<string> = new Set(
  actions.map((action) => `${action.slice(0, action.indexOf("."))}.*`),
);
const words: ReadonlySet<string> = new Set([...actions, ...families]);

export function parseScope(field: string, text: string): ScopeText {
  if (text.length > limits.scopeCharactersMax) {
    throw invalid(field, `must have at most ${limits.scopeCharactersMax} characters`);
  }
  const at = text.indexOf("@");
  const action = scopeWord(text);
  if (!words.has(action))
    throw invalid(field, "must begin with an action such as secret.reveal, or secret.*");
  if (at < 0) return { field, action, store: null, name: null };
  const place = text.slice(at + 1);
  const slash = place.indexOf("/");
  const store = slash < 0 ? place : place.slice(0, slash);
  const name = slash < 0 ? null : place.slice(slash + 1);
  if (store === "" || name === "") throw invalid(field, "must name a store after @, and a secret after /");
  // Elsewhere a store is not what the action is about, and the scope would never be met.
  if (!/^(secret|store|grant|job)\./.test(action))
    throw invalid(field, "narrows an action that is not done in a store");
  return { field, action, store, name };
}

/** What a scope allows, without where: an action, or a dialect's own name. */
export function scopeWord(text: string): string {
  const at = text.indexOf("@");
  return at < 0 ? text : text.slice(0, at);
}

export function actionCovers(scope: string, action: string): boolean {
  if (scope === action) return true;
  return scope.endsWith(".*") && action.startsWith(scope.slice(0, -1));
}

export function scopeCovers(scope: Scope, action: Action, place: ScopePlace): boolean {
  if (!actionCovers(scope.action, action)) return false;
  if (scope.storeId !== null && scope.storeId !== place.storeId) return false;
  return scope.name === null || scope.name === place.name;
}

/** Whether every request that `inner` covers is covered by one of `outer`. Null covers all. */
export function scopesWithin(inner: readonly Scope[] | null, outer: readonly Scope[] | null): boolean {
  if (outer === null) return true;
  if (inner === null) return false;
  return inner.every((one) => outer.some((other) => scopeWithin(one, other)));
}

function scopeWithin(inner: Scope, outer: Scope): boolean {
  if (!actionCovers(outer.action, inner.action)) return false;
  if (outer.storeId !== null && outer.storeId !== inner.storeId) return false;
  return outer.name === null || outer.name === inner.name;
}
