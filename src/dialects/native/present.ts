// From the domain to the wire of the native API: total functions with literal field names. Keeps:
// what clients sealed themselves (client custody) is never shown as if it were text.

import type { Static } from "typebox";
import type { StoredEntry } from "../../core/audit/entry.ts";
import type { ToldChange } from "../../core/changes.ts";
import type { StartedJob } from "../../core/jobs/operations.ts";
import type { Custody, Organization } from "../../core/organizations/organization.ts";
import type { Whoami } from "../../core/organizations/whoami.ts";
import type { BatchItem } from "../../core/secrets/revealing.ts";
import { type Secret, type Version, visibleStatus } from "../../core/secrets/secret.ts";
import type { Store } from "../../core/stores/store.ts";
import type { NewlyMinted } from "../../core/tokens/operations.ts";
import type { Token } from "../../core/tokens/token.ts";
import type { Trust } from "../../core/trusts/trust.ts";
import type * as schema from "./schema.ts";

type Wire<T extends keyof typeof schema> = (typeof schema)[T] extends infer S ? Static<S & object> : never;

/** RFC 3339 in UTC with milliseconds. */
export const time = (at: number): string => new Date(at).toISOString();
export const timeOrNull = (at: number | null): string | null => (at === null ? null : time(at));

export function whoami({ principal, organization, scopes, operator }: Whoami): Wire<"whoami"> {
  const { kind, id, name, email } = principal;
  return {
    principal: { kind, id, name, ...(email === null ? {} : { email }) },
    organization,
    scopes,
    operator,
  };
}

export function trust({ id, name, issuer, audience, jwks, claims, leadsTo, as }: Trust) {
  const one = leadsTo !== null && "store" in leadsTo ? leadsTo.store : null;
  const many = leadsTo !== null && "storeClaim" in leadsTo ? leadsTo : null;
  const [storeClaim, stores] = many === null ? [null, null] : [many.storeClaim, [...many.stores]];
  const required = Object.fromEntries(Object.entries(claims).map(([claim, values]) => [claim, [...values]]));
  return {
    id,
    name,
    issuer,
    audience,
    jwks: jwksOf(jwks),
    claims: required,
    store: one,
    storeClaim,
    stores,
    as,
  };
}

function jwksOf(jwks: Trust["jwks"]) {
  return "keys" in jwks ? { keys: jwks.keys.map((key) => ({ ...key })) } : jwks;
}

export function organization(it: Organization): Wire<"organization"> {
  const { id, slug, name, custody, trash, membersCreate, limits, createdAt, revision } = it;
  return { id, slug, name, custody, trash, membersCreate, limits, createdAt: time(createdAt), revision };
}

export function quota({ limits, usage }: Organization): Wire<"quota"> {
  return {
    secrets: { quota: limits.secrets, usage: usage.secrets },
    stores: { quota: limits.stores, usage: usage.stores },
  };
}

export function store(it: Store, custody: Custody): Wire<"store"> {
  return {
    id: it.id,
    slug: it.slug,
    name: custody === "client" ? null : it.name,
    backend: it.backend,
    createdAt: time(it.createdAt),
    revision: it.revision,
  };
}

export function secret(it: Secret, custody: Custody): Wire<"secret"> {
  const sealed = custody === "client";
  return {
    id: it.id,
    organizationId: it.organizationId,
    storeId: it.storeId,
    name: sealed ? null : it.name,
    description: sealed ? null : it.description,
    policy: it.policy,
    consumers: it.consumers,
    labels: it.labels,
    annotations: it.annotations,
    version: it.version,
    status: visibleStatus(it.state),
    createdAt: time(it.createdAt),
    createdBy: it.createdBy,
    updatedAt: timeOrNull(it.updatedAt),
    updatedBy: it.updatedBy,
    lastReadAt: timeOrNull(it.lastReadAt),
    expiresAt: timeOrNull(it.expiresAt),
    revision: it.revision,
  };
}

export function trashed(it: Secret, custody: Custody): Wire<"trashed"> {
  return {
    ...secret(it, custody),
    deletedAt: timeOrNull(it.deletedAt),
    deletedBy: it.deletedBy,
    purgeAt: timeOrNull(it.purgeAt),
  };
}

export function version(it: Version, current: number): Wire<"version"> {
  return {
    version: it.number,
    createdAt: time(it.createdAt),
    createdBy: it.createdBy,
    current: it.number === current,
  };
}

export function batchItem(name: string, item: BatchItem): Wire<"values">["items"][number] {
  if (item.error !== null) {
    const { code, message } = item.error;
    return { name, error: { code, message } };
  }
  const { version, value } = item.revealed;
  return value === null ? { name, version } : { name, version, value: value.reveal() };
}

export function change(it: ToldChange, custody: Custody): Wire<"changes">["items"][number] {
  return {
    revision: it.revision,
    at: time(it.at),
    kind: it.kind,
    storeId: it.storeId,
    secretId: it.secretId,
    name: custody === "client" ? null : it.name,
  };
}

export function token(it: Token, custody: Custody): Wire<"token"> {
  const { id, principal, name, scopes, stores, addresses, expiresAt, lastUsedAt, createdAt } = it;
  return {
    id,
    principal: {
      ...principal,
      name: custody === "client" && principal.kind === "machine" ? null : principal.name,
    },
    name,
    scopes,
    stores,
    addresses,
    expiresAt: timeOrNull(expiresAt),
    lastUsedAt: timeOrNull(lastUsedAt),
    createdAt: time(createdAt),
  };
}

export function mintedToken(minted: NewlyMinted, custody: Custody): Wire<"mintedToken"> {
  return { ...token(minted.token, custody), token: minted.text };
}

export function startedJob({ token, expiresAt }: StartedJob): Wire<"startedJob"> {
  return { token, expiresAt: time(expiresAt) };
}

export function auditEntry(it: StoredEntry): Wire<"auditEntry"> {
  return {
    stream: it.stream,
    seq: it.seq,
    at: time(it.at),
    organizationId: it.organizationId,
    caller: { kind: it.callerKind, id: it.callerId, name: it.callerName, tokenId: it.tokenId },
    dialect: it.dialect,
    action: it.action,
    target: {
      kind: it.targetKind,
      id: it.targetId,
      name: it.targetName,
      storeId: it.targetStoreId,
    },
    outcome: it.outcome,
    because: it.because,
    details: it.details === null ? null : JSON.parse(it.details),
    address: it.address,
    requestId: it.requestId,
  };
}
