// What a caller may do, asked before the body of a request is read: contracts that fix the order of
// their checks need the answer first. It promises nothing: the operation itself decides again.
import {
  admit,
  anySecretIn,
  type Call,
  denied,
  liveCredential,
  missing,
  namedIn,
  namingNone,
  organizationTarget,
  permit,
  storeOf,
  storeTarget,
  targetOf,
} from "./access.ts";
import type { Action } from "./actions.ts";
import type { AuditTarget } from "./audit/entry.ts";
import type { Caller, CallerKind } from "./caller.ts";
import { CofferError } from "./errors.ts";
import { callOf, read } from "./operation.ts";
import type { Directory } from "./organizations/directory.ts";
import type { Organization, Ref } from "./organizations/organization.ts";
import type { Context, Credential, Query, TokenRecord } from "./ports.ts";
import { demandCustody, type SecretRef } from "./secrets/secret.ts";
import { refTarget as secretAuditTarget, someSecrets } from "./secrets/target.ts";
import type { Store } from "./stores/store.ts";
import { refTarget as storeAuditTarget } from "./stores/target.ts";
import { actionCovers, scopeWord } from "./tokens/scope.ts";

/** What a request is about to do. */
export interface Intent {
  readonly action: Action;
  /** Whose credentials do that here; absent: anybody's whose rights allow it. */
  readonly kinds?: readonly CallerKind[];
  /**
   * The scope that a narrowed token must have, by any of its names; the first is shown to who lacks it. With
   * `byAction` a token whose scopes cover the action has it too. Null: the rights alone decide.
   */
  readonly scope: {
    readonly names: readonly [string, ...string[]];
    readonly byAction: boolean;
    /** A token that has scopes of these names alone has an action by them alone. */
    readonly among?: readonly string[];
  } | null;
  /**
   * Where: in the organization, a store, or on a secret there. `anywhere`: the operation finds out what of it
   * the caller may see.
   */
  readonly place:
    | "anywhere"
    | "organization"
    | {
        readonly store: Ref;
        readonly secret?: SecretRef;
        /** On secrets of the store that the credential's scopes may name: the operation finds out which. */
        readonly someSecrets?: true;
      };
  /** For contracts that say 404 of what is not there only to who may do it: the secret need not be there. */
  readonly absent?: true;
}

/** What a request for nothing in an organization is about to do. */
type Placeless = Pick<Intent, "action" | "kinds" | "scope">;

/** Throws what the operation would; answers the organization. */
export type Preflight = (caller: Caller, org: Ref, intent: Intent) => Promise<Organization>;

/** As `Preflight`, and the store that is named: what the dialect keeps in it decides about its requests. */
export type Admission = (caller: Caller, org: Ref, intent: Intent) => Promise<Admitted>;

export interface Admitted {
  readonly organization: Organization;
  readonly store: Store | null;
}

interface PreflightInput extends Call, Intent {
  readonly organizationId: string;
}

export const checkIntent: Query<PreflightInput, Admitted> = {
  name: "preflight",
  run: async (tx, input) => {
    const { action, place } = input;
    const access = await admit(tx, input, { id: input.organizationId });
    demandCredential(await liveCredential(tx, input), input);
    const { organization } = access;
    if (place === "anywhere") return { organization, store: null };
    if (place === "organization") {
      permit(access, action, organizationTarget());
      return { organization, store: null };
    }
    const store = await storeOf(tx, access, place.store);
    if (place.secret === undefined) {
      permit(place.someSecrets === true ? namingNone(access) : access, action, storeTarget(store));
    } else {
      const secret = await tx.secrets.find(store.id, place.secret);
      const there = secret !== null && secret.state === "active";
      const nothing = "name" in place.secret ? namedIn(store, place.secret.name) : anySecretIn(store);
      permit(access, action, there ? targetOf(secret) : nothing);
      if (!there && input.absent !== true) throw missing(access, anySecretIn(store));
    }
    demandCustody(organization.custody, false);
    return { organization, store };
  },
};

interface ScopeInput extends Call, Placeless {
  readonly organizationId: null;
}

export const checkScope: Query<ScopeInput, null> = {
  name: "preflight.scope",
  run: async (tx, input) => {
    demandCredential(await liveCredential(tx, input), input);
    return null;
  },
};

function demandCredential({ token, principal }: Credential, intent: Placeless): void {
  if (intent.kinds?.includes(principal.kind) === false) throw denied(`${principal.kind}: not for these`);
  if (intent.scope !== null) demandScope(token, { action: intent.action, scope: intent.scope });
}

function demandScope(
  { scopes, reach }: Pick<TokenRecord, "scopes" | "reach">,
  { action, scope: { names, byAction, among = [] } }: { action: Action; scope: NonNullable<Intent["scope"]> },
): void {
  const words = scopes?.map(scopeWord);
  if (words === undefined || words.some((given) => names.includes(given))) return;
  const byName = words.every((given) => among.includes(given));
  if (byAction && !byName && reach?.some((scope) => actionCovers(scope.action, action)) === true) return;
  const [scope] = names;
  const message = `This credential does not have the scope ${scope}.`;
  throw new CofferError("caller.denied", message, { scope }, { because: `token: no scope ${scope}` });
}

export interface PreflightOperations {
  readonly preflight: Preflight;
  readonly admission: Admission;
  /** For what lies in no organization. */
  readonly demandScope: (caller: Caller, intent: Placeless) => Promise<void>;
}

export function preflightOperations(ctx: Context, directory: Directory): PreflightOperations {
  const admission: Admission = async (caller, org, intent) => {
    const { action } = intent;
    const target = targetOfIntent(intent);
    const { id } = await directory.locate(caller, org, action, target);
    const reading = { query: checkIntent, action, target, where: "point" } as const;
    return read(ctx, reading, { ...callOf(ctx, caller), ...intent, organizationId: id });
  };
  return {
    admission,
    preflight: async (caller, org, intent) => (await admission(caller, org, intent)).organization,
    async demandScope(caller, intent) {
      const { action } = intent;
      const target = { kind: "token", id: caller.tokenId, name: null, storeId: null };
      const reading = { query: checkScope, action, target, where: "point" } as const;
      await read(ctx, reading, { ...callOf(ctx, caller), ...intent, organizationId: null });
    },
  };
}

function targetOfIntent({ action, place }: Intent): AuditTarget {
  const family = action.slice(0, action.indexOf("."));
  if (typeof place === "string") return { kind: family, id: null, name: null, storeId: null };
  if (place.secret !== undefined) return secretAuditTarget(place.secret);
  return family === "secret" ? someSecrets : storeAuditTarget(place.store);
}
