// What a caller may do, asked before the body of a request is read: contracts that fix the order of
// their checks need the answer first. It promises nothing: the operation itself decides again.
import {
  admit,
  anySecretIn,
  type Call,
  liveCredential,
  missing,
  organizationTarget,
  permit,
  storeOf,
  storeTarget,
  targetOf,
} from "./access.ts";
import type { Action } from "./actions.ts";
import type { AuditTarget } from "./audit/entry.ts";
import type { Caller } from "./caller.ts";
import { CofferError } from "./errors.ts";
import { callOf, read } from "./operation.ts";
import type { Directory } from "./organizations/directory.ts";
import type { Organization, Ref } from "./organizations/organization.ts";
import type { Context, Query, TokenRecord } from "./ports.ts";
import { demandCustody, type SecretRef } from "./secrets/secret.ts";
import { refTarget as secretAuditTarget, someSecrets } from "./secrets/target.ts";
import { refTarget as storeAuditTarget } from "./stores/target.ts";
import { actionCovers } from "./tokens/scope.ts";

/** What a request is about to do. */
export interface Intent {
  readonly action: Action;
  /**
   * The scope that a narrowed token must have, by any of its names; the first is shown to who lacks it. With
   * `byAction` a token whose scopes cover the action has it too.
   */
  readonly scope: { readonly names: readonly [string, ...string[]]; readonly byAction: boolean };
  /**
   * Where: in the organization, a store, or on a secret there. `anywhere`: the operation finds out what of it
   * the caller may see.
   */
  readonly place: "anywhere" | "organization" | { readonly store: Ref; readonly secret?: SecretRef };
}

/** Throws what the operation would; answers the organization. */
export type Preflight = (caller: Caller, org: Ref, intent: Intent) => Promise<Organization>;

interface PreflightInput extends Call, Intent {
  readonly organizationId: string;
}

export const checkIntent: Query<PreflightInput, Organization> = {
  name: "preflight",
  run: async (tx, input) => {
    const { action, place } = input;
    const access = await admit(tx, input, { id: input.organizationId });
    demandScope((await liveCredential(tx, input)).token, input);
    const { organization } = access;
    if (place === "anywhere") return organization;
    if (place === "organization") {
      permit(access, action, organizationTarget());
      return organization;
    }
    const store = await storeOf(tx, access, place.store);
    if (place.secret === undefined) {
      permit(access, action, storeTarget(store));
    } else {
      const secret = await tx.secrets.find(store.id, place.secret);
      const there = secret !== null && secret.state === "active";
      permit(access, action, there ? targetOf(secret) : anySecretIn(store));
      if (!there) throw missing(access, anySecretIn(store));
    }
    demandCustody(organization.custody, false);
    return organization;
  },
};

interface ScopeInput extends Call, Pick<Intent, "action" | "scope"> {
  readonly organizationId: null;
}

export const checkScope: Query<ScopeInput, null> = {
  name: "preflight.scope",
  run: async (tx, input) => {
    demandScope((await liveCredential(tx, input)).token, input);
    return null;
  },
};

function demandScope(
  { scopes, reach }: Pick<TokenRecord, "scopes" | "reach">,
  { action, scope: { names, byAction } }: Pick<Intent, "action" | "scope">,
): void {
  if (scopes === null || scopes.some((given) => names.includes(given))) return;
  if (byAction && reach?.some((scope) => actionCovers(scope.action, action)) === true) return;
  const [scope] = names;
  const message = `This credential does not have the scope ${scope}.`;
  throw new CofferError("caller.denied", message, { scope }, { because: `token: no scope ${scope}` });
}

export interface PreflightOperations {
  readonly preflight: Preflight;
  /** For what lies in no organization. */
  readonly demandScope: (caller: Caller, intent: Pick<Intent, "action" | "scope">) => Promise<void>;
}

export function preflightOperations(ctx: Context, directory: Directory): PreflightOperations {
  return {
    async preflight(caller, org, intent) {
      const { action } = intent;
      const target = targetOfIntent(intent);
      const { id } = await directory.locate(caller, org, action, target);
      const reading = { query: checkIntent, action, target, where: "point" } as const;
      return read(ctx, reading, { ...callOf(ctx, caller), ...intent, organizationId: id });
    },
    async demandScope(caller, { action, scope }) {
      const target = { kind: "token", id: caller.tokenId, name: null, storeId: null };
      const reading = { query: checkScope, action, target, where: "point" } as const;
      await read(ctx, reading, { ...callOf(ctx, caller), action, scope, organizationId: null });
    },
  };
}

function targetOfIntent({ action, place }: Intent): AuditTarget {
  const family = action.slice(0, action.indexOf("."));
  if (typeof place === "string") return { kind: family, id: null, name: null, storeId: null };
  if (place.secret !== undefined) return secretAuditTarget(place.secret);
  return family === "secret" ? someSecrets : storeAuditTarget(place.store);
}
