// Which account a request is for: the one that its header names, else the only one that its key reaches.
import type { FastifyReply, FastifyRequest, onRequestAsyncHookHandler } from "fastify";
import { unauthenticated } from "../../core/access.ts";
import type { Action } from "../../core/actions.ts";
import { CofferError } from "../../core/errors.ts";
import { isUuid } from "../../core/ids.ts";
import type { Operations } from "../../core/operations.ts";
import { type Ref, refOf } from "../../core/organizations/organization.ts";
import { type SecretRef, secretNotFound } from "../../core/secrets/secret.ts";
import { defaultStoreSlug } from "../../core/stores/store.ts";
import type { RequestHeaders } from "../dialect.ts";
import { refusalOf } from "./errors.ts";
import { type KeyRule, keyRuleOf } from "./validation.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Whether the caller may use it, `Admission` decides. */
    selectedAccount: Ref;
  }
}

/** Of an account nothing but its default store is seen here. */
export const secretStore: Ref = { slug: defaultStoreSlug };

/** By its id; the organization's slug will do as well. */
export function accountNamed({ "x-selected-account-id": text }: RequestHeaders): Ref | null {
  return typeof text === "string" && text !== "" ? refOf(text) : null;
}

/** No client can do anything with these but show them. */
const unnamed =
  "This API key reaches several accounts, or none: name one in the header x-selected-account-id.";

export function selectAccount({ organizations }: Operations): onRequestAsyncHookHandler {
  return async (request: FastifyRequest, reply: FastifyReply) => {
    const { caller, headers } = request;
    // What the service calls an API key is a user's or a service account's.
    if (caller.kind !== "person" && caller.kind !== "machine") throw unauthenticated("misplaced");
    const named = accountNamed(headers);
    const only = named === null ? await organizations.sole(caller) : null;
    const selected = named ?? (only === null ? null : { id: only });
    if (selected === null) return refusalOf(reply, { status: 400, detail: unnamed });
    request.selectedAccount = selected;
  };
}

export interface Account {
  readonly id: string;
  readonly keyRule: KeyRule;
}

/** Whether the caller may use the account and has the right, before a field of the request is looked at. */
export type Admission = (
  request: Pick<FastifyRequest, "caller" | "selectedAccount">,
  action: Action,
  secret?: SecretRef,
) => Promise<Account>;

export function admission(operations: Operations): Admission {
  return async ({ caller, selectedAccount }, action, secret) => {
    const place = { store: secretStore, ...(secret === undefined ? {} : { secret }) };
    // There are no scopes of this service's own: the actions are what keys are narrowed to.
    const scope = { names: [action], byAction: true } as const;
    const intent = { action, scope, place, absent: true } as const;
    const { organization, store } = await operations.admission(caller, selectedAccount, intent);
    return { id: organization.id, keyRule: keyRuleOf(store?.attributes ?? {}) };
  };
}

/**
 * Once he is admitted: a key that was narrowed to secrets may not know of stores, and of a secret that is not
 * there the core then says that its store is not.
 */
export async function found<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof CofferError && error.code === "store.not_found") throw secretNotFound();
    throw error;
  }
}

/** What is no id names nothing. */
export function secretRef(text: string): { readonly id: string } {
  return { id: isUuid(text) ? text.toLowerCase() : "" };
}
